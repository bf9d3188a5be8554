import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { auditWords } from '../../../../domain/accounts/files/audit-file.ts';
import type { FileWords } from '../../../../domain/accounts/files/file-words.ts';
import { movementWords } from '../../../../domain/accounts/files/usage-files.ts';
import { csvLine } from '../csv.ts';
import { csvInWords } from '../csv-in-words.ts';

/** Cut everywhere: between the bytes of a sign, and between two quotes. */
async function told(csv: string, words: FileWords): Promise<string> {
  const bytes = [...Buffer.from(csv)].map((byte) => Buffer.from([byte]));
  const parts: string[] = [];
  for await (const part of csvInWords(Readable.from(bytes), words)) parts.push(String(part));
  return parts.join('').replace('\uFEFF', '');
}

const NO_WORDS: FileWords = { headings: {}, cells: {} };

describe('a file in words', () => {
  test.each([
    ['a,b\n1,2\n'],
    ['a\n"x, ""y""\n小方桌"\n'],
    ["a\n'=1+1\n"],
    ['a,b\n,\n'],
    ['a\n-29.00\n'],
  ])('%j stays as it is where nothing has words', async (csv) => {
    expect(await told(csv, NO_WORDS)).toBe(csv);
  });

  test('what came back is called so, and what a later version writes stands as it is', async () => {
    const csv = 'kind,reverses\ngrant,7\ngrant,\nsomething,\n';
    expect(await told(csv, movementWords('en'))).toBe(
      'What,Returns No.\nReturned,7\nPaid with credits,\nsomething,\n',
    );
  });

  test.each([
    ['en', { capMinor: 5000, currency: 'cny' }, 'Cap a month: 50.00 CNY'],
    ['en', { capMinor: 5000, currency: 'jpy' }, 'Cap a month: 5000 JPY'],
    ['zh', { minorPerCredit: '11.5', currency: 'cny' }, '每点数价格：0.115 CNY'],
    ['zh', { enabled: true, alerts: [50, 80] }, '超额用量：已开启；通知比例：50% 80%'],
    ['en', { plan: 'pro', stripePriceId: 'price_1' }, 'Plan: Pro; {"stripePriceId":"price_1"}'],
    ['zh', { hasSeat: false, images: 5 }, '席位：否；图片：5'],
    ['en', { amountMicro: 1_500_000 }, 'Credits: 1.5'],
  ] as const)('in %s the log says %j so: %s', async (lang, after, expected) => {
    const csv = `after\n${csvLine([JSON.stringify(after)])}`;
    const lines = (await told(csv, auditWords(lang))).split('\n');
    expect(`${lines[1]}\n`).toBe(csvLine([expected]));
  });
});
