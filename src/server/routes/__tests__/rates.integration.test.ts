import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIRST_EFFECTIVE_AT, RATES_FILE, readRatesFile } from '../../../db/catalogue/rates-file.ts';
import { weigh, WEIGHT_ONE, weightsOf } from '../../../domain/billing/usage/rate-card.ts';
import { listRateCards } from '../../../db/repositories/billing/rate-card.repository.ts';
import { periodOf } from '../../../domain/period.ts';
import { foreseeRates, publishRates, reweighMonth } from '../../services/plans/publish-rates.ts';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import { countersOf, putOnPaidPlan } from '../../../../tests/support/metering.ts';
import { collectEvents } from '../../../../tests/support/sse.ts';

let chat: ChatWithUpstream;
beforeAll(async () => void (chat = await startChatWithUpstream()));
afterAll(() => chat.stop());

const kinds = (input: number, cached: number, output: number) => ({
  input: input * WEIGHT_ONE,
  cached: cached * WEIGHT_ONE,
  output: output * WEIGHT_ONE,
});
/** Without `*`: `large` has no weight. */
const DEAR = { small: kinds(2, 1, 10), worker: kinds(1, 1, 1) };

const deps = () => ({ db: chat.server.database.db, clock: chat.clock });
const publish = (weights: typeof DEAR | ReturnType<typeof readRatesFile>, effectiveAt?: Date) =>
  publishRates(deps(), { weights, effectiveAt });

/** What the next call that begins now is weighed by, as the server knows it. */
const cardNow = async () =>
  (await chat.server.context.services.usage.rates.ratingOf('small', chat.clock.now())).card;

async function inForce(card: number) {
  await expect.poll(cardNow).toBe(card);
}

const REPORT = { prompt_tokens: 300, completion_tokens: 40, total_tokens: 340 };
const withCached = { ...REPORT, prompt_tokens_details: { cached_tokens: 200 } };
const words = ['Once'];

async function ledgerOf(tenantId: string) {
  const { rows } = await chat.server.database.pool.query<{ amount: number; rated: unknown }>(
    `select amount::int, metadata -> 'rated' as rated from u00.usage
     where tenant_id = $1 and resource_type = 'llm_tokens' order by created_at, id`,
    [tenantId],
  );
  return rows;
}

describe('12.6 an answer is weighed by the card in force when it began', () => {
  test('the first card has always been in force and weighs each token 1', async () => {
    const [first, ...more] = await listRateCards(chat.server.database.db);
    expect(more).toEqual([]);
    expect(first).toEqual({
      version: 1,
      effectiveAt: FIRST_EFFECTIVE_AT,
      weights: readRatesFile(RATES_FILE),
    });
    const { say, counters, id } = await chat.tenant();
    const events = await collectEvents(await say({ words, usage: withCached }));
    expect(events.at(-1)?.data).toMatchObject({
      usage: { promptTokens: 300, completionTokens: 40, totalTokens: 340 },
      charged: { units: 340, rateCard: 1, input: 100, cached: 200, output: 40 },
    });
    expect((await counters()).llm_tokens).toEqual({ used: 340, held: 0 });
    const raw = { input: 100, cached: 200, output: 40 };
    expect(await ledgerOf(id)).toEqual([{ amount: 340, rated: { card: 1, model: 'small', raw } }]);
  });

  test('a call that began before a new card keeps the old weights, the next has the new (51, 53)', async () => {
    const { say, counters, id } = await chat.tenant();
    const script = { words: ['Once', ' upon'], usage: withCached };
    const began = await say({ ...script, after: { words: 1, then: 'wait' } });
    expect((await publish(DEAR))?.version).toBe(2);
    await inForce(2);
    chat.upstream.goOn();
    expect((await collectEvents(began)).at(-1)?.data).toMatchObject({
      charged: { units: 340, rateCard: 1 },
    });

    const events = await collectEvents(await say({ words, usage: withCached }));
    expect(events.at(-1)?.data).toMatchObject({
      charged: { units: 800, rateCard: 2, cached: 200, cachedCountedBy: 'upstream' },
    });
    // No cached count: all of it was read anew, and the answer says that nobody told.
    const untold = await collectEvents(await say({ words, usage: REPORT }));
    expect(untold.at(-1)?.data).toMatchObject({
      charged: { units: 1_000, rateCard: 2, input: 300, cached: 0, cachedCountedBy: 'us' },
    });
    expect((await counters()).llm_tokens).toEqual({ used: 340 + 800 + 1_000, held: 0 });
    expect((await ledgerOf(id)).map(({ amount }) => amount)).toEqual([340, 800, 1_000]);
  });

  test('a hold is weighed too, and near the end of the quota the answer gets shorter', async () => {
    const { say, id } = await chat.tenant();
    const usage = chat.server.context.services.usage;
    const room = 2_000;
    await usage.trackUsage({
      ...{ tenantId: id, resourceType: 'llm_tokens', idempotencyKey: randomUUID() },
      amount: 50_000 - room,
    });
    await collectEvents(await say({ words }));
    const asked = chat.upstream.requests.at(-1)!['max_tokens'] as number;
    const { promptTokens } = await chat.counted('');
    expect(asked).toBe(Math.floor((room - promptTokens * 2) / 10));
  });
});

describe('12.6 events of other services', () => {
  const event = (tenantId: string, more: object) => ({
    ...{ tenantId, resourceType: 'llm_tokens', idempotencyKey: randomUUID() },
    ...more,
  });
  const send = (...events: object[]) => chat.server.context.services.usage.ingestBatch(events);

  test('12.52 a model without a weight is refused before it is called, and costs nothing', async () => {
    const { session, call } = await chat.server.signUp();
    const { id } = session.tenant;
    await putOnPaidPlan(chat.server.database, id, 'pro');
    const asked = chat.upstream.requests.length;
    for (const path of ['/api/chat', '/api/usage/quote']) {
      const answer = await call.post(path, { message: 'Hello', model: 'large' });
      expect(answer).toMatchObject({ status: 400, body: { code: 'unknown_model' } });
    }
    expect(chat.upstream.requests.length).toBe(asked);
    const [result] = await send(event(id, { model: 'large', raw: { input: 10 } }));
    expect(result).toMatchObject({ status: 'invalid', code: 'unknown_model' });
    const { llm_tokens, messages } = await countersOf(chat.server.database.pool, id);
    for (const one of [llm_tokens, messages]) expect(one).toEqual({ used: 0, held: 0 });
  });

  test('raw counts are weighed, the amount left out or their sum', async () => {
    const { id } = await chat.tenant();
    const raw = { input: 10, cached: 4, output: 3 };
    const results = await send(
      event(id, { model: 'small', raw }),
      event(id, { model: 'small', raw, amount: 17 }),
      event(id, { amount: 5, model: 'small' }),
    );
    expect(results).toMatchObject([
      { status: 'recorded', used: 54 },
      { status: 'recorded', used: 108 },
      { status: 'recorded', used: 113 },
    ]);
  });

  test('work that started before the card is weighed by the one before', async () => {
    const { id } = await chat.tenant();
    const occurredAt = new Date(chat.clock.now().getTime() - 3_600_000).toISOString();
    const told = { model: 'small', raw: { input: 7 } };
    expect(await send(event(id, { ...told, occurredAt }), event(id, told))).toMatchObject([
      { used: 7 },
      { used: 21 },
    ]);
  });

  test('a key answers the first time’s result, under whichever card; another body is a conflict', async () => {
    const { id } = await chat.tenant();
    const idempotencyKey = randomUUID();
    const sent = event(id, { model: 'small', raw: { input: 7 }, idempotencyKey });
    const [first] = await send(sent);
    expect(first).toMatchObject({ charged: { credits: 0, from: [] } });
    const cheaper = { ...DEAR, small: kinds(1, 1, 1) };
    const before = await cardNow();
    await publish(cheaper);
    await inForce(before + 1);
    // What it was charged is told once; the movements have it.
    const { charged: _once, ...repeated } = first as { charged?: unknown };
    expect(await send(sent)).toEqual([{ ...repeated, status: 'duplicate' }]);
    expect(await send({ ...sent, raw: { input: 8 } }, { ...sent, model: 'worker' })).toMatchObject([
      { status: 'invalid', code: 'idempotency_conflict' },
      { status: 'invalid', code: 'idempotency_conflict' },
    ]);
    await publish(DEAR);
    await inForce(before + 2);
  });

  test('who, with whom and by which model stand in the ledger', async () => {
    const { id } = await chat.tenant();
    const [memberId, characterId] = [randomUUID(), randomUUID()];
    await send(
      event(id, {
        ...{ memberId: memberId.toUpperCase(), characterId, model: 'small', amount: 3 },
        metadata: { job: 'x', model: 'said otherwise' },
      }),
    );
    const { rows } = await chat.server.database.pool.query(
      'select metadata from u00.usage where tenant_id = $1',
      [id],
    );
    const metadata = { job: 'x', model: 'small', userId: memberId, characterId };
    expect(rows).toEqual([{ metadata }]);
  });

  test.each<[string, object, string]>([
    ['raw of pictures', { resourceType: 'images', raw: { input: 1 } }, 'raw is of llm_tokens'],
    ['raw of nothing', { raw: {} }, 'one token at least'],
    ['raw of zeros', { raw: { input: 0, output: 0 } }, 'one token at least'],
    ['raw below 0', { raw: { input: -1 } }, 'whole numbers'],
    ['a fraction', { raw: { input: 1.5 } }, 'whole numbers'],
    ['another kind', { raw: { input: 1, thought: 2 } }, 'input, cached, output'],
    ['raw as a list', { raw: [1] }, 'whole numbers'],
    ['raw as null', { raw: null }, 'whole numbers'],
    ['an amount that is not the sum', { raw: { input: 2 }, amount: 3 }, 'the sum of its tokens'],
    ['no amount', { model: 'small' }, 'amount must be'],
    ['a model without a name', { amount: 1, model: '' }, 'model must be text'],
    ['a model with NUL', { amount: 1, model: 'a\0' }, 'model must be text'],
    ['a model as a number', { amount: 1, model: 4 }, 'model must be text'],
    ['a member that is none', { amount: 1, memberId: 'bo' }, 'memberId must be a UUID'],
    ['a character that is none', { amount: 1, characterId: 7 }, 'characterId must be a UUID'],
    ['our own note', { amount: 1, metadata: { rated: { card: 1 } } }, 'must not have "rated"'],
    ['a field that nobody knows', { amount: 1, user: 'x' }, 'An event has no field "user"'],
    [
      'more than can be counted',
      { raw: { output: 999_999_999_999 }, model: 'small' },
      'units, above',
    ],
  ])('%s is answered in a sentence', async (_case, more, sentence) => {
    const { id } = await chat.tenant();
    const [result] = await send(event(id, more));
    expect(result).toMatchObject({ status: 'invalid' });
    expect((result as { error: string }).error).toContain(sentence);
  });
});

test('12.6 re-rating the raw counts by the recorded card gives the recorded units (invariant 24)', async () => {
  const { database, context } = chat.server;
  const cards = await listRateCards(database.db);
  const { rows } = await database.pool.query<{
    amount: string;
    rated: { card: number; model: string; raw: { input: number; cached: number; output: number } };
  }>(`select amount, metadata -> 'rated' as rated from u00.usage where metadata ? 'rated'`);
  expect(rows.length).toBeGreaterThan(5);
  for (const { amount, rated } of rows) {
    const card = cards.find(({ version }) => version === rated.card)!;
    expect(weigh(rated.raw, weightsOf(card, rated.model)!)).toBe(Number(amount));
  }
  const verify = () => context.services.ledgerVerification.verify();
  expect((await verify()).rated).toEqual([]);

  const { say, id } = await chat.tenant();
  await collectEvents(await say({ words, usage: REPORT }));
  const plant = (path: string, value: string) =>
    database.pool.query(
      `update u00.usage set metadata = jsonb_set(metadata, $2, $3)
       where tenant_id = $1 and resource_type = 'llm_tokens'`,
      [id, path, value],
    );
  await plant('{rated,raw,output}', '41');
  const fault = { tenantId: id, model: 'small', recorded: 1_000, weighed: 1_010 };
  expect((await verify()).rated).toMatchObject([fault]);
  await plant('{rated,raw,output}', '40');
  await plant('{rated,card}', '99');
  expect((await verify()).rated).toMatchObject([{ ...fault, card: 99, weighed: null }]);
  await plant('{rated,card}', String(cards.at(-1)!.version));
  expect((await verify()).rated).toEqual([]);
});

test('12.6 what was settled after its hold had expired is counted again in both rows', async () => {
  const { id } = await chat.tenant();
  const { usage, ledgerVerification } = chat.server.context.services;
  const hold = { tenantId: id, resourceType: 'llm_tokens' as const, amount: 100, ttlSeconds: 60 };
  const { reservationId } = await usage.reserve(hold);
  await usage.begin({ reservationId, amount: 30 });
  chat.clock.moveTo(new Date(chat.clock.now().getTime() + 120_000));
  await usage.expireReservations();
  const { card, model, weights } = await usage.rates.ratingOf('small', chat.clock.now());
  const raw = { input: 20, cached: 0, output: 1 };
  const amount = weigh(raw, weights);
  await usage.settle({ reservationId, amount, metadata: {}, rated: { card, model, raw } });
  expect((await ledgerOf(id)).map((row) => row.amount)).toEqual([30, 20]);
  expect((await ledgerVerification.verify()).rated).toEqual([]);
});

describe('12.6 publishing a card', () => {
  test('the same weights again are no new card; what would change is said before', async () => {
    const before = (await listRateCards(chat.server.database.db)).length;
    expect(await publish(DEAR)).toBeUndefined();
    const next = { ...DEAR, small: kinds(3, 1, 10), '*': kinds(1, 1, 1) };
    expect(await foreseeRates(deps(), { weights: next })).toMatchObject({
      version: before + 1,
      changes: [
        '*: not named → input 1, cached 1, output 1',
        'small: input 2, cached 1, output 10 → input 3, cached 1, output 10',
      ],
    });
    expect((await listRateCards(chat.server.database.db)).length).toBe(before);
  });

  test('a published card never changes', async () => {
    const { pool } = chat.server.database;
    await expect(pool.query('delete from rate_cards')).rejects.toThrow('never changes');
    await expect(pool.query('update rate_cards set weights = $1', ['{}'])).rejects.toThrow(
      'never changes',
    );
  });

  test('a month is weighed again, by model, and what would be refused is told', async () => {
    const month = periodOf(chat.clock.now());
    // In that very month: the calls above may have been made in the one before.
    const { say } = await chat.tenant();
    await collectEvents(await say({ words, usage: REPORT }));
    const free = { small: kinds(0.001, 0.001, 0.001) };
    const found = await reweighMonth(chat.server.database, month, free);
    const small = found.find(({ model }) => model === 'small')!;
    expect(small.weighed).toBeLessThan(small.recorded);
    expect(small).toMatchObject({ refused: 0 });
    expect(found.find(({ model }) => model === 'worker')).toBeUndefined();
    const same = await reweighMonth(chat.server.database, month, { other: kinds(1, 1, 1) });
    expect(same.find(({ model }) => model === 'small')).toMatchObject({
      ...{ weighed: 0, recorded: small.recorded, refused: small.calls },
    });
  });
});
