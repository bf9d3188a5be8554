import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  startOpenAiServer,
  type OpenAiServer,
} from '../../../../../../tests/support/openai-server.ts';
import { OpenAiProvider } from '../openai-provider.ts';
import type { CompletionEvent } from '../provider.ts';

let server: OpenAiServer;
beforeEach(async () => {
  server = await startOpenAiServer();
});
afterEach(() => server.close());

const usage = { prompt_tokens: 21, completion_tokens: 3, total_tokens: 24 };
const reported = {
  kind: 'usage',
  usage: expect.objectContaining({ promptTokens: 21, completionTokens: 3, totalTokens: 24 }),
};
const text = (word: string) => ({ kind: 'text', text: word });

const provider = (silenceSecondsMax?: number) =>
  new OpenAiProvider({
    baseUrl: server.url,
    apiKey: 'sk-upstream',
    model: 'small',
    advancedModels: ['large'],
    silenceSecondsMax,
  });

const complete = (from = provider(), signal = new AbortController().signal) =>
  from.complete({
    model: 'small',
    messages: [{ role: 'user', content: 'Hi' }],
    persona: undefined,
    maxTokens: 77,
    signal,
  });

async function collect(events: AsyncIterable<CompletionEvent>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

/** What came before it failed, and how it failed. */
async function collectUntilError(events: AsyncIterable<CompletionEvent>) {
  const collected: unknown[] = [];
  try {
    for await (const event of events) collected.push(event);
  } catch (error) {
    return { collected, error };
  }
  throw new Error('It did not fail.');
}

test('the models are the configured ones, each once, the default first', () => {
  const both = new OpenAiProvider({
    baseUrl: '',
    apiKey: undefined,
    model: 'large',
    advancedModels: ['large', 'huge'],
  });
  expect(both.models).toEqual([
    { id: 'large', name: 'large', advanced: true },
    { id: 'huge', name: 'huge', advanced: true },
  ]);
});

test('the upstream is asked for a stream with its usage, bounded, with the key', async () => {
  await collect(complete());
  expect(server.authorizations).toEqual(['Bearer sk-upstream']);
  expect(server.requests).toEqual([
    {
      model: 'small',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 77,
      stream: true,
      stream_options: { include_usage: true },
    },
  ]);
});

describe('a good answer', () => {
  const words = ['你', '好', ', 世界'];
  test.each([
    ['streamed with usage', { words, usage }, [...words.map(text), reported]],
    ['streamed without usage', { words }, words.map(text)],
    ['streamed without [DONE]', { words, done: false }, words.map(text)],
    ['in one piece with usage', { words, usage, streamed: false }, [reported, text('你好, 世界')]],
    ['in one piece without usage', { words, streamed: false }, [text('你好, 世界')]],
  ])('%s', async (_case, script, events) => {
    server.script = script;
    expect(await collect(complete())).toEqual(events);
  });
});

describe('10.3 after the last word the answer is whole', () => {
  const chunk = (part: object) => `data: ${JSON.stringify(part)}\n\n`;
  const said = chunk({ choices: [{ delta: { content: 'one' }, finish_reason: null }] });
  const last = chunk({ choices: [{ delta: {}, finish_reason: 'stop' }] });
  const report = chunk({ choices: [], usage });
  test.each<[string, string[], boolean | 'die', unknown[]]>([
    ['and the connection breaks', [said, last], 'die', [text('one')]],
    [
      'its usage is told and the connection breaks',
      [said, last, report],
      'die',
      [text('one'), reported],
    ],
    ['and the stream stays open', [said, last], false, [text('one')]],
    [
      'its usage is told and the stream stays open',
      [said, last, report],
      false,
      [text('one'), reported],
    ],
    ['and something odd comes', [said, last, 'data: bye\n\n'], true, [text('one')]],
    [
      'and only signs of life come',
      [said, last, ...Array<string>(1_000).fill(': on\n\n')],
      false,
      [text('one')],
    ],
  ])('%s', async (_case, parts, end, events) => {
    server.script = { words: [], raw: { parts, everyMs: 20, end } };
    const began = performance.now();
    expect(await collect(complete())).toEqual(events);
    // 3 s; without an end of its patience it would be 20 s and more.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  test('but not after a word of failure', async () => {
    const failed = chunk({ choices: [{ delta: {}, finish_reason: 'error' }] });
    server.script = { words: [], raw: { parts: [said, failed], everyMs: 1 } };
    const { error } = await collectUntilError(complete());
    expect(error).toMatchObject({ code: 'upstream_failed' });
  });
});

describe('an answer without an end fails', () => {
  test.each([
    ['in one event', `data: ${'x'.repeat(600_000)}`],
    ['in comments', `: ${'x'.repeat(600_000)}\n\n`],
  ])('%s', async (_case, part) => {
    server.script = { words: [], raw: { parts: Array<string>(60).fill(part), everyMs: 1 } };
    const { error } = await collectUntilError(complete());
    expect(error).toMatchObject({ code: 'upstream_failed' });
  });

  test('in one piece', async () => {
    server.script = { words: ['x'.repeat(1_000_001)], streamed: false };
    const { error } = await collectUntilError(complete());
    expect(error).toMatchObject({
      cause: { message: 'The upstream sent more than 1000000 bytes.' },
    });
  });
});

test('10.2 a thought is heard under either name, also where the other one is sent empty', async () => {
  const deltas = [
    { reasoning_content: 'one', reasoning: '' },
    { reasoning_content: '', reasoning: ' two' },
    { reasoning: ' three', content: 'So.' },
  ];
  const parts = deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`);
  server.script = { words: [], raw: { parts: [...parts, 'data: [DONE]\n\n'], everyMs: 1 } };
  const thought = (words: string) => ({ kind: 'reasoning', text: words });
  expect(await collect(complete())).toEqual([
    ...['one', ' two', ' three'].map(thought),
    text('So.'),
  ]);
});

describe('a bad answer', () => {
  test.each([400, 401, 429, 500, 503])(
    'status %i is upstream_failed, its detail kept from us',
    async (status) => {
      server.script = { words: [], status };
      const { collected, error } = await collectUntilError(complete());
      expect(collected).toEqual([]);
      expect(error).toMatchObject({ code: 'upstream_failed', data: { upstreamStatus: status } });
      expect(JSON.stringify(error)).not.toContain('secret detail');
    },
  );

  test.each(['die', 'close', 'error'] as const)(
    'one that ends half-way (%s) gives what came, then fails',
    async (then) => {
      server.script = { words: ['one', ' two', ' three'], after: { words: 2, then } };
      const { collected, error } = await collectUntilError(complete());
      expect(collected).toEqual([text('one'), text(' two')]);
      expect(error).toMatchObject({ code: 'upstream_failed' });
    },
  );

  test('silence is given up on', async () => {
    server.script = { words: ['one'], after: { words: 1, then: 'hang' } };
    const hungUp = server.hungUp();
    const { collected, error } = await collectUntilError(complete(provider(1)));
    expect(collected).toEqual([text('one')]);
    expect(error).toMatchObject({
      code: 'upstream_failed',
      cause: { message: 'The upstream was silent for 1 s.' },
    });
    await hungUp;
  });

  test('10.3 every byte is a sign of life, and the whole has its own limit', async () => {
    const parts = Array.from({ length: 12 }, () => ': still there\n\n');
    const word = 'data: {"choices":[{"delta":{"content":"one"},"finish_reason":"stop"}]}\n\n';
    server.script = { words: [], raw: { parts: [...parts, word], everyMs: 100 } };
    // Silent for less than a second, at work for more.
    expect(await collect(complete(provider(1)))).toEqual([text('one')]);
    const bounded = new OpenAiProvider({
      ...{ baseUrl: server.url, apiKey: undefined, model: 'small', advancedModels: [] },
      ...{ silenceSecondsMax: 5, timeoutSeconds: 0.1 },
    });
    const { error } = await collectUntilError(complete(bounded));
    expect(error).toMatchObject({
      code: 'upstream_failed',
      cause: { message: 'The upstream was not done after 0.1 s.' },
    });
  });

  test('nobody there', async () => {
    await server.close();
    const { error } = await collectUntilError(complete());
    expect(error).toMatchObject({ code: 'upstream_failed' });
    server = await startOpenAiServer();
  });
});

describe('hanging up', () => {
  test('by the signal ends the upstream call, and is no failure of the upstream', async () => {
    server.script = { words: ['one'], after: { words: 1, then: 'hang' } };
    const client = new AbortController();
    const hungUp = server.hungUp();
    const events = complete(provider(), client.signal);
    expect((await events.next()).value).toEqual(text('one'));
    client.abort();
    await expect(events.next()).rejects.toMatchObject({ name: 'AbortError' });
    await hungUp;
  });

  test('by reading no further ends the upstream call too', async () => {
    server.script = { words: ['one'], after: { words: 1, then: 'hang' } };
    const hungUp = server.hungUp();
    for await (const event of complete()) {
      expect(event).toEqual(text('one'));
      break;
    }
    await hungUp;
  });
});
