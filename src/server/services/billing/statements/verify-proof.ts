import {
  inOrder,
  lineKey,
  lineOf,
  type DrawnSum,
  type StatementLine,
} from '../../../../domain/billing/statement.ts';
import { parsePeriod, type Period } from '../../../../domain/period.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../../domain/quota.ts';
import {
  DRAW_TITLES,
  HEAD_FIELDS,
  LINE_TITLES,
  lineText,
  PROOF_FORMAT,
  RowsHash,
  sealOf,
} from './proof.ts';

/** What can be wrong with a proof, in the order in which it is said. */
export const PROOF_FAULTS = [
  'unreadable',
  'missing',
  'added',
  'reordered',
  'total',
  'head',
  'row',
  'chain',
] as const;
export type ProofFault = (typeof PROOF_FAULTS)[number];

export interface ProofFinding {
  fault: ProofFault;
  sentence: string;
}

export interface ProofVerdict {
  /** None: it is whole. */
  findings: ProofFinding[];
  /** What its head says, as far as it can be read. */
  head: Partial<Record<keyof typeof HEAD_FIELDS, string>>;
}

const finding = (fault: ProofFault, sentence: string): ProofFinding => ({ fault, sentence });

/**
 * Computes a statement's proof anew from its text alone: that no movement is missing, added, moved or
 * changed, that the lines are what the movements cost, and that the head is the one that was written.
 * Of several files of one team, the oldest first, also that each follows the one before.
 */
export function verifyProof(text: string): ProofVerdict {
  const file = readFile(text);
  if ('sentence' in file) return { findings: [finding('unreadable', file.sentence)], head: {} };
  const { head, rows } = file;
  const numbers = checkNumbers(Number(head.seqFrom), Number(head.seqTo), rows);
  if (numbers.length > 0) return { findings: numbers, head };
  return { findings: checkContent(file), head };
}

/** What does not agree is what is not as it was written: rows that are not are not added up. */
function checkContent(file: ProofFile): ProofFinding[] {
  const isSealed = sealOf([...file.heads, ...file.lines]) === file.seal;
  if (isSealed && !areHashed(file)) {
    return [
      finding('row', 'A movement is not as it was written: the hash of the rows is another.'),
    ];
  }
  const money = checkMoney(file);
  if (isSealed || money.length > 0) return money;
  return [finding('head', 'The head of the file, or a line, is not as it was written.')];
}

/** Whether a file follows another of the same team. */
export function verifyChain(before: ProofVerdict, after: ProofVerdict): ProofFinding[] {
  const [a, b] = [before.head, after.head];
  const follows =
    a.team === b.team && Number(b.seqFrom) === Number(a.seqTo) + 1 && b.previousSha256 === a.sha256;
  if (follows) return [];
  return [
    finding(
      'chain',
      `The statement ${b.statement} does not follow ${a.statement}: one between them is missing, or they are not in order.`,
    ),
  ];
}

interface ProofFile {
  head: Record<keyof typeof HEAD_FIELDS, string>;
  heads: string[];
  seal: string;
  lines: string[];
  rows: string[];
}

/** What can be counted up to exactly: a longer number is not that of a movement. */
const WHOLE = /^(0|[1-9]\d{0,14})$/;

function readFile(text: string): ProofFile | { sentence: string } {
  const all = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (all[0] !== `format,${PROOF_FORMAT}`) {
    return {
      sentence: `This is no proof of a statement: it does not begin with "format,${PROOF_FORMAT}".`,
    };
  }
  const names = Object.entries(HEAD_FIELDS);
  const heads = all.slice(0, names.length + 1);
  const head = {} as ProofFile['head'];
  for (const [n, [field, name]] of names.entries()) {
    const [found, value, more] = (heads[n + 1] ?? '').split(',');
    if (found !== name || value === undefined || more !== undefined) {
      return { sentence: `Line ${n + 2} of the file should say "${name}".` };
    }
    head[field as keyof ProofFile['head']] = value;
  }
  for (const field of ['seqFrom', 'seqTo', 'rows'] as const) {
    if (!WHOLE.test(head[field]))
      return { sentence: `"${head[field]}" is no ${HEAD_FIELDS[field]}.` };
  }
  const [, seal] = /^seal,([^,]*)$/.exec(all[names.length + 1] ?? '') ?? [];
  const at = all.indexOf(DRAW_TITLES);
  if (seal === undefined || all[names.length + 2] !== LINE_TITLES || at < 0) {
    return { sentence: 'The file lacks its seal, or the titles of lines and draws.' };
  }
  if (all.at(-1) !== '') return { sentence: 'The file ends in the middle of a line.' };
  return { head, heads, seal, lines: all.slice(names.length + 3, at), rows: all.slice(at + 1, -1) };
}

const seqOf = (row: string) => Number(/^draw,([1-9]\d*),/.exec(row)?.[1] ?? Number.NaN);

/** Every number of the range once, and in order. */
function checkNumbers(from: number, to: number, rows: readonly string[]): ProofFinding[] {
  const seqs = rows.map(seqOf);
  const there = new Set(seqs);
  for (let seq = from; seq <= to; seq += 1) {
    if (!there.has(seq)) return [finding('missing', `The movement ${seq} is missing.`)];
  }
  const strange = seqs.findIndex((seq) => !(seq >= from && seq <= to));
  if (strange >= 0) return [finding('added', `There is a row too many: "${rows[strange]}".`)];
  if (rows.length > there.size) {
    const twice = seqs.find((seq, n) => seqs.indexOf(seq) !== n);
    return [finding('added', `The movement ${twice} is there twice.`)];
  }
  const moved = seqs.findIndex((seq, n) => seq !== from + n);
  if (moved < 0) return [];
  return [finding('reordered', `The movement ${seqs[moved]} is not at its place.`)];
}

/** The lines are what the movements beyond quota and credits cost, and the amount is their sum. */
function checkMoney({ head, lines, rows }: ProofFile): ProofFinding[] {
  const sums = sumRows(rows);
  const told = lines.map(readLine);
  if (sums === undefined || told.some((line) => line === undefined)) {
    return [finding('total', 'A line, or a movement that it bills, cannot be read.')];
  }
  const before = new Map((told as StatementLine[]).map((one) => [lineKey(one), one.microBefore]));
  const expected = inOrder([...sums.values()]).map((sum) =>
    lineOf(sum, before.get(lineKey(sum)) ?? 0),
  );
  const texts = expected.map(lineText);
  const differs = texts.findIndex((one, n) => one !== lines[n]);
  if (differs >= 0 || texts.length !== lines.length) {
    const [is, should] = [lines[differs] ?? 'nothing', texts[differs] ?? 'nothing more'];
    return [finding('total', `A line says "${is}"; the movements say "${should}".`)];
  }
  const amount = expected.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (String(amount) === head.amountMinor && head.rows === String(rows.length)) return [];
  return [
    finding(
      'total',
      `The file says ${head.amountMinor} for ${head.rows} movements; its lines come to ${amount} for ${rows.length}.`,
    ),
  ];
}

function areHashed({ head, rows }: ProofFile): boolean {
  const hash = new RowsHash(head.previousSha256);
  for (const row of rows) hash.add(`${row}\n`);
  return hash.end() === head.sha256;
}

const COLUMNS = 13;

/** What the rows of overage add up to, by line; `undefined` when one cannot be read. */
function sumRows(rows: readonly string[]): Map<string, DrawnSum> | undefined {
  const sums = new Map<string, DrawnSum>();
  for (const row of rows) {
    const cells = row.split(',');
    if (cells.length !== COLUMNS) return undefined;
    if (cells[4] !== 'overage') continue;
    const drawn = readDrawn(cells[3]!, cells[6]!, cells[9]!, cells[10]!, cells[8]!, cells[11]!);
    if (!drawn) return undefined;
    const sum = sums.get(lineKey(drawn));
    if (!sum) sums.set(lineKey(drawn), drawn);
    else {
      sum.units += drawn.units;
      sum.micro += drawn.micro;
    }
  }
  return sums;
}

function readLine(text: string): StatementLine | undefined {
  const cells = text.split(',');
  const [kind, period, resource, rate, price, units, micro, before, amount] = cells;
  if (kind !== 'line' || cells.length !== 9) return undefined;
  const drawn = readDrawn(period!, resource!, rate!, price!, units!, micro!);
  const [microBefore, amountMinor] = [Number(before), Number(amount)];
  if (!drawn || !Number.isSafeInteger(microBefore) || !Number.isSafeInteger(amountMinor)) return;
  return { ...drawn, microBefore, amountMinor };
}

function readDrawn(
  ...[period, resource, rate, price, units, micro]: [string, string, string, string, string, string]
): DrawnSum | undefined {
  const numbers = [rate, units, micro].map((cell) => (cell === '' ? Number.NaN : Number(cell)));
  const isKnown = parsePeriod(period) && (RESOURCE_TYPES as readonly string[]).includes(resource);
  if (!isKnown || !numbers.every(Number.isSafeInteger) || !/^\d{1,8}(\.\d{1,12})?$/.test(price)) {
    return undefined;
  }
  const [rateMicro, ofUnits, ofMicro] = numbers as [number, number, number];
  return {
    ...{ period: period as Period, resourceType: resource as ResourceType },
    ...{ rateMicro, minorPerCredit: price, units: ofUnits, micro: ofMicro },
  };
}
