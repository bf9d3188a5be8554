import { expect, test } from 'vitest';
import english from '../../../../docs/runbook.md?raw';
import chinese from '../../../../docs/runbook.zh-CN.md?raw';
import { runbookParts, type RunbookPart } from '../runbook-parts.ts';

const rows: [written: string, parts: [RunbookPart['kind'], string][]][] = [
  ['Nothing marked', [['plain', 'Nothing marked']]],
  [
    '**Do.** Look.',
    [
      ['strong', 'Do.'],
      ['plain', ' Look.'],
    ],
  ],
  [
    'Set `LATE_PAYMENT`.',
    [
      ['plain', 'Set '],
      ['code', 'LATE_PAYMENT'],
      ['plain', '.'],
    ],
  ],
  [
    '_Alert `late_payment`._',
    [
      ['emphasis', 'Alert '],
      ['code', 'late_payment'],
      ['emphasis', '.'],
    ],
  ],
  [
    '_告警 `late_payment`。_',
    [
      ['emphasis', '告警 '],
      ['code', 'late_payment'],
      ['emphasis', '。'],
    ],
  ],
  ['the row of usage_totals', [['plain', 'the row of usage_totals']]],
  [
    'see [below](#below)',
    [
      ['plain', 'see '],
      ['link', 'below'],
    ],
  ],
  [
    'run\n\n```sh\nnpm run doctor\n```',
    [
      ['plain', 'run\n\n'],
      ['code', 'npm run doctor'],
    ],
  ],
  ['one\nline\n\n- a\n- b', [['plain', 'one line\n\n- a\n- b']]],
];

test.each(rows)('14 the runbook’s “%s” is read without its marks', (written, parts) => {
  expect(runbookParts(written).map(({ kind, text }) => [kind, text])).toEqual(parts);
});

test.each([
  ['English', english],
  ['Chinese', chinese],
])('14 no mark is left of the %s runbook', (_language, text) => {
  const sections = text.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(10);
  const read = sections.flatMap(runbookParts).filter(({ kind }) => kind !== 'code');
  expect(read.filter((part) => /\*\*|`|(^|\s)_|_(\s|$)|\]\(/.test(part.text))).toEqual([]);
});
