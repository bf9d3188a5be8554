import { expect, test } from 'vitest';
import type { CompletionEvent } from '../provider.ts';
import { loadTokenCounter } from '../tokens.ts';
import { THOUGHTS_MAX, withinLength } from '../within-length.ts';

/** What is passed on of a model that says `word` again and again, and whether it was told to stop. */
async function listen(kind: 'text' | 'reasoning', word: string, times: number, maxTokens: number) {
  let isStopped = true;
  async function* model(): AsyncGenerator<CompletionEvent> {
    for (let n = 0; n < times; n += 1) {
      await Promise.resolve();
      yield { kind, text: word };
    }
    isStopped = false;
  }
  let heard = '';
  const counter = await loadTokenCounter();
  for await (const event of withinLength(model(), { maxTokens }, counter)) {
    if (event.kind !== 'usage') heard += event.text;
  }
  return { tokens: counter.countText(heard), isStopped };
}

test.each<[string, Parameters<typeof listen>, Awaited<ReturnType<typeof listen>>]>([
  ['as long as was asked for', ['text', ' word', 100, 100], { tokens: 100, isStopped: false }],
  ['longer by another count', ['text', ' word', 200, 100], { tokens: 200, isStopped: false }],
  ['without an end', ['text', ' word', 5_000, 100], { tokens: 201, isStopped: true }],
  ['without an end, in Chinese', ['text', '你好', 5_000, 100], { tokens: 201, isStopped: true }],
  ['thoughts', ['reasoning', ' word', 500, 100], { tokens: 500, isStopped: false }],
])('an answer %s', async (_case, said, expected) => {
  expect(await listen(...said)).toEqual(expected);
});

test('an answer that comes letter by letter is counted in words', async () => {
  // One letter is one token where it stands alone.
  const { tokens, isStopped } = await listen('text', 'a', 600, 100);
  expect([tokens < 200, isStopped]).toEqual([true, false]);
});

test('10.2 a model that thinks without an end has failed, and is told to stop', async () => {
  const words = ' word'.repeat(1_000);
  await expect(listen('reasoning', words, THOUGHTS_MAX / 1_000 + 1, 100)).rejects.toMatchObject({
    code: 'upstream_failed',
  });
  const enough = await listen('reasoning', words, THOUGHTS_MAX / 1_000, 100);
  expect(enough).toEqual({ tokens: THOUGHTS_MAX, isStopped: false });
  // Who may answer longer may think longer.
  const longer = await listen('reasoning', words, THOUGHTS_MAX / 1_000 + 1, THOUGHTS_MAX);
  expect(longer.isStopped).toBe(false);
});
