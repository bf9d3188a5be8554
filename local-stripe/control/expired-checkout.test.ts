import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCheckoutShop } from './testing/checkout-shop.ts';
import type { CheckoutShop } from './testing/checkout-shop.ts';

let shop: CheckoutShop;
let seen = 0;

beforeAll(async () => {
  shop = await openCheckoutShop();
});
afterAll(() => shop.local.close());
beforeEach(() => {
  seen = shop.local.kernel.store.size('_event');
});

/** A session whose payer has gone to their wallet or their bank, and where they are. */
async function underWay(form: Record<string, string>) {
  const session = await shop.create({
    mode: 'payment',
    line_items: [{ price: shop.once.id, quantity: 2 }],
    customer_email: 'wu@example.com',
  });
  const answer = await fetch(session.url!, {
    method: 'POST',
    body: new URLSearchParams({ shown_total: '1000', ...form }),
    redirect: 'manual',
  });
  const at = new URL(answer.headers.get('location')!, shop.local.url);
  return { session, at, intent: at.pathname.split('/').at(-1)! };
}
const ways: [string, Record<string, string>][] = [
  ['a wallet', { method: 'alipay' }],
  ['a bank', { number: '4000002760003184', expiry: '12/40', cvc: '123' }],
];

describe('12 a session that is over while its payer is elsewhere', () => {
  test.each(ways)('at %s: nothing is paid any more', async (_name, form) => {
    const { session, at, intent } = await underWay(form);
    expect((await fetch(at)).status).toBe(200);
    await shop.stripe.checkout.sessions.expire(session.id);
    expect(await shop.stripe.paymentIntents.retrieve(intent)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'expired',
    });
    const body = new URLSearchParams({ outcome: 'complete' });
    for (const page of [await fetch(at), await fetch(at, { method: 'POST', body })]) {
      expect(page.status).toBe(409);
    }
    expect(shop.eventsSince(seen).slice(-2)).toEqual([
      'payment_intent.canceled',
      'checkout.session.expired',
    ]);
  });

  test('by the clock as well, also after a decline', async () => {
    const session = await shop.create();
    await shop.complete(session.id, { card: '4000000000000002' });
    await shop.local.advanceTo(session.expires_at);
    expect(shop.eventsSince(seen)).toContain('payment_intent.canceled');
  });

  test('which is how it is called off: not by its intent', async () => {
    const { intent } = await underWay({ method: 'alipay' });
    await expect(shop.stripe.paymentIntents.cancel(intent)).rejects.toMatchObject({
      statusCode: 400,
      code: 'payment_intent_unexpected_state',
    });
    const setup = await shop.stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'cny',
      success_url: 'https://app.example/ok',
    });
    const canceling = shop.stripe.setupIntents.cancel(setup.setup_intent as string);
    await expect(canceling).rejects.toMatchObject({ code: 'setup_intent_unexpected_state' });
  });
});

test('12 what is charged while nobody is there is not set up for later', async () => {
  const { paymentIntents, paymentMethods, customers } = shop.stripe;
  const { id: customer } = await customers.create({});
  const { id: card } = await paymentMethods.attach('pm_card_visa', { customer });
  const params: Stripe.PaymentIntentCreateParams = {
    amount: 900,
    currency: 'cny',
    customer,
    payment_method: card,
    off_session: true,
    confirm: true,
  };
  const saving = paymentIntents.create({ ...params, setup_future_usage: 'off_session' });
  await expect(saving).rejects.toMatchObject({ statusCode: 400, param: 'off_session' });
  expect(await paymentIntents.create(params)).toMatchObject({ status: 'succeeded' });
});
