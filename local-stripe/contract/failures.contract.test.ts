import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../kernel/call-log.ts';
import type { ChaosSettings } from '../kernel/rows.ts';
import { control } from './support/control.ts';
import { connect, isSandbox, localOf } from './support/subject.ts';
import { openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

let world: World;
/** Tries everything once, so that what fails is seen to fail. */
let stripe: Stripe;

beforeAll(async () => {
  if (isSandbox) return;
  world = await openWorld();
  stripe = connect(localOf(world), { maxNetworkRetries: 0, timeout: 300 });
});
afterAll(() => world?.close());
beforeEach(async () => void (isSandbox || (await failNext([]))));

async function failNext(rules: object[]): Promise<ChaosSettings> {
  const { chaos } = await control<{ chaos: ChaosSettings }>(world, 'chaos', { failNext: rules });
  return chaos;
}

async function readChaos(): Promise<ChaosSettings> {
  const state = await control<{ settings: { chaos: ChaosSettings } }>(world, 'state');
  return state.settings.chaos;
}

async function callsSince(since: number): Promise<Call[]> {
  const { requests } = await control<{ requests: Call[] }>(world, `requests?since=${since}`);
  return requests;
}

const lastCall = async () =>
  (await control<{ last: number }>(world, 'requests?since=0&limit=1')).last;

const failureOf = async (work: Promise<unknown>): Promise<Stripe.errors.StripeError> => {
  try {
    await work;
  } catch (error) {
    return error as Stripe.errors.StripeError;
  }
  throw new Error('it did not fail');
};

const named = async (name: string) =>
  (await stripe.customers.list({ limit: 100 })).data.filter((one) => one.name === name).length;

describe.skipIf(isSandbox)('8 failures that are aimed', () => {
  test('the n-th call that matches fails, whatever comes between', async () => {
    const match = { method: 'POST', path: '/v1/customers/:id' };
    await failNext([{ match, nth: 2, status: 503 }]);
    const { id } = world.customer;
    await stripe.customers.create({ name: 'Not meant' });
    await stripe.customers.update(id, { metadata: { n: '1' } });
    await stripe.customers.retrieve(id);
    expect((await readChaos()).failNext).toEqual([{ match, nth: 2, status: 503, seen: 1 }]);
    const error = await failureOf(stripe.customers.update(id, { metadata: { n: '2' } }));
    expect(error).toMatchObject({ statusCode: 503, type: 'StripeAPIError' });
    const customer = await stripe.customers.update(id, { metadata: { m: '3' } });
    expect(customer.metadata).toEqual({ n: '1', m: '3' });
    expect(await readChaos()).toMatchObject({
      failNext: [],
      fired: [{ method: 'POST', path: `/v1/customers/${id}`, rule: { nth: 2, status: 503 } }],
    });
  });

  test.each([
    ['/v1/customers/:id', true],
    ['/v1/customers/*', true],
    ['/v1/*/*', true],
    ['/v1/customers', false],
    ['/v1/customers/cus_another', false],
    ['/v1/subscriptions/:id', false],
    ['/v1/customers/:id/balance_transactions', false],
  ])('a path written %s is a customer: %s', async (path, isMeant) => {
    await failNext([{ match: { path }, status: 500 }]);
    const call = stripe.customers.retrieve(world.customer.id);
    if (isMeant) expect(await failureOf(call)).toMatchObject({ statusCode: 500 });
    else expect(await call).toHaveProperty('id');
  });

  test('an exact path strikes that object alone', async () => {
    const other = await stripe.customers.create();
    await failNext([{ match: { path: `/v1/customers/${world.customer.id}` }, status: 500 }]);
    await stripe.customers.retrieve(other.id);
    expect(await failureOf(stripe.customers.retrieve(world.customer.id))).toBeInstanceOf(
      Stripe.errors.StripeAPIError,
    );
  });

  test("one customer's calls are meant, whatever of theirs is named", async () => {
    const customer = world.customer.id;
    const price = world.proMonthly.id;
    const { id: other } = await stripe.customers.create();
    const subscription = await stripe.subscriptions.create({ customer, items: [{ price }] });
    const since = await lastCall();
    await failNext([{ match: { customer }, nth: 3, status: 500 }]);
    await stripe.subscriptions.list({ customer });
    await stripe.subscriptions.list({ customer: other });
    await stripe.invoices.list({ subscription: subscription.id });
    await stripe.customers.retrieve(other);
    await stripe.prices.retrieve(price);
    expect(
      await failureOf(stripe.subscriptionSchedules.create({ from_subscription: subscription.id })),
    ).toMatchObject({ statusCode: 500 });
    const customers = (await callsSince(since)).map((call) => call.customer);
    expect(customers).toEqual([customer, other, customer, other, null, customer]);
  });

  test('rules are asked in their order, and each strikes once', async () => {
    await failNext([{ nth: 2, status: 501 }, { status: 502 }, { nth: 2, status: 503 }]);
    const statuses: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) {
      statuses.push(
        await stripe.customers.list().then(
          () => 200,
          (error: Stripe.errors.StripeError) => error.statusCode,
        ),
      );
    }
    expect(statuses).toEqual([502, 501, 200, 503]);
  });

  test('before: nothing happened; the same key does it later', async () => {
    await failNext([{ match: { method: 'POST' }, status: 500 }]);
    const once = { idempotencyKey: crypto.randomUUID() };
    const error = await failureOf(stripe.customers.create({ name: 'Before' }, once));
    expect(error.statusCode).toBe(500);
    expect(await named('Before')).toBe(0);
    const made = await stripe.customers.create({ name: 'Before' }, once);
    expect(made.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  });

  test.each([500, 429, 'hang', 'cut'])(
    'after, with %s: it happened, and the same key answers what it was',
    async (status) => {
      const name = `After ${status}`;
      // A cut connection the SDK tries once more whatever it is told.
      const rule = { match: { method: 'POST' }, status, when: 'after', repeats: 1 };
      await failNext([rule]);
      const once = { idempotencyKey: crypto.randomUUID() };
      await failureOf(stripe.customers.create({ name }, once));
      await failNext([]);
      expect(await named(name)).toBe(1);
      const again = await stripe.customers.create({ name }, once);
      expect(again).toMatchObject({ object: 'customer', name });
      expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
      expect(await named(name)).toBe(1);
    },
  );

  test('after, and refused: the refusal is what is lost and kept', async () => {
    const charge = {
      amount: 100,
      currency: 'usd',
      payment_method: 'pm_card_visa_chargeDeclined',
      confirm: true,
      return_url: 'https://example.com/return',
    };
    await failNext([{ match: { path: '/v1/payment_intents' }, status: 500, when: 'after' }]);
    const once = { idempotencyKey: crypto.randomUUID() };
    const lost = await failureOf(stripe.paymentIntents.create(charge, once));
    expect(lost).toBeInstanceOf(Stripe.errors.StripeAPIError);
    const kept = await failureOf(stripe.paymentIntents.create(charge, once));
    expect(kept).toMatchObject({ statusCode: 402, code: 'card_declined' });
  });

  test('a rate limit comes as Stripe sends it', async () => {
    await failNext([{ status: 429 }]);
    const error = await failureOf(stripe.customers.list());
    expect(error).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect(error).toMatchObject({ statusCode: 429, code: 'rate_limit' });
    expect(error.headers).toMatchObject({ 'stripe-rate-limited-reason': 'global-rate' });
    expect(error.requestId).toMatch(/^req_/);
  });

  test('hang holds the connection until the client gives up, and others are served', async () => {
    await failNext([{ match: { path: '/v1/balance_transactions' }, status: 'hang' }]);
    const patient = connect(localOf(world), { maxNetworkRetries: 0, timeout: 400 });
    const began = performance.now();
    const hanging = failureOf(patient.balanceTransactions.list());
    expect(await stripe.customers.list({ limit: 1 })).toHaveProperty('data');
    expect(await hanging).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(performance.now() - began).toBeGreaterThan(390);
    const held = (await callsSince(0)).findLast(({ fault }) => fault?.status === 'hang');
    expect(held).toMatchObject({ path: '/v1/balance_transactions', status: null });
  });

  test('cut closes the connection', async () => {
    await failNext([{ match: { path: '/v1/balance_transactions' }, status: 'cut', repeats: 1 }]);
    const error = await failureOf(stripe.balanceTransactions.list());
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(error.message).not.toContain('timeout');
  });

  test('a client that repeats by itself fails with `repeats`, and with `shouldRetry: false`', async () => {
    const stubborn = connect(localOf(world), { maxNetworkRetries: 1, timeout: 300 });
    const path = '/v1/customers';
    await failNext([{ match: { path }, status: 500, repeats: 1 }]);
    const before = await lastCall();
    expect(await failureOf(stubborn.customers.create({ name: 'Twice' }))).toMatchObject({
      statusCode: 500,
    });
    const calls = await callsSince(before);
    expect(calls).toHaveLength(2);
    expect(calls[0]!.idempotencyKey).toBe(calls[1]!.idempotencyKey);
    expect(await stubborn.customers.create({ name: 'Once' })).toHaveProperty('id');

    await failNext([{ match: { path }, status: 500, shouldRetry: false }]);
    const mark = await lastCall();
    expect(await failureOf(stubborn.customers.create())).toMatchObject({ statusCode: 500 });
    expect(await callsSince(mark)).toHaveLength(1);
  });

  test('an empty list and a reset call everything off', async () => {
    await failNext([{ status: 500 }, { status: 500 }]);
    await failureOf(stripe.customers.list());
    expect(await failNext([])).toMatchObject({ failNext: [], fired: [] });
    expect(await stripe.customers.list()).toHaveProperty('data');
    const other = await openWorld();
    await control(other, 'chaos', { failNext: [{ status: 500 }] });
    await control(other, 'reset', {});
    expect(await other.stripe.customers.list()).toMatchObject({ data: [] });
    expect(await control(other, 'state')).toMatchObject({
      settings: { chaos: { failNext: [], fired: [] } },
    });
    await other.close();
  });

  test('bad rules are a 400 that names the field', async () => {
    const refused: [object, string][] = [
      [{}, 'failNext.0.status'],
      [{ status: 200 }, 'failNext.0.status'],
      [{ status: 'slow' }, 'failNext.0.status'],
      [{ status: 500, nth: 0 }, 'failNext.0.nth'],
      [{ status: 500, nth: 1.5 }, 'failNext.0.nth'],
      [{ status: 500, when: 'during' }, 'failNext.0.when'],
      [{ status: 'hang', code: 'x' }, 'failNext.0.code'],
      [{ status: 500, match: { method: 'PATCH' } }, 'failNext.0.match.method'],
      [{ status: 500, match: { path: 'customers' } }, 'failNext.0.match.path'],
      [{ status: 500, match: { path: '/v1/customers?limit=1' } }, 'failNext.0.match.path'],
      [{ status: 500, match: { path: '/v1/costumers' } }, 'failNext.0.match'],
      [{ status: 500, match: { method: 'DELETE', path: '/v1/prices/:id' } }, 'failNext.0.match'],
      [{ status: 500, afterExecution: true }, 'failNext.0'],
    ];
    for (const [rule, param] of refused) {
      const answer = await fetch(`${localOf(world).url}/_control/chaos`, {
        method: 'POST',
        body: JSON.stringify({ failNext: [rule] }),
      });
      const { error } = (await answer.json()) as { error: { param?: string; message: string } };
      expect([answer.status, error.param], JSON.stringify(rule)).toEqual([400, param]);
      expect(error.message).toContain(param);
    }
  });
});

describe.skipIf(isSandbox)('8 the log of calls', () => {
  test('says who called what, under which key, and what came of it', async () => {
    const since = await lastCall();
    const once = { idempotencyKey: crypto.randomUUID() };
    const { id } = await stripe.customers.create({ name: 'Seen' }, once);
    await stripe.customers.create({ name: 'Seen' }, once);
    await failureOf(stripe.customers.retrieve('cus_none'));
    await failNext([{ match: { method: 'DELETE' }, status: 500, when: 'after' }]);
    await failureOf(stripe.customers.del(id));
    const plain = { idempotencyKey: null, isReplayed: false, fault: null };
    const create = { method: 'POST', path: '/v1/customers', endpoint: 'POST /v1/customers' };
    expect(await callsSince(since)).toMatchObject([
      { number: since + 1, ...create, ...plain, ...once, status: 200 },
      { number: since + 2, ...create, ...plain, ...once, status: 200, isReplayed: true },
      { ...plain, method: 'GET', path: '/v1/customers/cus_none', customer: null, status: 404 },
      {
        ...plain,
        endpoint: 'DELETE /v1/customers/:id',
        path: `/v1/customers/${id}`,
        customer: id,
        status: 500,
        fault: { status: 500, when: 'after' },
      },
    ]);
  });

  test.each(['since=-1', 'since=x', 'limit=0', 'limit=1e9'])('refuses ?%s', async (query) => {
    const answer = await fetch(`${localOf(world).url}/_control/requests?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: query.split('=')[0] } });
  });
});
