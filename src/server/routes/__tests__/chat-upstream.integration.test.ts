import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../clock.ts';
import { loadTokenCounter } from '../../services/chat/tokens.ts';
import { countersOf } from '../../../../tests/support/metering.ts';
import {
  startOpenAiServer,
  type OpenAiServer,
  type Script,
} from '../../../../tests/support/openai-server.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { collectEvents, readEvents } from '../../../../tests/support/sse.ts';

const clock = createMovableClock();
let upstream: OpenAiServer;
let server: TestServer;
beforeAll(async () => {
  upstream = await startOpenAiServer();
  server = await startTestServer({
    clock,
    env: {
      LLM_BASE_URL: upstream.url,
      LLM_API_KEY: 'sk-upstream',
      LLM_MODEL: 'small',
      LLM_ADVANCED_MODELS: 'large',
    },
  });
});
afterAll(async () => {
  await server.stop();
  await upstream.close();
});

async function tenant() {
  const { session } = await server.signUp();
  return {
    id: session.tenant.id,
    say: (script: Script, signal?: AbortSignal) => {
      upstream.script = script;
      return fetch(`${server.url}/api/chat`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${session.accessToken}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ message: 'Hello' }),
        ...(signal ? { signal } : {}),
      });
    },
    counters: () => countersOf(server.database.pool, session.tenant.id),
  };
}

/** What we count ourselves: of the prompt as it was sent, and of the answer. */
async function counted(answer: string) {
  const counter = await loadTokenCounter();
  const messages = upstream.requests.at(-1)?.['messages'] as never;
  const promptTokens = counter.countMessages(messages);
  const completionTokens = counter.countText(answer);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

describe('what is charged is what the upstream says it used', () => {
  const words = ['Once', ' upon', ' a', ' time'];
  const usage = { prompt_tokens: 321, completion_tokens: 2_345, total_tokens: 2_700 };
  const reported = { promptTokens: 321, completionTokens: 2_345, totalTokens: 2_700 };

  test.each([
    ['streamed, also beyond what was held', { words, usage }],
    ['in one piece', { words, usage, streamed: false }],
  ])('%s', async (_case, script) => {
    const { say, counters } = await tenant();
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
    const { say, counters } = await tenant();
    const events = await collectEvents(await say(script));
    const expected = await counted('Once upon a time');
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
    const { say, counters } = await tenant();
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
      const { say, counters } = await tenant();
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
        llm_tokens: { used: (await counted('Once upon')).totalTokens, held: 0 },
      });
    },
  );
});

test('a settlement that the database refuses for a moment is made up for', async () => {
  const { say, counters } = await tenant();
  const rename = (from: string, to: string) =>
    server.database.pool.query(`alter table ${from} rename to ${to}`);
  const script: Script = { words: ['Once', ' upon'], after: { words: 1, then: 'wait' } };
  const events = readEvents(await say(script));
  expect((await events.next()).value).toMatchObject({ data: { text: 'Once' } });
  await rename('usage_reservations', 'usage_reservations_away');
  upstream.goOn();
  for await (const { event } of events) expect(['delta', 'done']).toContain(event);
  await rename('usage_reservations_away', 'usage_reservations');
  const { totalTokens } = await counted('Once upon');
  await expect.poll(counters, { timeout: 10_000 }).toMatchObject({
    messages: { used: 1, held: 0 },
    llm_tokens: { used: totalTokens, held: 0 },
  });
});

describe('a client that hangs up', () => {
  const script: Script = { words: ['Once', ' upon'], after: { words: 2, then: 'hang' } };

  async function hangUpHalfWay(from: Awaited<ReturnType<typeof tenant>>) {
    const client = new AbortController();
    const upstreamLeft = upstream.hungUp();
    const response = await from.say(script, client.signal);
    const events = readEvents(response);
    expect((await events.next()).value).toMatchObject({ data: { text: 'Once' } });
    expect((await events.next()).value).toMatchObject({ data: { text: ' upon' } });
    return {
      async leave() {
        client.abort();
        await expect(events.next()).rejects.toMatchObject({ name: 'AbortError' });
        await upstreamLeft;
      },
    };
  }

  test('ends the upstream call, and pays for what came', async () => {
    const from = await tenant();
    await (await hangUpHalfWay(from)).leave();
    const { totalTokens } = await counted('Once upon');
    await expect.poll(from.counters).toMatchObject({
      messages: { used: 1, held: 0 },
      llm_tokens: { used: totalTokens, held: 0 },
    });
  });

  test('before the first word pays nothing', async () => {
    const from = await tenant();
    const client = new AbortController();
    const upstreamLeft = upstream.hungUp();
    const before = upstream.requests.length;
    const response = from.say({ words: [], after: { words: 0, then: 'hang' } }, client.signal);
    await expect.poll(() => upstream.requests.length).toBe(before + 1);
    client.abort();
    await expect(response).rejects.toMatchObject({ name: 'AbortError' });
    await upstreamLeft;
    await expect.poll(from.counters).toMatchObject({
      messages: { used: 0, held: 0 },
      llm_tokens: { used: 0, held: 0 },
    });
  });

  test('after the month has turned pays in the month in which it asked', async () => {
    clock.moveTo(new Date(Date.UTC(clock.now().getUTCFullYear() + 1, 0, 31, 23, 59, 30)));
    const from = await tenant();
    const call = await hangUpHalfWay(from);
    clock.moveTo(new Date(clock.now().getTime() + 60_000));
    await call.leave();
    const { totalTokens } = await counted('Once upon');
    await expect
      .poll(async () => {
        const { rows } = await server.database.pool.query(
          `select substr(period, 6) as month, resource_type, amount::int from usage
           where tenant_id = $1 order by resource_type`,
          [from.id],
        );
        return rows as unknown[];
      })
      .toEqual([
        { month: '01', resource_type: 'llm_tokens', amount: totalTokens },
        { month: '01', resource_type: 'messages', amount: 1 },
      ]);
  });
});
