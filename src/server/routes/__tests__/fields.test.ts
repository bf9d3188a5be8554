import { describe, expect, test } from 'vitest';
import { nameText } from '../fields.ts';

const name = nameText(20);

describe('a name is one line of text that can be seen', () => {
  test.each([
    'Mei',
    'Square 桌',
    'Zoë-Anne O’Neil',
    '  trimmed  ',
    'e\u0301',
    '👩‍🚀',
    'نیم‌فاصله',
    'שלום\u200f!',
    'न',
    '1',
    '…',
  ])('%j is one', (text) => {
    expect(name.safeParse(text)).toEqual({ success: true, data: text.trim() });
  });

  test.each([
    ['of a further line', 'Acme\n\nPay at evil.example'],
    ['of a further line, as on old machines', 'Acme\rPay'],
    ['of a further line, as Unicode has it', 'Acme\u2028Pay'],
    ['with a tab', 'Acme\tPay'],
    ['with an escape', 'Acme\u001b[2J'],
    ['that turns what stands behind it', 'Acme\u202egro.elpmaxe'],
    ['that takes what stands behind it apart', 'Acme\u2067'],
    ['of no width', '\u200b\u200d\ufeff'],
    ['of wide spaces', '\u3000\u00a0'],
    ['of marks on nothing', '\u0301\u0301'],
    ['of nothing', '   '],
    ['that is too long', 'x'.repeat(21)],
    ['with a NUL character', 'a\0b'],
    ['with half a surrogate pair', 'a\ud800'],
  ])('one %s is none', (_case, text) => {
    expect(name.safeParse(text).success).toBe(false);
  });
});
