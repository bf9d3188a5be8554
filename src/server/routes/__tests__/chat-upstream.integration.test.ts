import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import { collectEvents } from '../../../../tests/support/sse.ts';

let chat: ChatWithUpstream;
beforeAll(async () => {
  chat = await startChatWithUpstream();
});
afterAll(() => chat.stop());

describe('what is charged is what the upstream says it used', () => {
  const words = ['Once', ' upon', ' a', ' time'];
  const usage = { prompt_tokens: 321, completion_tokens: 2_345, total_tokens: 2_700 };
  // The surplus of a total is output.
  const reported = { promptTokens: 321, completionTokens: 2_379, totalTokens: 2_700 };

  test.each([
    ['streamed, also beyond what was held', { words, usage }],
    ['in one piece', { words, usage, streamed: false }],
  ])('%s', async (_case, script) => {
    const { say, counters } = await chat.tenant();
    const events = await collectEvents(await say(script));
    expect(events.map(({ data }) => data['text'] ?? '').join('')).toBe('Once upon a time');
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { usage: reported } });
    expect(await counters()).toMatchObject({
      messages: { used: 1, held: 0 },
      llm_tokens: { used: 2_700, held: 0 },
    });
  });

  test.each([
    ['streamed', { words }],
    ['in one piece', { words, streamed: false }],
  ])('%s without a word about it: we count', async (_case, script) => {
    const { say, counters } = await chat.tenant();
    const events = await collectEvents(await say(script));
    const expected = await chat.counted('Once upon a time');
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { usage: expected } });
    expect((await counters()).llm_tokens).toEqual({ used: expected.totalTokens, held: 0 });
  });
});

describe('an upstream that fails', () => {
  test.each([
    ['refuses', { words: [], status: 500 }],
    ['is overloaded', { words: [], status: 429 }],
    ['dies before the first word', { words: [], after: { words: 0, then: 'die' as const } }],
    ['closes before the first word', { words: [], after: { words: 0, then: 'close' as const } }],
  ])('and %s is a 502 that costs nothing', async (_case, script) => {
    const { say, counters } = await chat.tenant();
    const response = await say(script);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_failed' });
    expect(await counters()).toMatchObject({
      messages: { used: 0, held: 0 },
      llm_tokens: { used: 0, held: 0 },
    });
  });

  test.each(['die', 'close', 'error'] as const)(
    'half-way (%s) costs what it did until then, and the client is told',
    async (then) => {
      const { say, counters } = await chat.tenant();
      const response = await say({
        words: ['Once', ' upon', ' a', ' time'],
        after: { words: 2, then },
      });
      expect(response.status).toBe(200);
      const events = await collectEvents(response);
      expect(events).toEqual([
        { event: 'delta', data: { text: 'Once' } },
        { event: 'delta', data: { text: ' upon' } },
        {
          event: 'error',
          data: {
            code: 'upstream_failed',
            error: expect.any(String),
            requestId: response.headers.get('x-request-id'),
            details: {},
          },
        },
      ]);
      expect(await counters()).toMatchObject({
        messages: { used: 1, held: 0 },
        llm_tokens: { used: (await chat.counted('Once upon')).totalTokens, held: 0 },
      });
    },
  );
});
