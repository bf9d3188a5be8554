import {
  inOrder,
  lineKey,
  lineOf,
  type StatementLine,
} from '../../../../domain/billing/statement.ts';
import { readLine, readProof, sumRows, type ProofFile } from './proof-file.ts';
import { detailTexts, lineText, RowsHash, sealOf, type HEAD_FIELDS } from './proof.ts';

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
 * Computes a statement's proof anew from its file alone: that no movement is missing, added, moved or
 * changed, that the lines are what the movements cost, and that the head is the one that was written.
 * Of several files of one team, the oldest first, also that each follows the one before.
 */
export function verifyProof(written: string | Uint8Array): ProofVerdict {
  const file = readProof(written);
  if ('sentence' in file) return { findings: [finding('unreadable', file.sentence)], head: {} };
  const { head, rows } = file;
  const numbers = checkNumbers(Number(head.seqFrom), Number(head.seqTo), rows);
  if (numbers.length > 0) return { findings: numbers, head };
  return { findings: checkContent(file), head };
}

/** What does not agree is what is not as it was written: rows that are not are not added up. */
function checkContent(file: ProofFile): ProofFinding[] {
  const isSealed = sealOf([...file.heads, ...file.lines, ...file.details]) === file.seal;
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
function checkMoney(file: ProofFile): ProofFinding[] {
  const { head, lines, rows, details } = file;
  const sums = sumRows(file);
  const told = lines.map(readLine);
  if (sums === undefined || told.some((line) => line === undefined)) {
    return [finding('total', 'A line, or a movement that it bills, cannot be read.')];
  }
  const before = new Map((told as StatementLine[]).map((one) => [lineKey(one), one.microBefore]));
  const expected = inOrder(sums).map((sum) => lineOf(sum, before.get(lineKey(sum)) ?? 0));
  const differs =
    sayDifference(lines, expected.map(lineText)) ??
    sayDifference(details, expected.flatMap(detailTexts));
  if (differs) return [finding('total', differs)];
  const amount = expected.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (String(amount) === head.amountMinor && head.rows === String(rows.length)) return [];
  return [
    finding(
      'total',
      `The file says ${head.amountMinor} for ${head.rows} movements; its lines come to ${amount} for ${rows.length}.`,
    ),
  ];
}

function sayDifference(told: readonly string[], wanted: readonly string[]): string | undefined {
  const at = wanted.findIndex((one, n) => one !== told[n]);
  if (at < 0 && wanted.length === told.length) return undefined;
  const [is, should] = [told[at] ?? 'nothing', wanted[at] ?? 'nothing more'];
  return `A line says "${is}"; the movements say "${should}".`;
}

function areHashed({ head, rows }: ProofFile): boolean {
  const hash = new RowsHash(head.previousSha256);
  for (const row of rows) hash.add(`${row}\n`);
  return hash.end() === head.sha256;
}
