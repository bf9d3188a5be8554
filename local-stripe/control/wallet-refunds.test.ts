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

const control = async (body: object) => {
  const response = await fetch(`${shop.local.url}/_control/wallet_refunds`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as unknown };
};
const pass = (seconds: number) => shop.local.advanceTo(shop.local.kernel.now() + seconds);

async function paid(): Promise<Stripe.Charge> {
  const session = await shop.create({
    mode: 'payment',
    line_items: [{ price: shop.once.id, quantity: 2 }],
  });
  await shop.complete(session.id, { method: 'wechat_pay' });
  const done = await shop.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge'],
  });
  return (done.payment_intent as Stripe.PaymentIntent).latest_charge as Stripe.Charge;
}

describe('12 a refund to a wallet', () => {
  test('fails where the control interface says so, and the money is ours again', async () => {
    expect(await control({ outcome: 'failed', seconds: 7200 })).toEqual({
      status: 200,
      body: { walletRefunds: { seconds: 7200, outcome: 'failed' } },
    });
    const state = await fetch(`${shop.local.url}/_control/state`);
    expect(await state.json()).toMatchObject({
      settings: { walletRefunds: { seconds: 7200, outcome: 'failed' } },
    });
    const charge = await paid();
    const { id } = await shop.stripe.refunds.create({ charge: charge.id, amount: 400 });
    // What is said later is of later refunds.
    await control({ outcome: 'succeeded', seconds: null });
    await pass(3600);
    expect(await shop.stripe.refunds.retrieve(id)).toMatchObject({ status: 'pending' });
    await pass(3600);
    const failed = await shop.stripe.refunds.retrieve(id, {
      expand: ['failure_balance_transaction'],
    });
    expect(failed).toMatchObject({
      status: 'failed',
      failure_reason: 'declined',
      failure_balance_transaction: { amount: 400, type: 'refund_failure' },
    });
    expect(failed.pending_reason).toBeUndefined();
    expect(await shop.stripe.charges.retrieve(charge.id)).toMatchObject({
      amount_refunded: 0,
      refunded: false,
    });
    expect(shop.eventsSince(seen).slice(-2)).toEqual(['refund.failed', 'charge.refund.updated']);
    const again = await shop.stripe.refunds.create({ charge: charge.id });
    expect(again).toMatchObject({ status: 'pending', amount: 1000 });
    await pass(3600);
    expect(await shop.stripe.refunds.retrieve(again.id)).toMatchObject({ status: 'succeeded' });
  });

  test('that is canceled does not fail afterwards', async () => {
    await control({ outcome: 'failed' });
    const { id } = await shop.stripe.refunds.create({ charge: (await paid()).id });
    await shop.stripe.refunds.cancel(id);
    await pass(7200);
    expect(await shop.stripe.refunds.retrieve(id)).toMatchObject({ status: 'canceled' });
    expect(shop.eventsSince(seen)).not.toContain('refund.failed');
  });

  test.each([{ outcome: 'lost' }, { seconds: -1 }, { seconds: 1.5 }, { days: 3 }])(
    'is not set by %j',
    async (body) => {
      expect(await control(body)).toMatchObject({ status: 400 });
    },
  );
});
