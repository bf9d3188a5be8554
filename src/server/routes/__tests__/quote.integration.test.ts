import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QuoteView } from '../../../domain/billing/usage/quote.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import { countersOf } from '../../../../tests/support/metering.ts';
import { randomUUID } from 'node:crypto';
import { PLANS_FILE, readPlansFile } from '../../../db/catalogue/plans-file.ts';
import { publishPlans } from '../../services/plans/publish-plans.ts';

let chat: ChatWithUpstream;
beforeAll(async () => void (chat = await startChatWithUpstream()));
afterAll(() => chat.stop());

/** The longest answer that the upstream may give. */
const OUTPUT_MAX = 1_024;
/** µcr a token and a message beyond the quota, on every plan. */
const RATES = { llm_tokens: 200, messages: 100_000 };

async function newcomer() {
  const { session } = await chat.server.signUp();
  const tenantId = session.tenant.id;
  const { usage } = chat.server.context.services;
  const post = async (path: string, body: object) => {
    const response = await fetch(`${chat.server.url}${path}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${session.accessToken}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    return response;
  };
  return {
    tenantId,
    post,
    async quote(body: object = { message: 'Hello' }) {
      const response = await post('/api/usage/quote', body);
      return { status: response.status, body: (await response.json()) as QuoteView & ErrorBody };
    },
    /** Sends it, and tells what was held before the answer: the upstream says nothing more. */
    async held() {
      chat.upstream.script = { words: ['Once', ' more'], after: { words: 1, then: 'wait' } };
      const response = await post('/api/chat', { message: 'Hello' });
      if (response.status !== 200) return response.status;
      const { llm_tokens } = await countersOf(chat.server.database.pool, tenantId);
      chat.upstream.goOn();
      await response.text();
      return llm_tokens.held;
    },
    use: (resourceType: ResourceType, amount: number) =>
      usage.trackUsage({ tenantId, resourceType, amount, idempotencyKey: randomUUID() }),
    give: (credits: number) =>
      usage.credits.grant({
        ...{ tenantId, origin: 'goodwill', originRef: randomUUID(), reason: 'a test' },
        amountMicro: Math.round(credits * 1_000_000),
        expiresAt: new Date(chat.clock.now().getTime() + 86_400_000),
        actor: { kind: 'service', name: 'test' },
      }),
  };
}

interface ErrorBody {
  code: string;
  details: Record<string, unknown>;
}

const promptTokens = async () => (await chat.counted('')).promptTokens;

describe('12.6 the price of a message before it is sent', () => {
  test('is what sending it holds, and it is neither held nor counted', async () => {
    const { quote, held, tenantId } = await newcomer();
    const { status, body } = await quote();
    expect(status).toBe(200);
    const none = { used: 0, held: 0 };
    expect(await countersOf(chat.server.database.pool, tenantId)).toEqual({
      ...{ llm_tokens: none, messages: none, images: none, api_calls: none },
    });
    expect(await held()).toBe(body.units);
    expect(body).toEqual({
      units: (await promptTokens()) + OUTPUT_MAX,
      credits: 0,
      from: 'plan',
    });
  });

  test.each([
    ['near the end of the quota, a shorter answer', 500],
    ['at the end of it, one shorter still', 100],
  ])('is, %s', async (_case, left) => {
    const { quote, held, use } = await newcomer();
    await use('llm_tokens', 50_000 - left);
    const { body } = await quote();
    expect(body).toEqual({ units: left, credits: 0, from: 'plan' });
    expect(await held()).toBe(left);
  });

  test('counts credits for what the quota does not pay: a part of the tokens, and the message', async () => {
    const { quote, use, give, held } = await newcomer();
    await give(10);
    await use('llm_tokens', 50_000 - 100);
    const units = (await quote()).body.units;
    const tokens = (units - 100) * RATES.llm_tokens;
    expect((await quote()).body).toEqual({ units, credits: tokens / 1e6, from: 'credits' });
    await use('messages', 100);
    const both = (tokens + RATES.messages) / 1e6;
    expect((await quote()).body).toEqual({ units, credits: both, from: 'credits' });
    expect(await held()).toBe(units);
  });

  test('leaves of the last credits what the message itself takes', async () => {
    const { quote, use, give, held } = await newcomer();
    await use('llm_tokens', 50_000);
    await use('messages', 100);
    await give(0.2);
    const { body } = await quote();
    // 0.1 for the message, and 500 tokens for the other 0.1.
    expect(body).toEqual({ units: 500, credits: 0.2, from: 'credits' });
    expect(await held()).toBe(500);
  });

  test('is refused as sending is, when nothing can pay', async () => {
    const { quote, use, held } = await newcomer();
    await use('llm_tokens', 50_000 - 40);
    const { status, body } = await quote();
    expect([status, body.code]).toEqual([429, 'quota_exceeded']);
    expect(body.details).toMatchObject({ resource: 'llm_tokens', reason: 'quota', limit: 50_000 });
    expect(await held()).toBe(429);
    await use('messages', 100);
    expect((await quote()).body.details).toMatchObject({ resource: 'messages' });
  });

  test('counts nothing that is held past its time', async () => {
    const { quote, give, tenantId, held } = await newcomer();
    const { usage } = chat.server.context.services;
    const reserve = (resourceType: ResourceType, amount: number) =>
      usage.reserve({ tenantId, resourceType, amount, ttlSeconds: 60 });
    await reserve('messages', 100);
    await reserve('llm_tokens', 50_000);
    await give(10);
    chat.clock.moveTo(new Date(chat.clock.now().getTime() + 61_000));
    const { body } = await quote();
    expect(body).toEqual({ units: body.units, credits: 0, from: 'plan' });
    expect(await held()).toBe(body.units);
  });

  describe('with credits for the message or for the tokens, and not for both', () => {
    /** All quota is gone, and 0.11 credits are left beside what is given: 0.1 are the message's. */
    async function shortOfBoth(given = 0) {
      const one = await newcomer();
      await one.use('llm_tokens', 50_000);
      await one.use('messages', 100);
      await one.give(0.11 + given);
      const refusals = async () => {
        const sent = await one.post('/api/chat', { message: 'Hello' });
        return [await one.quote(), { status: sent.status, body: (await sent.json()) as ErrorBody }];
      };
      return { ...one, refusals };
    }
    const refusedFor = (reason: string) => ({
      status: 429,
      body: { code: 'quota_exceeded', details: { resource: 'llm_tokens', reason } },
    });

    test('both are refused for good, and what is left stays', async () => {
      const { refusals, tenantId } = await shortOfBoth();
      for (const one of await refusals()) expect(one).toMatchObject(refusedFor('quota'));
      const { usage } = chat.server.context.services;
      expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 110_000, held: 0 });
    });

    test.each([
      ['has enough, it is for a moment', 0.1, 'in_progress'],
      ['has too little, it is for good', 0.003, 'quota'],
    ])('where other work %s', async (_case, others, reason) => {
      const { refusals, tenantId } = await shortOfBoth(others);
      const { usage } = chat.server.context.services;
      const amount = Math.round((others * 1e6) / RATES.llm_tokens);
      await usage.reserve({ tenantId, resourceType: 'llm_tokens', amount, ttlSeconds: 60 });
      for (const one of await refusals()) expect(one).toMatchObject(refusedFor(reason));
    });
  });

  test.each<[string, object, number, string]>([
    ['an unknown model', { message: 'Hi', model: 'gpt-99' }, 400, 'unknown_model'],
    ['an advanced model on Free', { message: 'Hi', model: 'large' }, 403, 'upgrade_required'],
    ['an unknown character', { message: 'Hi', characterId: randomUUID() }, 404, 'not_found'],
    ['a character that is no id', { message: 'Hi', characterId: 'x' }, 400, 'invalid_request'],
    ['no message', {}, 400, 'invalid_request'],
    ['an empty message', { message: '' }, 400, 'invalid_request'],
    ['a conversation', { message: 'Hi', conversationId: randomUUID() }, 400, 'invalid_request'],
  ])('%s has none', async (_case, body, status, code) => {
    const { quote } = await newcomer();
    expect(await quote(body)).toMatchObject({ status, body: { code } });
  });

  test('is for who is signed in', async () => {
    const response = await fetch(`${chat.server.url}/api/usage/quote`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ message: 'Hi' }),
    });
    expect(response.status).toBe(401);
  });

  describe('at rates of which one is no multiple of the other', () => {
    /** µcr a token: a message of 100,000 is as much as 333 of them and a third. */
    const RATE = 300;

    beforeAll(async () => {
      const { clock } = chat.server.context;
      const drafts = readPlansFile(PLANS_FILE).map((one) =>
        one.plan === 'free' ? { ...one, rates: { ...one.rates, llm_tokens: RATE } } : one,
      );
      await publishPlans({ db: chat.server.database.db, clock }, drafts, { everyone: false });
    });

    test.each([
      ['a part of a token is left over', 0.2504, 501],
      ['what is left over makes no token', 0.2502, 500],
    ])('is to the microcredit: %s', async (_case, given, units) => {
      const { quote, use, give, held } = await newcomer();
      await use('llm_tokens', 50_000);
      await use('messages', 100);
      await give(given);
      const credits = (units * RATE + RATES.messages) / 1e6;
      expect((await quote()).body).toEqual({ units, credits, from: 'credits' });
      expect(await held()).toBe(units);
    });
  });
});
