import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import { imbalances } from '../../../../tests/support/metered-tenant.ts';
import type { Script } from '../../../../tests/support/openai-server.ts';
import { collectEvents, readEvents } from '../../../../tests/support/sse.ts';

let chat: ChatWithUpstream;
beforeAll(async () => {
  chat = await startChatWithUpstream();
});
afterAll(async () => {
  expect(await imbalances(chat.server.database.pool)).toEqual([]);
  await chat.stop();
});

type Tenant = Awaited<ReturnType<ChatWithUpstream['tenant']>>;

const words = ['Once', ' upon', ' a', ' time'];
const usage = { prompt_tokens: 321, completion_tokens: 2_345, total_tokens: 2_666 };
const chunk = (delta: object) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;

const tokensOf = async (text: string) => (await chat.counted(text)).totalTokens;

/** Talks to an upstream that does as `script` says, and hangs up when `when` is over. */
async function hangUp(
  { say }: Tenant,
  script: Script,
  when: (answer: Promise<Response>) => Promise<unknown>,
) {
  const client = new AbortController();
  const asked = chat.upstream.requests.length;
  const gone = chat.upstream.hungUp();
  const answer = say(script, client.signal);
  answer.catch(() => undefined);
  await vi.waitFor(() => expect(chat.upstream.requests.length).toBe(asked + 1), 60_000);
  await when(answer);
  client.abort();
  // The upstream is told.
  await gone;
  return 'nothing';
}

/** No word comes to the client. */
const quiet = (milliseconds: number) => () => pause(milliseconds);
const readWords = (count: number) => async (answer: Promise<Response>) => {
  const events = readEvents(await answer);
  for (let n = 0; n < count; n += 1) await events.next();
};

const rename = (from: string, to: string) =>
  chat.server.database.pool.query(`alter table u00.${from} rename to ${to}`);

async function statusOf(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  if (response.status !== 200) return String(response.status);
  return (await collectEvents(response)).at(-1)!.event;
}

/** Stops the process in the middle of an answer: of a product of its own, for it is over then. */
async function stopIn(
  script: Script,
  when: (answer: Promise<Response>) => Promise<unknown> = async () => undefined,
): Promise<{ told: string; used: [number, number] }> {
  const other = await startChatWithUpstream();
  const { say, counters } = await other.tenant();
  const answer = say(script);
  const heard = when(answer.then((response) => response.clone()));
  const told = statusOf(answer);
  await vi.waitFor(() => expect(other.upstream.requests).toHaveLength(1), { timeout: 60_000 });
  await heard;
  const left = other.server.leave({ pauseSeconds: 0, graceSeconds: 0 });
  const outcome = await told;
  await left;
  const { messages, llm_tokens } = await counters();
  expect([messages.held, llm_tokens.held]).toEqual([0, 0]);
  await other.stop();
  return { told: outcome, used: [messages.used, llm_tokens.used] };
}

/** Each row of the table: acts, and answers what the client got and what the tokens must be. */
const endings: Record<string, (tenant: Tenant) => Promise<{ told: string; tokens: number }>> = {
  'A quota refuses it': async ({ id, say }) => {
    const { usage: meter } = chat.server.context.services;
    await meter.trackUsage({ tenantId: id, resourceType: 'messages', amount: 99 });
    return { told: await statusOf(say({ words })), tokens: 0 };
  },
  'The database is away before the model is called': async ({ say }) => {
    const { pool } = chat.server.database;
    const refuse = () => {
      throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    };
    const away = [vi.spyOn(pool, 'query'), vi.spyOn(pool, 'connect')];
    for (const one of away) one.mockImplementation(refuse);
    const told = await statusOf(say({ words }));
    for (const one of away) one.mockRestore();
    return { told, tokens: 0 };
  },
  'The model completes and reports what it used': async ({ say }) => ({
    told: await statusOf(say({ words, usage })),
    tokens: 2_666,
  }),
  'The model completes without a report': async ({ say }) => ({
    told: await statusOf(say({ words })),
    tokens: await tokensOf('Once upon a time'),
  }),
  'The model is done, and its stream breaks or stays open': async ({ say }) => {
    const last = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\n`;
    const parts = [chunk({ content: 'Once upon' }), last];
    const told = await statusOf(say({ words, raw: { parts, everyMs: 1, end: false } }));
    return { told, tokens: await tokensOf('Once upon') };
  },
  'The model writes on beyond twice the length asked for': async ({ say }) => {
    const gone = chat.upstream.hungUp();
    const parts = Array<string>(4_000).fill(chunk({ content: ' word' }));
    const events = await collectEvents(
      await say({ words, raw: { parts, everyMs: 0, end: false } }),
    );
    await gone;
    const text = events.map(({ data }) => data['text'] ?? '').join('');
    const asked = Number(chat.upstream.requests.at(-1)?.['max_tokens']);
    expect(text).toBe(' word'.repeat(2 * asked + 1));
    return { told: events.at(-1)!.event, tokens: await tokensOf(text) };
  },
  'The model fails before the first word': async ({ say }) => ({
    told: await statusOf(say({ words: [], after: { words: 0, then: 'die' } })),
    tokens: 0,
  }),
  'The model fails after it': async ({ say }) => ({
    told: await statusOf(say({ words, after: { words: 2, then: 'die' } })),
    tokens: await tokensOf('Once upon'),
  }),
  'The person hangs up before the model has said a thing': async (tenant) => ({
    told: await hangUp(tenant, { words, silent: true }, quiet(300)),
    tokens: await tokensOf(''),
  }),
  'The person hangs up while the model thinks aloud': async (tenant) => {
    const parts = [chunk({ reasoning_content: 'Let me think' })];
    const script = { words, raw: { parts, everyMs: 0, end: false } };
    return {
      // Only the server hears it: some time is left to it.
      told: await hangUp(tenant, script, quiet(2_000)),
      tokens: await tokensOf('Let me think'),
    };
  },
  'The person hangs up in the middle of the text': async (tenant) => ({
    told: await hangUp(tenant, { words, after: { words: 2, then: 'hang' } }, readWords(2)),
    tokens: await tokensOf('Once upon'),
  }),
  'We stop the process before the first word': async () => {
    const { told, used } = await stopIn({ words, silent: true });
    expect(used).toEqual([0, 0]);
    return { told, tokens: 0 };
  },
  'We stop the process after it': async (tenant) => {
    const script: Script = { words, after: { words: 2, then: 'hang' } };
    const { told, used } = await stopIn(script, readWords(2));
    await statusOf(tenant.say({ words, after: { words: 2, then: 'die' } }));
    const tokens = await tokensOf('Once upon');
    expect(used).toEqual([1, tokens]);
    return { told, tokens };
  },
  'The process dies': async ({ id }) => {
    // What a dead process leaves: begun holds that nobody settles.
    const { usage: meter } = chat.server.context.services;
    const held = { tenantId: id, ttlSeconds: 900 };
    const message = await meter.reserve({ ...held, resourceType: 'messages', amount: 1 });
    const tokens = await meter.reserve({ ...held, resourceType: 'llm_tokens', amount: 900 });
    await meter.begin({ reservationId: message.reservationId, amount: 1 });
    await meter.begin({ reservationId: tokens.reservationId, amount: 70 });
    await meter.begin({ reservationId: tokens.reservationId, amount: 85 });
    chat.clock.moveTo(new Date(chat.clock.now().getTime() + 901_000));
    await meter.expireReservations();
    return { told: 'nothing', tokens: 85 };
  },
  'The database is away when the answer is complete': async ({ say }) => {
    const script: Script = { words, after: { words: 1, then: 'wait' } };
    const events = readEvents(await say(script));
    await events.next();
    await rename('usage_reservations', 'usage_reservations_away');
    chat.upstream.goOn();
    let last = '';
    for await (const { event, data } of events) {
      last = event === 'error' && data['code'] === 'database_unavailable' ? event : `${event}?`;
    }
    await rename('usage_reservations_away', 'usage_reservations');
    return { told: last, tokens: await tokensOf('Once upon a time') };
  },
};

const MESSAGES_AND_ANSWER = /^\| (.+?) +\| (0|1) +\| (.+?) +\| (?:`)?(\w+)/gm;
const page = readFileSync('docs/metering.md', 'utf8');
const table = page.slice(
  page.indexOf('## How a chat call can end'),
  page.indexOf('**Who counts.**'),
);
const rows = [...table.matchAll(MESSAGES_AND_ANSWER)].map(([, ending, messages, tokens, told]) => ({
  ending: ending!,
  messages: Number(messages),
  tokens: tokens!,
  told: told!,
}));

describe('10.1 the table of docs/metering.md', () => {
  test('has a row for each ending, and each ending has one', () => {
    expect(rows.map(({ ending }) => ending).toSorted()).toEqual(Object.keys(endings).toSorted());
  });

  test.each(rows)('$ending: $messages message, $tokens', { timeout: 40_000 }, async (row) => {
    const tenant = await chat.tenant();
    // Opens the tenant's month, and is taken off again.
    await statusOf(tenant.say({ words: ['.'], usage: undefined }));
    const before = await tenant.counters();
    const { told, tokens } = await endings[row.ending]!(tenant);
    expect(told).toBe(row.told);
    // These filled the quota themselves, or looked at a product of their own.
    if (/^(A quota|We stop)/.test(row.ending)) return;
    if (row.messages === 0) expect(tokens).toBe(0);
    await expect.poll(tenant.counters, { timeout: 15_000 }).toMatchObject({
      messages: { used: before.messages.used + row.messages, held: 0 },
      llm_tokens: { used: before.llm_tokens.used + tokens, held: 0 },
    });
  });
});

test('10.3 thoughts and comments keep a model alive, and thoughts are counted', async () => {
  const { say, counters } = await chat.tenant();
  const thoughts = Array.from({ length: 6 }, () => chunk({ reasoning: 'hm ' }));
  const script: Script = {
    words: [],
    raw: {
      parts: [
        ': warming up\n\n',
        ...thoughts,
        ': ping\n\n',
        chunk({ content: 'Done' }),
        'data: [DONE]\n\n',
      ],
      everyMs: 20,
    },
  };
  const events = await collectEvents(await say(script));
  expect(events.map(({ event }) => event)).toEqual(['delta', 'done']);
  const { promptTokens } = await chat.counted('');
  const { completionTokens } = await chat.counted('hm '.repeat(6));
  expect((await counters()).llm_tokens.used).toBeGreaterThanOrEqual(
    promptTokens + completionTokens,
  );
});

describe('10.2 of reports inside a stream', () => {
  const said =
    'The sea is wide tonight, and nobody at the table wants to go home before it is calm.';
  const withUsage = (prompt: number, completion: number, content: string) =>
    `data: ${JSON.stringify({
      choices: [{ delta: { content } }],
      usage: {
        ...{ prompt_tokens: prompt, completion_tokens: completion },
        total_tokens: prompt + completion,
      },
    })}\n\n`;
  const half = said.length / 2;

  test.each([
    [
      'that grow from chunk to chunk the last one counts',
      [withUsage(90, 5, said.slice(0, half)), withUsage(90, 300, said.slice(half))],
      { promptTokens: 90, completionTokens: 300, completionCountedBy: 'upstream' },
    ],
    [
      'the first chunk’s alone is not believed of what came after it',
      [withUsage(90, 1, said.slice(0, half)), chunk({ content: said.slice(half) })],
      { promptTokens: 90, completionTokens: 'ours', completionCountedBy: 'us' },
    ],
  ])('%s', async (_case, parts, { completionTokens, ...expected }) => {
    const { id, say } = await chat.tenant();
    const raw = { parts: [...parts, 'data: [DONE]\n\n'], everyMs: 1 };
    const events = await collectEvents(await say({ words: [], raw }));
    expect(events.at(-1)!.event).toBe('done');
    const { rows: ledger } = await chat.server.database.pool.query(
      `select amount::int, metadata from u00.usage where tenant_id = $1 and resource_type = 'llm_tokens'`,
      [id],
    );
    const completion =
      completionTokens === 'ours' ? (await chat.counted(said)).completionTokens : completionTokens;
    expect(ledger).toMatchObject([
      { amount: 90 + Number(completion), metadata: { ...expected, completionTokens: completion } },
    ]);
  });
});

test('10.2 the ledger says who counted, and what was cached and thought', async () => {
  const { id, say } = await chat.tenant();
  const details = {
    prompt_tokens_details: { cached_tokens: 12 },
    completion_tokens_details: { reasoning_tokens: 7 },
  };
  await collectEvents(
    await say({
      words,
      usage: { prompt_tokens: 1, completion_tokens: 30, total_tokens: 31, ...details },
    }),
  );
  const { rows: ledger } = await chat.server.database.pool.query(
    `select metadata from u00.usage where tenant_id = $1 and resource_type = 'llm_tokens'`,
    [id],
  );
  expect(ledger).toMatchObject([
    {
      metadata: {
        promptCountedBy: 'us',
        completionCountedBy: 'upstream',
        completionTokens: 30,
        cachedTokens: 12,
        reasoningTokens: 7,
      },
    },
  ]);
  const metrics = await (await fetch(`${chat.server.url}/metrics`)).text();
  expect(metrics).toMatch(/chat_usage_distrusted_total\{part="prompt"\} [1-9]/);
});
