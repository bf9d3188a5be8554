import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { loadTokenCounter } from '../tokens.ts';

describe('counting', () => {
  test.each([
    ['nothing', ''],
    ['English', 'The quick brown fox jumps over the lazy dog. '.repeat(40)],
    ['Chinese', '方桌旁坐着四个人，谁也没有先开口。窗外在下雨。'.repeat(40)],
    ['code', 'const x = { a: [1, 2, 3] };\n\tif (x.a) return `${x}`;\n'.repeat(20)],
  ])('%s is counted as the tokenizer counts it', async (_case, text) => {
    expect((await loadTokenCounter()).countText(text)).toBe(countTokens(text));
  });

  test('what looks like a special token is text', async () => {
    const counter = await loadTokenCounter();
    expect(counter.countText('<|endoftext|><|im_start|>')).toBeGreaterThan(5);
  });

  test.each([
    ['one endless word', 'a'.repeat(64_000)],
    ['Chinese without a stop', '中'.repeat(64_000)],
    ['spaces', ' '.repeat(64_000)],
    ['pictures', '\u{1F600}'.repeat(32_000)],
    ['two letters', 'ab'.repeat(32_000)],
  ])('%s takes no quadratic time and hardly another number', async (_case, text) => {
    const counter = await loadTokenCounter();
    const begun = process.cpuUsage();
    const counted = counter.countText(text);
    // Of the processor, which others on a busy machine do not stretch: quadratic would be minutes.
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(5_000);
    expect(counted).toBeGreaterThan(50);
    expect(counted).toBeLessThanOrEqual(text.length + 1);
  });
});
