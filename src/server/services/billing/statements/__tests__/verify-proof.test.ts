import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  lineOf,
  type DetailedLine,
  type DrawnSum,
  type ProofFormat,
} from '../../../../../domain/billing/statement.ts';
import type { Period } from '../../../../../domain/period.ts';
import { proofStart, RowsHash, type ProofHead } from '../proof.ts';
import { verifyChain, verifyProof } from '../verify-proof.ts';

/** Of every second movement, by the new card, the model has a name that no cell may have. */
const namesOf = (seq: number, model = 'small') =>
  seq % 2 === 0 ? ['large%2C 100%25', 4] : [model, 3];

const row = (
  seq: number,
  kind = 'overage',
  units = 3,
  { format = 2, model = 'small' }: { format?: ProofFormat; model?: string } = {},
) =>
  [
    ...['draw', seq, '2027-01-05T10:00:00.000001Z', '2027-01', kind, ''],
    ...['messages', ...(format === 1 ? ['""'] : namesOf(seq, model))],
    ...[units, 100_000, kind === 'overage' ? '12.5' : '', units * 100_000, ''],
  ].join(',');

interface Written {
  from?: number;
  count?: number;
  previous?: string;
  microBefore?: number;
  format?: ProofFormat;
  model?: string;
}

function write(written: Written = {}) {
  const { from = 1, count = 40, previous = '', microBefore = 70_000, format = 2 } = written;
  const { model = 'small' } = written;
  const rows = Array.from({ length: count }, (_, n) =>
    row(from + n, n % 3 === 0 ? 'grant' : 'overage', 1 + (n % 5), { format, model }),
  );
  const hash = new RowsHash(previous);
  rows.forEach((one) => hash.add(`${one}\n`));
  const unitsOf = (which: (seq: number) => boolean) =>
    rows.reduce((sum, _one, n) => sum + (n % 3 > 0 && which(from + n) ? 1 + (n % 5) : 0), 0);
  const units = unitsOf(() => true);
  const detail = (name: string, rateCard: number, of: number) => ({
    ...{ model: name, rateCard, units: of, micro: of * 100_000 },
  });
  const details = [
    detail(
      'large, 100%',
      4,
      unitsOf((seq) => seq % 2 === 0),
    ),
    detail(
      model,
      3,
      unitsOf((seq) => seq % 2 === 1),
    ),
  ];
  const sum: DrawnSum = {
    ...{ period: '2027-01' as Period, resourceType: 'messages', rateMicro: 100_000 },
    ...{ minorPerCredit: '12.500000000000', units, micro: units * 100_000 },
  };
  const lines: DetailedLine[] = [{ ...lineOf(sum, microBefore), details }];
  const head: ProofHead = {
    ...{
      proofFormat: format,
      statement: `id-${from}`,
      team: 'team',
      kind: 'month',
      period: '2027-01',
    },
    ...{ closedAt: '2027-02-02T02:00:00.000Z', currency: 'cny', seqFrom: from },
    ...{ seqTo: from + count - 1, rows: count, amountMinor: lines[0]!.amountMinor },
    ...{ carriedInMinor: 120, previousSha256: previous, sha256: hash.end() },
  };
  return { text: proofStart(head, lines) + rows.map((one) => `${one}\n`).join(''), head, rows };
}

const faultsOf = (text: string) => verifyProof(text).findings.map(({ fault }) => fault);
const { text, rows } = write();

test.each([1, 2] as const)('12.23 a proof of format %i as it was written is whole', (format) => {
  const { text } = write({ format });
  expect(faultsOf(text)).toEqual([]);
  expect(faultsOf(text.replaceAll('\n', '\r\n'))).toEqual([]);
  expect(faultsOf(`\uFEFF${text}`)).toEqual([]);
});

test('12.23 a proof that was written before movements named models is whole', () => {
  const before = readFileSync(`${import.meta.dirname}/proof-format-1.csv`, 'utf8');
  expect(faultsOf(before)).toEqual([]);
  expect(faultsOf(before.replace('overage,,messages,"",7', 'overage,,messages,"",8'))).toEqual([
    'row',
  ]);
});

const without = (n: number) => text.replace(`${rows[n]}\n`, '');
const swapped = () => text.replace(`${rows[4]}\n${rows[5]}\n`, `${rows[5]}\n${rows[4]}\n`);

describe('12.23 what was changed is said, each by its name', () => {
  test.each([
    ['a missing row', without(7), 'missing'],
    ['the first row missing', without(0), 'missing'],
    ['the last row missing', without(39), 'missing'],
    ['a row added behind', `${text}${row(41)}\n`, 'added'],
    ['a row twice', text.replace(`${rows[3]}\n`, `${rows[3]}\n${rows[3]}\n`), 'added'],
    ['a row of another kind of line', `${text}whatever\n`, 'added'],
    ['two rows in another order', swapped(), 'reordered'],
    ['a changed row', text.replace(rows[8]!, row(9, 'overage', 7)), 'row'],
    ['a changed instant', text.replace('10:00:00.000001Z', '10:00:00.000002Z'), 'row'],
    ['a changed amount', text.replace(/amount_minor,(\d)/, 'amount_minor,9$1'), 'total'],
    ['a changed line', text.replace(/^(line.*),(\d+)$/m, '$1,1$2'), 'total'],
    ['a changed model of a movement', text.replace(/^(draw,2,.*large)/m, '$1r'), 'row'],
    [
      'a changed card of a movement',
      text.replace(/^(draw,3,.*small,)3/m, (_all, cell: string) => `${cell}4`),
      'row',
    ],
    ['a changed part of a line', text.replace(/^(detail.*),(\d+)$/m, '$1,1$2'), 'total'],
    ['a part of a line less', text.replace(/^detail,.*\n/m, ''), 'total'],
    ['another model of a part', text.replace(/^(detail.*),small,/m, '$1,smaller,'), 'total'],
    ['a file said to be of before', text.replace('statement-2', 'statement-1'), 'unreadable'],
    ['a changed number of rows', text.replace('rows,40', 'rows,41'), 'total'],
    ['another currency', text.replace('currency,cny', 'currency,usd'), 'head'],
    ['another team', text.replace('team,team', 'team,teal'), 'head'],
    ['another hash before', text.replace('previous_sha256,', 'previous_sha256,ab'), 'head'],
    ['another sum carried in', text.replace('carried_in_minor,120', 'carried_in_minor,12'), 'head'],
    ['a head without a field', text.replace(/^kind.*\n/m, ''), 'unreadable'],
    ['nothing', '', 'unreadable'],
    ['a picture', '\u0089PNG\r\n', 'unreadable'],
    ['half a file', text.slice(0, -20), 'unreadable'],
    ['more behind the seal', text.replace(/^(seal,.*)$/m, '$1,'), 'unreadable'],
  ])('%s', (_what, changed, fault) => {
    expect(changed).not.toBe(text);
    expect(faultsOf(changed)).toEqual([fault]);
    expect(verifyProof(changed).findings[0]!.sentence).toMatch(/\.$/);
  });
});

test('12.23 numbers that cannot be counted are read by nobody for ever', () => {
  const beyond = text
    .replace('seq_from,1\n', `seq_from,${2 ** 53}\n`)
    .replace('seq_to,40\n', `seq_to,${2 ** 53 + 2}\n`)
    .replaceAll(/^draw,1,/gm, `draw,${2 ** 53},`);
  expect(faultsOf(beyond)).toEqual(['unreadable']);
});

test('12.23 one altered character anywhere is found', () => {
  const place = fc.nat(text.length - 1);
  const letter = fc.constantFrom(...'0123456789abcXYZ,.- \n');
  fc.assert(
    fc.property(place, letter, (at, put) => {
      fc.pre(text[at] !== put);
      expect(faultsOf(text.slice(0, at) + put + text.slice(at + 1))).toHaveLength(1);
    }),
    { numRuns: 400 },
  );
});

test('12.23 one altered byte anywhere is found, also of what stands for no sign, and of the end of a line', () => {
  const bytes = Buffer.from(write({ count: 4, model: 'r\u00F4le \uFFFD' }).text);
  expect(verifyProof(bytes).findings).toEqual([]);
  const missed: string[] = [];
  const look = (what: string, ...parts: (Uint8Array | number[])[]) => {
    const changed = Buffer.concat(parts.map((part) => Buffer.from(part)));
    if (verifyProof(changed).findings.length === 0) missed.push(what);
  };
  for (const [at, byte] of bytes.entries()) {
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
    const others = [...'\r\n,0 '].map((sign) => sign.charCodeAt(0));
    for (const put of [...others, 0x80, 0xbf, 0xef, 0xf0, byte ^ 1].filter((one) => one !== byte)) {
      look(`${put} at ${at}`, before, [put], after);
      look(`${put} before ${at}`, before, [put], bytes.subarray(at));
    }
    look(`without ${at}`, before, after);
    look(`up to ${at}`, before);
  }
  expect(missed).toEqual([]);
});

test.each([
  [
    'a byte that is no text',
    Buffer.from(text.replace(/^(.*\n.*)/, '$1\xff'), 'latin1'),
    'from line 2 on',
  ],
  [
    'one line that ends in another way',
    Buffer.from(text.replace(/(seq_from.*)/, '$1\r')),
    'Line 8',
  ],
])('12.23 %s is told with its line', (_what, bytes, where) => {
  const [finding] = verifyProof(bytes).findings;
  expect(finding).toMatchObject({ fault: 'unreadable' });
  expect(finding!.sentence).toContain(where);
});

test('12.23 the files of a team follow one another, or one is missing', () => {
  const first = write();
  const second = write({ from: 41, previous: first.head.sha256, microBefore: 4_000_000 });
  const third = write({ from: 81, previous: second.head.sha256 });
  const [a, b, c] = [first, second, third].map((one) => verifyProof(one.text));
  expect(verifyChain(a!, b!)).toEqual([]);
  expect(verifyChain(a!, c!)).toMatchObject([{ fault: 'chain' }]);
  expect(verifyChain(b!, a!)).toMatchObject([{ fault: 'chain' }]);
  const before = write({ format: 1 });
  const after = write({ from: 41, previous: before.head.sha256 });
  expect(verifyChain(verifyProof(before.text), verifyProof(after.text))).toEqual([]);
});

test('12.12 a proof of 20,000 rows is whole, and misses one in its middle', () => {
  const large = write({ count: 20_000 });
  expect(faultsOf(large.text)).toEqual([]);
  expect(faultsOf(large.text.replace(`${large.rows[10_000]}\n`, ''))).toEqual(['missing']);
});

test.each([
  ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ['lines that end in two ways', 'day,units\n2027-01-01,5\r\n'],
  ['nothing', new Uint8Array()],
])('12.23 %s is no proof, whatever else is wrong with it', (_what, written) => {
  const [found] = verifyProof(written).findings;
  expect(found?.sentence).toMatch(/^This is no proof of a statement/);
});

const cellsOf = (line: string) => line.split(',');
const table = text.trimEnd().split('\n').map(cellsOf);
const width = Math.max(...table.map((cells) => cells.length));
const padded = table.map((cells) => [...cells, ...Array<string>(width - cells.length).fill('')]);
const written = (rows: string[][], separator: string, of = (cell: string) => cell) =>
  rows.map((cells) => `${cells.map(of).join(separator)}\r\n`).join('');

test.each<[string, string | Uint8Array]>([
  ['every row as long as the longest', written(padded, ',')],
  ['as many places of Europe have it', written(padded, ';')],
  ['every cell in quotes', written(table, ',', (cell) => `"${cell}"`)],
  ['blanks behind commas', text.replaceAll(',', ', ')],
  ['the line ends of long ago', text.replaceAll('\n', '\r')],
  ['“Unicode text”', Buffer.from(`\uFEFF${written(padded, '\t')}`, 'utf16le')],
  ['the other way round', Buffer.from(`\uFEFF${written(padded, '\t')}`, 'utf16le').swap16()],
])('12.23 a proof that another program saved with %s is told as such', (_what, saved) => {
  const [found] = verifyProof(saved).findings;
  expect(found).toMatchObject({ fault: 'unreadable' });
  expect(found!.sentence).toMatch(/saved anew by another program/);
});

test('12.23 a proof of a format to come is told as such', () => {
  const [found] = verifyProof(text.replace('statement-2', 'statement-3')).findings;
  expect(found!.sentence).toContain('format 3, which this version does not know');
});
