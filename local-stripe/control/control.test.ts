import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { frozenClock } from '../kernel/clock.ts';
import { billingSettings } from '../billing/settings.ts';

const start = Date.UTC(2027, 0, 31) / 1000;

let local: LocalStripe;
let stripe: Stripe;

beforeAll(async () => {
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    checkResponses: true,
  });
  stripe = new Stripe('sk_test_control', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });
});
afterAll(() => local.close());

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${local.url}/_control/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the clock', () => {
  test('moves by seconds, and to a second', async () => {
    expect(await post('clock', { advanceSeconds: 60 })).toEqual({
      status: 200,
      body: { now: start + 60 },
    });
    expect(await post('clock', { to: start + 3600 })).toEqual({
      status: 200,
      body: { now: start + 3600 },
    });
    expect(await post('clock', { advanceSeconds: 0 })).toMatchObject({ status: 200 });
  });

  test('has done what fell due when it answers', async () => {
    const price = await stripe.prices.create({
      currency: 'cny',
      unit_amount: 1000,
      product_data: { name: 'Once' },
    });
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example/',
      line_items: [{ price: price.id, quantity: 1 }],
    });
    await post('clock', { to: session.expires_at - 1 });
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    await post('clock', { advanceSeconds: 1 });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'expired',
      url: null,
    });
    const late = await post(`checkout_sessions/${session.id}/complete`, { card: 'pm_card_visa' });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'session_not_open' } } });
  });
});

describe('settings', () => {
  test('chaos and retries change what is given and keep the rest', async () => {
    await post('chaos', { duplicate: 0.5, failNext: [{ status: 503 }] });
    const { body } = await post('chaos', { drop: 1 });
    expect(body).toEqual({
      chaos: {
        duplicate: 0.5,
        shuffle: 0,
        drop: 1,
        delayMs: 0,
        failNext: [{ status: 503 }],
        fired: [],
      },
    });
    await expect(stripe.customers.create()).rejects.toMatchObject({ statusCode: 503 });
    expect(await stripe.customers.create()).toHaveProperty('id');
    await post('chaos', { duplicate: 0, drop: 0 });

    const retry = { attempts: 4, spacingSeconds: 86_400, final: 'unpaid' };
    const { invoiceRetry: invoices } = billingSettings(local.kernel.store);
    const answer = await post('retry_settings', retry);
    expect(answer.body).toEqual({ retry: { ...retry, invoices } });
    expect(billingSettings(local.kernel.store).retry).toEqual(retry);
  });

  test('reset forgets everything but the time', async () => {
    await stripe.customers.create();
    const { body } = await post('reset', {});
    expect(body).toEqual({ now: local.kernel.now() });
    expect((await stripe.customers.list()).data).toEqual([]);
    expect(billingSettings(local.kernel.store).retry.final).toBe('cancel');
  });
});

test('the state shows what there is', async () => {
  const customer = await stripe.customers.create({ email: 'state@example.com' });
  const response = await fetch(`${local.url}/_control/state`);
  expect(await response.json()).toMatchObject({
    now: local.kernel.now(),
    counts: { customer: 1 },
    customers: [{ id: customer.id }],
    events: [{ type: 'customer.created', objectId: customer.id }],
  });
});

test.each<[string, unknown, number, string | undefined]>([
  ['clock', '{', 400, undefined],
  ['clock', '[]', 400, undefined],
  ['clock', {}, 400, undefined],
  ['clock', { advanceSeconds: 1, to: 2 }, 400, undefined],
  ['clock', { advanceSeconds: -1 }, 400, 'advanceSeconds'],
  ['clock', { advanceSeconds: 1.5 }, 400, 'advanceSeconds'],
  ['clock', { advanceSeconds: 'a day' }, 400, 'advanceSeconds'],
  ['clock', { advanceSeconds: 1e300 }, 400, 'advanceSeconds'],
  ['clock', '{"advanceSeconds": 1e999}', 400, 'advanceSeconds'],
  ['clock', { to: 5 }, 400, 'to'],
  ['clock', { to: 1_900_000_000_000 }, 400, 'to'],
  ['clock', { tomorrow: true }, 400, undefined],
  ['chaos', { duplicate: 2 }, 400, 'duplicate'],
  ['chaos', { failNext: [{ status: 200 }] }, 400, 'failNext.0.status'],
  ['chaos', { delayMs: -1 }, 400, 'delayMs'],
  ['retry_settings', { final: 'forgive' }, 400, 'final'],
  ['retry_settings', { attempts: 0 }, 400, 'attempts'],
  ['disputes', {}, 400, 'charge'],
  ['disputes', { charge: 'ch_x' }, 404, 'charge'],
  ['disputes', { charge: 'ch_x', reason: 'rain' }, 400, 'reason'],
  ['deliveries/whd_x/resend', {}, 404, 'id'],
  ['payment_methods/pm_x', { declineCode: null }, 404, 'id'],
  ['payment_methods/pm_x', {}, 400, 'declineCode'],
  ['checkout_sessions/cs_x/complete', { card: '4242424242424242' }, 404, 'id'],
  ['checkout_sessions/cs_x/complete', { card: 4242 }, 400, 'card'],
  ['portal_configurations/bpc_x/default', {}, 404, 'id'],
  ['no_such_thing', {}, 404, undefined],
])('POST /_control/%s with %j answers %i', async (path, body, status, param) => {
  const answer = await post(path, body);
  expect(answer.status).toBe(status);
  expect(answer.body).toHaveProperty('error.message');
  expect((answer.body['error'] as { param?: string }).param).toBe(param);
});

test.each([
  ['an Origin elsewhere', { origin: 'https://evil.example' }],
  ['an opaque Origin', { origin: 'null' }],
  ['a cross-site form', { 'sec-fetch-site': 'cross-site' }],
])('%s may not control it', async (_name, headers) => {
  expect((await post('reset', {}, headers)).status).toBe(403);
});
