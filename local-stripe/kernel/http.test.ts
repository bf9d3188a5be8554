import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';

let local: LocalStripe;
let stripe: Stripe;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0 });
  stripe = new Stripe('sk_test_http', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
});
afterAll(() => local.close());

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${local.url}${path}`, {
    ...init,
    headers: { authorization: 'Bearer sk_test_http', ...init.headers },
  });

describe('customers through stripe-node', () => {
  test('are created, merged, listed newest first and deleted', async () => {
    const created = await stripe.customers.create({
      email: 'a@example.com',
      metadata: { a: '1', b: '2' },
    });
    expect(created).toMatchObject({ object: 'customer', email: 'a@example.com', balance: 0 });
    expect(created.lastResponse.requestId).toMatch(/^req_/);

    const updated = await stripe.customers.update(created.id, { metadata: { b: '', c: '3' } });
    expect(updated.metadata).toEqual({ a: '1', c: '3' });

    const second = await stripe.customers.create({ email: 'b@example.com' });
    const page = await stripe.customers.list({ limit: 1 });
    expect(page).toMatchObject({ has_more: true, data: [{ id: second.id }] });
    const rest = await stripe.customers.list({ starting_after: second.id });
    expect(rest.data.map(({ id }) => id)).toEqual([created.id]);
    expect((await stripe.customers.list({ email: 'b@example.com' })).data).toHaveLength(1);

    expect(await stripe.customers.del(second.id)).toMatchObject({ id: second.id, deleted: true });
    expect(await stripe.customers.retrieve(second.id)).toMatchObject({ deleted: true });
  });

  test('one idempotency key makes one customer, and another body under it is refused', async () => {
    const options = { idempotencyKey: 'once' };
    const first = await stripe.customers.create({ name: 'Once' }, options);
    const again = await stripe.customers.create({ name: 'Once' }, options);
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    await expect(stripe.customers.create({ name: 'Other' }, options)).rejects.toMatchObject({
      rawType: 'idempotency_error',
    });
  });
});

describe('refusals', () => {
  test.each([
    ['no key', { authorization: '' }, 401],
    ['a live key', { authorization: 'Bearer sk_live_x' }, 401],
    ['a publishable key', { authorization: 'Bearer pk_test_x' }, 403],
    ['another API version', { 'stripe-version': '2024-06-20' }, 400],
  ])('%s', async (_name, headers, status) => {
    const response = await call('/v1/customers', { headers: headers as Record<string, string> });
    expect(response.status).toBe(status);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(await response.json()).toHaveProperty('error.type', 'invalid_request_error');
  });

  test('8 a refused key leads to no log of requests, any other refusal does', async () => {
    const errorOf = async (path: string, authorization: string) => {
      const response = await call(path, { headers: { authorization } });
      return ((await response.json()) as { error: object }).error;
    };
    const refused = await errorOf('/v1/customers', 'Bearer nonsense');
    expect(refused).not.toHaveProperty('request_log_url');
    const missing = await errorOf('/v1/customers/cus_none', 'Bearer sk_test_http');
    expect(missing).toHaveProperty('request_log_url');
  });

  test('an unknown URL, an unknown parameter and an unknown customer are told apart', async () => {
    expect((await call('/v1/unknown')).status).toBe(404);
    await expect(stripe.customers.retrieve('cus_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
    });
    await expect(
      stripe.customers.create({ nickname: 'x' } as Stripe.CustomerCreateParams),
    ).rejects.toMatchObject({ code: 'parameter_unknown', param: 'nickname' });
  });

  test.each([
    ['a broken escape', 'email=%zz'],
    ['a broken name', 'metadata[a=1'],
    ['a name used two ways', 'metadata=1&metadata[a]=2'],
    ['a prototype', '__proto__[admin]=1'],
    ['deep nesting', `metadata${'[a]'.repeat(500)}=1`],
    ['too many parameters', 'a=1&'.repeat(6000)],
    ['a body too large', `name=${'x'.repeat(2_000_000)}`],
    ['an absurd number', 'balance=1e400'],
  ])('%s is the fault of the caller', async (_name, body) => {
    const response = await call('/v1/customers', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.json()).toHaveProperty('error.message');
  });
});
