import { isUtf8 } from 'node:buffer';
import {
  detailsInOrder,
  lineKey,
  PROOF_FORMATS,
  type DetailedLine,
  type DrawnSum,
  type LineDetail,
  type ProofFormat,
  type StatementLine,
} from '../../../../domain/billing/statement.ts';
import { parsePeriod, type Period } from '../../../../domain/period.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../../domain/quota.ts';
import { DETAIL_TITLES, DRAW_TITLES, formatLine, HEAD_FIELDS, LINE_TITLES } from './proof.ts';

export interface ProofFile {
  format: ProofFormat;
  head: Record<keyof typeof HEAD_FIELDS, string>;
  heads: string[];
  seal: string;
  lines: string[];
  /** By model and card; of a later format. */
  details: string[];
  rows: string[];
}

/** What can be counted up to exactly: a longer number is not that of a movement. */
const WHOLE = /^(0|[1-9]\d{0,14})$/;

/**
 * The file by its parts, or a sentence why it is none: of anything else that it is no proof, of a proof what keeps it
 * from being read. A byte that is no text is never read as the sign that stands for such: two files would be the
 * same to us.
 */
export function readProof(written: string | Uint8Array): ProofFile | { sentence: string } {
  const text = typeof written === 'string' ? written : Buffer.from(written).toString('utf8');
  const all = text.replace(/^\uFEFF/, '').split('\n');
  const isOfWindows = all[0]!.endsWith('\r');
  const first = isOfWindows ? all[0]!.slice(0, -1) : all[0];
  const format = PROOF_FORMATS.find((one) => first === formatLine(one));
  if (format === undefined) return { sentence: whyNone(written) };
  if (typeof written !== 'string' && !isUtf8(written)) {
    const at = all.findIndex((line) => line.includes('\uFFFD'));
    return { sentence: `The file is not whole as text in UTF-8, from line ${at + 1} on.` };
  }
  // A program that writes lines in its own way does so with all of them.
  const strange = all.findIndex(
    (line, n) => n < all.length - 1 && line.endsWith('\r') !== isOfWindows,
  );
  if (strange >= 0) {
    return { sentence: `Line ${strange + 1} of the file ends in another way than the first.` };
  }
  if (isOfWindows) for (const [n, line] of all.entries()) all[n] = line.replace(/\r$/, '');
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
  const from = names.length + 3;
  const at = all.indexOf(DRAW_TITLES[format]);
  const detailsAt = format === 1 ? at : all.indexOf(DETAIL_TITLES);
  const isTitled = all[from - 1] === LINE_TITLES && detailsAt >= from && detailsAt <= at;
  if (seal === undefined || !isTitled) {
    return { sentence: 'The file lacks its seal, or the titles of lines and draws.' };
  }
  if (all.at(-1) !== '') return { sentence: 'The file ends in the middle of a line.' };
  const [lines, details] = [all.slice(from, detailsAt), all.slice(detailsAt + 1, at)];
  return { format, head, heads, seal, lines, details, rows: all.slice(at + 1, -1) };
}

/** The first line of a proof, in whatever way a program writes the cells of a row. */
const ANY_FIRST_LINE =
  /^\uFEFF?"?format"?\s*[,;\t]\s*"?squaretable-statement-(\d+)"?[,;\t ]*(\r|\n|$)/;

/** Why a file that does not begin as a proof is none. */
function whyNone(written: string | Uint8Array): string {
  const beginning = typeof written === 'string' ? written : decoded(written.subarray(0, 1_000));
  const number = ANY_FIRST_LINE.exec(beginning)?.[1];
  if (number === undefined) {
    const lines = PROOF_FORMATS.map((one) => `"${formatLine(one)}"`).join(' or ');
    return `This is no proof of a statement: it does not begin with ${lines}.`;
  }
  if (PROOF_FORMATS.some((one) => String(one) === number)) {
    return 'This proof was saved anew by another program, such as a spreadsheet, which writes it in its own way: download it once more, and check that file.';
  }
  return `This proof is of format ${number}, which this version does not know: check it with a newer one.`;
}

/** Spreadsheets save "Unicode text" in UTF-16, with a mark before it. */
function decoded(bytes: Uint8Array): string {
  const [a, b] = bytes;
  const isBig = a === 0xfe && b === 0xff;
  return new TextDecoder(
    isBig ? 'utf-16be' : a === 0xff && b === 0xfe ? 'utf-16le' : 'utf-8',
  ).decode(bytes);
}

/** How many cells a row has, and how many of them say the model, and the card where it is named. */
const CELLS: Record<ProofFormat, { all: number; model: number }> = {
  1: { all: 13, model: 1 },
  2: { all: 14, model: 2 },
};

/** What the rows of overage add up to, by line, and of each by model and card; `undefined` when one cannot be read. */
export function sumRows({ format, rows }: ProofFile): DetailedSum[] | undefined {
  const sums = new Map<string, DetailedSum>();
  const details = new Map<string, LineDetail>();
  for (const row of rows) {
    const cells = row.split(',');
    if (cells.length !== CELLS[format].all) return undefined;
    if (cells[4] !== 'overage') continue;
    const [model, ...card] = cells.splice(7, CELLS[format].model);
    const drawn = readDrawn(cells[3]!, cells[6]!, cells[8]!, cells[9]!, cells[7]!, cells[10]!);
    if (!drawn || !isCard(card[0])) return undefined;
    const { units, micro } = drawn;
    const key = lineKey(drawn);
    const sum = sums.get(key) ?? { ...drawn, ...NOTHING, details: [] };
    sums.set(key, added(sum, drawn));
    if (format === 1) continue;
    const detailKey = `${key} ${card[0]} ${model}`;
    const detail = details.get(detailKey);
    if (detail) added(detail, drawn);
    else {
      const rateCard = card[0] ? Number(card[0]) : null;
      const one = { model: readModel(model!), rateCard, units, micro };
      details.set(detailKey, one);
      sum.details.push(one);
    }
  }
  return [...sums.values()].map((sum) => ({ ...sum, details: detailsInOrder(sum.details) }));
}

type DetailedSum = DrawnSum & Pick<DetailedLine, 'details'>;

const NOTHING = { units: 0, micro: 0 };

function added<Sum extends typeof NOTHING>(sum: Sum, { units, micro }: typeof NOTHING): Sum {
  sum.units += units;
  sum.micro += micro;
  return sum;
}

const isCard = (cell: string | undefined) => cell === undefined || /^(\d{1,9})?$/.test(cell);

/** As it was before `plainModel` wrote it; null for none. */
const readModel = (cell: string) =>
  cell === ''
    ? null
    : cell.replaceAll(/%(25|2C|22|0A|0D)/g, (_sign, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      );

export function readLine(text: string): StatementLine | undefined {
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
