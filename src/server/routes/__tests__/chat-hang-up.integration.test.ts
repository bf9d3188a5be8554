import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BillingError } from '../../../domain/errors.ts';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import { RequestMeter } from '../../services/usage/request-meter.ts';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import type { Script } from '../../../../tests/support/openai-server.ts';
import { readEvents } from '../../../../tests/support/sse.ts';

let chat: ChatWithUpstream;
beforeAll(async () => {
  chat = await startChatWithUpstream();
});
afterAll(() => chat.stop());

test('a process that stops tells the client, and charges what came until then', async () => {
  const { id, counters } = await chat.tenant();
  const tenantId = id as TenantId;
  const userId = randomUUID() as UserId;
  const { services, log } = chat.server.context;
  const stopping = new AbortController();
  chat.upstream.script = { words: ['Once', ' upon'], after: { words: 1, then: 'hang' } };
  const events = await services.chat.answer({
    tenantId,
    message: 'Hello',
    meter: new RequestMeter({ usage: services.usage, log, tenantId, userId }),
    log,
    signal: stopping.signal,
  });
  expect((await events.next()).value).toEqual({ event: 'delta', data: { text: 'Once' } });
  stopping.abort(new BillingError('busy', 'The server is restarting.'));
  expect((await events.next()).value).toEqual({
    event: 'error',
    data: { code: 'busy', error: 'The server is restarting.', details: {} },
  });
  expect((await events.next()).done).toBe(true);
  expect(await counters()).toMatchObject({
    messages: { used: 1, held: 0 },
    llm_tokens: { used: (await chat.counted('Once')).totalTokens, held: 0 },
  });
});

describe('a client that hangs up', () => {
  const script: Script = { words: ['Once', ' upon'], after: { words: 2, then: 'hang' } };

  async function hangUpHalfWay(from: Awaited<ReturnType<ChatWithUpstream['tenant']>>) {
    const client = new AbortController();
    const upstreamLeft = chat.upstream.hungUp();
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
    const from = await chat.tenant();
    await (await hangUpHalfWay(from)).leave();
    const { totalTokens } = await chat.counted('Once upon');
    await expect.poll(from.counters).toMatchObject({
      messages: { used: 1, held: 0 },
      llm_tokens: { used: totalTokens, held: 0 },
    });
  });

  test('10.1 before the first word owes the prompt and one message', async () => {
    const from = await chat.tenant();
    const client = new AbortController();
    const upstreamLeft = chat.upstream.hungUp();
    const before = chat.upstream.requests.length;
    const response = from.say({ words: [], after: { words: 0, then: 'hang' } }, client.signal);
    await expect.poll(() => chat.upstream.requests.length).toBe(before + 1);
    client.abort();
    await expect(response).rejects.toMatchObject({ name: 'AbortError' });
    await upstreamLeft;
    await expect.poll(from.counters).toMatchObject({
      messages: { used: 1, held: 0 },
      llm_tokens: { used: (await chat.counted('')).totalTokens, held: 0 },
    });
  });

  test('after the month has turned pays in the month in which it asked', async () => {
    chat.clock.moveTo(new Date(Date.UTC(chat.clock.now().getUTCFullYear() + 1, 0, 31, 23, 59, 30)));
    const from = await chat.tenant();
    const call = await hangUpHalfWay(from);
    chat.clock.moveTo(new Date(chat.clock.now().getTime() + 60_000));
    await call.leave();
    const { totalTokens } = await chat.counted('Once upon');
    await expect
      .poll(async () => {
        const { rows } = await chat.server.database.pool.query(
          `select substr(period, 6) as month, resource_type, amount::int from u00.usage
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
