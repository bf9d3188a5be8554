import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiError, CharacterView, ChatDone } from '../../../domain/api.ts';
import { countersOf, putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { collectEvents } from '../../../../tests/support/sse.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function tenant() {
  const { session, call } = await server.signUp();
  const id = session.tenant.id;
  const headers = {
    Authorization: `Bearer ${session.accessToken}`,
    'Content-Type': 'application/json',
  };
  return {
    id,
    call,
    say: (body: unknown) =>
      fetch(`${server.url}/api/chat`, { method: 'POST', headers, body: JSON.stringify(body) }),
    counters: () => countersOf(server.database.pool, id),
    use: (resourceType: 'messages' | 'llm_tokens', amount: number) =>
      server.context.services.usage.trackUsage({
        tenantId: id as never,
        resourceType,
        amount,
        idempotencyKey: `test:${resourceType}:${amount}`,
      }),
  };
}

test('an answer streams, and costs one message and the tokens it says', async () => {
  const { say, counters } = await tenant();
  const response = await say({ message: 'Tell me about the sea' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = await collectEvents(response);
  expect(events.slice(0, -1).every(({ event }) => event === 'delta')).toBe(true);
  const story = events.map(({ data }) => data['text'] ?? '').join('');
  expect(story).toContain('Tell me about the sea');
  expect(events.length).toBeGreaterThan(20);
  const done = events.at(-1)?.data as unknown as ChatDone;
  expect(events.at(-1)?.event).toBe('done');
  expect(done.messageId).toMatch(/^msg_[0-9a-f]{32}$/);
  const { promptTokens, completionTokens, totalTokens } = done.usage;
  expect(promptTokens).toBeGreaterThan(10);
  expect(completionTokens).toBeGreaterThan(30);
  expect(totalTokens).toBe(promptTokens + completionTokens);
  expect(await counters()).toMatchObject({
    messages: { used: 1, held: 0 },
    llm_tokens: { used: totalTokens, held: 0 },
  });
});

test('fifty at once with ten messages left: ten are answered, forty refused, none over', async () => {
  const { say, use, counters } = await tenant();
  await use('messages', 90);
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, i) => say({ message: `Knock ${i}` })),
  );
  const bodies = await Promise.all(responses.map((response) => response.text()));
  const refused = responses.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(40);
  expect(bodies.filter((body) => body.includes('event: done'))).toHaveLength(10);
  expect((await counters()).messages).toEqual({ used: 100, held: 0 });
  expect((await counters()).llm_tokens.held).toBe(0);
});

describe('a quota that is used up refuses before the stream begins', () => {
  test('messages', async () => {
    const { say, use } = await tenant();
    await use('messages', 100);
    const response = await say({ message: 'Hi' });
    expect(response.status).toBe(429);
    const retryAfterSeconds = Number(response.headers.get('retry-after'));
    expect(retryAfterSeconds).toBeGreaterThan(0);
    expect(retryAfterSeconds).toBeLessThanOrEqual(31 * 86_400);
    expect(await response.json()).toMatchObject({
      error: 'Quota exceeded',
      code: 'quota_exceeded',
      details: {
        resource: 'messages',
        limit: 100,
        used: 100,
        resetsAt: expect.stringMatching(/^\d{4}-\d{2}-01T00:00:00.000Z$/),
        plans: ['pro', 'team'],
      },
    });
  });

  test('tokens, and the message that was held for the call is given back', async () => {
    const { say, use, counters } = await tenant();
    await use('llm_tokens', 50_000);
    const response = await say({ message: 'Hi' });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ details: { resource: 'llm_tokens' } });
    expect(await counters()).toMatchObject({
      messages: { used: 0, held: 0 },
      llm_tokens: { used: 50_000, held: 0 },
    });
  });

  test('near the end of the tokens the answer gets shorter instead', async () => {
    const { say, use, counters } = await tenant();
    await use('llm_tokens', 49_900);
    const events = await collectEvents(await say({ message: 'Tell me of the sea' }));
    const done = events.at(-1)?.data as unknown as ChatDone;
    expect(done.usage.completionTokens).toBeLessThan(70);
    const { llm_tokens: tokens } = await counters();
    expect(tokens.used).toBe(49_900 + done.usage.totalTokens);
    expect(tokens.used).toBeLessThanOrEqual(50_000);
  });
});

describe('models', () => {
  test('are listed, the default first', async () => {
    const { call } = await tenant();
    expect((await call.get('/api/chat/models')).body).toEqual({
      models: [
        { id: 'storyteller', name: 'Storyteller', advanced: false },
        { id: 'storyteller-plus', name: 'Storyteller Plus', advanced: true },
      ],
    });
  });

  test('advanced ones need a plan that has them, from the moment it has', async () => {
    const { id, say, counters } = await tenant();
    const ask = () => say({ message: 'Hi', model: 'storyteller-plus' });
    const refused = await ask();
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      error: 'Upgrade required',
      code: 'upgrade_required',
      details: { feature: 'advanced_models', plans: ['pro', 'team'] },
    });
    expect((await counters()).messages).toEqual({ used: 0, held: 0 });
    await putOnPlan(server.database, id, 'pro');
    await expect.poll(async () => (await ask()).status).toBe(200);
  });

  test('one that there is not is named, with those that there are', async () => {
    const { say, counters } = await tenant();
    const response = await say({ message: 'Hi', model: 'gpt-0' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      details: { models: ['storyteller', 'storyteller-plus'] },
    });
    expect((await counters()).messages).toEqual({ used: 0, held: 0 });
  });
});

describe('characters', () => {
  test('speak by their name; those of others only when shared', async () => {
    const [author, reader] = [await tenant(), await tenant()];
    await putOnPlan(server.database, author.id, 'pro');
    const make = (shared: boolean) =>
      author.call.post<CharacterView>('/api/characters', {
        name: 'Old Zhou',
        description: 'Keeps the tea house.',
        greeting: 'Come in.',
        shared,
      });
    await expect.poll(async () => (await make(true)).status).toBe(201);
    const secret = (await make(false)).body.id;
    const open = (await make(true)).body.id;
    const story = await (await reader.say({ message: 'Hello', characterId: open })).text();
    expect(story).toMatch(/Zhou/);
    expect((await author.say({ message: 'Hello', characterId: secret })).status).toBe(200);
    const refused = await reader.say({ message: 'Hello', characterId: secret });
    expect(refused.status).toBe(404);
    expect((await reader.counters()).messages).toEqual({ used: 1, held: 0 });
  });
});

describe('what is refused costs nothing', () => {
  test.each([
    ['no message', {}],
    ['an empty message', { message: ' ' }],
    ['an endless message', { message: 'x'.repeat(8_001) }],
    ['another type', { message: ['Hi'] }],
    ['NUL', { message: 'a\0b' }],
    ['a character that is no id', { message: 'Hi', characterId: '1' }],
    ['a field that is not there', { message: 'Hi', max_tokens: 1 }],
    ['someone else’s tenant', { message: 'Hi', tenantId: 'c9a646d3-9c61-4cb7-bfcd-ee2522c8f633' }],
  ])('%s', async (_case, body) => {
    const { say, counters } = await tenant();
    const response = await say(body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as ApiError).code).toBe('invalid_request');
    expect(await counters()).toMatchObject({
      messages: { used: 0, held: 0 },
      llm_tokens: { used: 0, held: 0 },
    });
  });

  test('nobody', async () => {
    const response = await fetch(`${server.url}/api/chat`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });
});
