import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, isSandbox, localOf, openSubject } from './support/subject.ts';
import type { Subject } from './support/subject.ts';

let subject: Subject;
let stripe: Stripe;

beforeAll(async () => {
  subject = await openSubject();
  stripe = subject.stripe;
});
afterAll(() => subject.close());

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it was accepted'),
    (error: Stripe.errors.StripeError) => error,
  );

/** A request as any HTTP client sends it. */
async function send(path: string, init: RequestInit & { key?: string | null } = {}) {
  const { key = 'sk_test_contract', headers, ...rest } = init;
  const response = await fetch(`${localOf(subject).url}${path}`, {
    ...rest,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
  });
  const body = (await response.json()) as { error: { type: string; message: string } };
  return { status: response.status, headers: response.headers, body };
}

describe('errors arrive as the class that the SDK has for them', () => {
  test('what is not there: 404 resource_missing', async () => {
    const error = await failureOf(stripe.customers.retrieve('cus_none'));
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(error).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
      rawType: 'invalid_request_error',
      message: "No such customer: 'cus_none'",
      doc_url: 'https://stripe.com/docs/error-codes/resource-missing',
      requestId: expect.stringMatching(/^req_/),
    });
  });

  test('a reference to what is not there: 400 with the parameter that named it', async () => {
    const error = await failureOf(stripe.subscriptions.list({ customer: 'cus_none' }));
    expect(error).toMatchObject({ statusCode: 400, code: 'resource_missing', param: 'customer' });
  });

  test('an unknown parameter: 400 parameter_unknown', async () => {
    const params = { emial: 'a@b.cn' } as Stripe.CustomerCreateParams;
    const error = await failureOf(stripe.customers.create(params));
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(error).toMatchObject({ statusCode: 400, code: 'parameter_unknown', param: 'emial' });
  });

  test('a declined card: 402', async () => {
    const customer = await stripe.customers.create();
    const card = 'pm_card_visa_chargeDeclinedInsufficientFunds';
    const error = await failureOf(
      stripe.paymentIntents.create({
        amount: 100,
        currency: 'usd',
        customer: customer.id,
        payment_method: card,
        confirm: true,
        return_url: 'https://example.com/return',
      }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      payment_intent: { status: 'requires_payment_method' },
    });
  });

  test('a key that is none: 401', async () => {
    if (subject.local === null) return;
    const stranger = connect(subject.local);
    const error = await failureOf(stranger.customers.list({}, { apiKey: 'nonsense' }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    expect(error.statusCode).toBe(401);
  });

  test('one key for two different requests: idempotency error', async () => {
    const idempotencyKey = crypto.randomUUID();
    await stripe.customers.create({ name: 'One' }, { idempotencyKey });
    const error = await failureOf(stripe.customers.create({ name: 'Two' }, { idempotencyKey }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  });
});

describe.skipIf(isSandbox)('failures that are asked for', () => {
  const fail = (status: number, code?: string) =>
    send('/_control/chaos', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ failNext: [{ status, ...(code === undefined ? {} : { code }) }] }),
    });

  test('a rate limit is an error at once: the SDK does not retry it', async () => {
    await fail(429, 'rate_limit');
    const error = await failureOf(stripe.customers.list());
    expect(error).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect(error.statusCode).toBe(429);
  });

  test.each([
    [409, 'lock_timeout'],
    [500, undefined],
    [503, undefined],
  ])('a %d is retried by the SDK and makes one customer', async (status, code) => {
    const name = crypto.randomUUID();
    await fail(status, code);
    const customer = await stripe.customers.create({ name });
    const all = await stripe.customers.list({ limit: 100 });
    expect(all.data.filter((one) => one.name === name).map(({ id }) => id)).toEqual([customer.id]);
  });
});

describe('idempotency', () => {
  test('the same key and body is one execution, with a header that says so', async () => {
    const idempotencyKey = crypto.randomUUID();
    const first = await stripe.customers.create({ name: 'Once' }, { idempotencyKey });
    const second = await stripe.customers.create({ name: 'Once' }, { idempotencyKey });
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
  });

  test('what was refused as malformed may be sent right under the same key', async () => {
    const idempotencyKey = crypto.randomUUID();
    const wrong = { nmae: 'x' } as Stripe.CustomerCreateParams;
    await failureOf(stripe.customers.create(wrong, { idempotencyKey }));
    const made = await stripe.customers.create({ name: 'x' }, { idempotencyKey });
    expect(made.name).toBe('x');
  });

  test('a declined payment is replayed, not tried again', async () => {
    const idempotencyKey = crypto.randomUUID();
    const pay = () =>
      failureOf(
        stripe.paymentIntents.create(
          {
            amount: 100,
            currency: 'usd',
            payment_method: 'pm_card_visa_chargeDeclined',
            confirm: true,
            return_url: 'https://example.com/return',
          },
          { idempotencyKey },
        ),
      );
    const [first, second] = [await pay(), await pay()];
    expect(first.statusCode).toBe(402);
    expect(second.payment_intent?.id).toBe(first.payment_intent?.id);
  });
});

describe('lists', () => {
  test('are paged newest first, forwards, backwards and by themselves', async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) ids.unshift((await stripe.customers.create({ email })).id);
    const first = await stripe.customers.list({ email, limit: 3 });
    expect(first).toMatchObject({ object: 'list', url: '/v1/customers', has_more: true });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    const next = await stripe.customers.list({ email, limit: 3, starting_after: ids[2] });
    expect(next.data.map(({ id }) => id)).toEqual(ids.slice(3, 6));
    const back = await stripe.customers.list({ email, limit: 2, ending_before: ids[3] });
    expect(back.data.map(({ id }) => id)).toEqual(ids.slice(1, 3));
    expect(back.has_more).toBe(true);
    const all = await stripe.customers.list({ email, limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(ids);
    const walked: string[] = [];
    for await (const { id } of stripe.customers.list({ email, limit: 3 })) walked.push(id);
    expect(walked).toEqual(ids);
  });

  test.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 101 }, 'limit'],
    [{ starting_after: 'cus_none' }, 'starting_after'],
  ])('refuse %o', async (params, param) => {
    expect(await failureOf(stripe.customers.list(params))).toMatchObject({
      statusCode: 400,
      param,
    });
  });

  test('are narrowed by when things were created', async () => {
    const { created, id } = await stripe.customers.create();
    const found = await stripe.customers.list({ created: { gte: created }, limit: 100 });
    expect(found.data.map((one) => one.id)).toContain(id);
    expect((await stripe.customers.list({ created: { gt: created + 10 } })).data).toEqual([]);
  });
});

describe('expand', () => {
  test('fills references in, in objects and in lists, and refuses what is none', async () => {
    const product = await stripe.products.create({ name: 'Expanded' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount: 5,
      expand: ['product'],
    });
    expect(price.product).toMatchObject({ object: 'product', name: 'Expanded' });
    const list = await stripe.prices.list({ product: product.id, expand: ['data.product'] });
    expect(list.data[0]?.product).toMatchObject({ name: 'Expanded' });
    for (const expand of [['currency'], ['nonsense'], ['product.a.b.c.d.e']]) {
      const error = await failureOf(stripe.prices.retrieve(price.id, { expand }));
      expect(error).toMatchObject({ statusCode: 400 });
    }
  });
});

describe.skipIf(isSandbox)('the door', () => {
  test('opens for test keys alone', async () => {
    expect((await send('/v1/customers', { key: null })).status).toBe(401);
    expect((await send('/v1/customers', { key: '' })).status).toBe(401);
    expect((await send('/v1/customers', { key: 'rk_test_restricted' })).status).toBe(200);
    const live = await send('/v1/customers', { key: 'sk_live_secret' });
    expect(live.status).toBe(401);
    expect(live.body.error.message).toContain('live key');
    expect(JSON.stringify(live.body)).not.toContain('sk_live_secret');
  });

  test('knows no other account', async () => {
    const error = await failureOf(stripe.customers.list({}, { stripeAccount: 'acct_1other' }));
    expect(error).toBeInstanceOf(Stripe.errors.StripePermissionError);
    expect(error).toMatchObject({ statusCode: 403, code: 'account_invalid' });
  });

  test('takes the one API version', async () => {
    const headers = (version: string) => ({ headers: { 'stripe-version': version } });
    expect((await send('/v1/customers', headers('2026-10-28.endive'))).status).toBe(200);
    expect((await send('/v1/customers', headers('2024-06-20'))).status).toBe(400);
  });

  test('names each request', async () => {
    for (const path of ['/v1/customers', '/v1/customers/none', '/v1/none']) {
      const { headers } = await send(path);
      expect(headers.get('request-id')).toMatch(/^req_\w+/);
      expect(headers.get('stripe-version')).toBe('2026-10-28.endive');
    }
  });

  test.each([
    ['GET', '/v1/nonsense'],
    ['DELETE', '/v1/customers'],
    ['PUT', '/v1/customers/cus_1'],
    ['GET', '/v1/customers/cus_1/nonsense'],
    ['POST', '/v2/core/events', 'does not imitate API v2'],
  ])(
    'does not know %s %s',
    async (method, path, words = `Unrecognized request URL (${method}: `) => {
      const { status, body } = await send(path, { method });
      expect(status).toBe(404);
      expect(body.error.message).toContain(words);
    },
  );

  test('does not run in production', async () => {
    const { startLocalStripe } = await import('../index.ts');
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      await expect(startLocalStripe({ port: 0 })).rejects.toThrow('NODE_ENV=production');
    } finally {
      process.env.NODE_ENV = before;
    }
  });

  test('listens on loopback alone', () => {
    expect(localOf(subject).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('says that a port is taken', async () => {
    const { startLocalStripe } = await import('../index.ts');
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startLocalStripe({ port })).rejects.toThrow(`Port ${port} is taken`);
    other.close();
  });
});

describe.skipIf(isSandbox)('malformed requests are refused, one by one', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  test.each([
    ['JSON', '{"name":"x"}', { 'content-type': 'application/json' }, 400],
    ['a broken escape', 'name=%zz', form, 400],
    ['unbalanced brackets', 'metadata[a=1', form, 400],
    ['a hundred levels', `metadata${'[a]'.repeat(100)}=1`, form, 400],
    ['a value and a hash', 'address=1&address[city]=x', form, 400],
    ['ten thousand parameters', 'expand[]=a&'.repeat(10_000), form, 400],
    ['two megabytes', `name=${'x'.repeat(2_000_000)}`, form, 413],
    ['a prototype', '__proto__[polluted]=1', form, 400],
    ['a constructor', 'metadata[constructor][prototype][polluted]=1', form, 400],
  ])('%s', async (_name, body, headers, status) => {
    const answer = await send('/v1/customers', { method: 'POST', body, headers });
    expect(answer.status).toBe(status);
    expect(answer.body.error.type).toBe('invalid_request_error');
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });
});

test('search answers in pages', async () => {
  const tenant = crypto.randomUUID();
  const params = { currency: 'cny', unit_amount: 5, metadata: { tenant } };
  const product = await stripe.products.create({ name: 'Found' });
  for (let i = 0; i < 3; i += 1) await stripe.prices.create({ ...params, product: product.id });
  const query = `metadata['tenant']:'${tenant}' AND active:'true'`;
  const page = await stripe.prices.search({ query, limit: 2 });
  expect(page.object).toBe('search_result');
  // A real search may not have found them yet.
  if (isSandbox) return;
  expect(page).toMatchObject({ has_more: true, data: [{}, {}] });
  const all = await stripe.prices.search({ query, limit: 2 }).autoPagingToArray({ limit: 10 });
  expect(all).toHaveLength(3);
});
