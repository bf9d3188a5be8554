import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeBilling } from './settings.ts';
import { setCardFailing } from './payment/behavior.ts';
import type { Decline } from './cards.ts';
import { startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
  shop.local.kernel.run(({ store }) =>
    changeBilling(store, { retry: { attempts: 3, spacingSeconds: 86_400, final: 'cancel' } }),
  );
});
afterEach(() => shop.close());

const decline = (declineCode: string): Decline => ({
  code: 'card_declined',
  declineCode,
  message: 'Your card was declined.',
});

async function failing(reason: Decline) {
  const { stripe, local } = shop;
  const customer = await shop.customer();
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
  });
  const card = String(customer.invoice_settings.default_payment_method);
  local.kernel.run((ctx) => setCardFailing(ctx, card, reason));
  await shop.advanceTo('2027-02-15T11:00:00');
  await shop.newEvents();
  return { customer: customer.id, id };
}

describe('a retry', () => {
  test('is made with a card that may do better next time', async () => {
    await failing(decline('insufficient_funds'));
    await shop.advanceTo('2027-02-16T11:00:00');
    expect(await shop.newEvents()).toEqual([
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
    ]);
  });

  test('is not made with a card that is lost, yet counts, and the last one ends it', async () => {
    const { id } = await failing(decline('lost_card'));
    await shop.advanceTo('2027-02-16T11:00:00');
    expect(await shop.newEvents()).toEqual(['invoice.updated']);
    await shop.advanceTo('2027-02-17T11:00:00');
    expect(await shop.newEvents()).toEqual([
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.deleted',
    ]);
    const [invoice] = (await shop.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ attempt_count: 3, status: 'open', auto_advance: false });
  });

  test('is made again once there is another card', async () => {
    const { customer, id } = await failing(decline('stolen_card'));
    const card = await shop.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await shop.stripe.subscriptions.update(id, { default_payment_method: card.id });
    await shop.advanceTo('2027-02-16T11:00:00');
    const subscription = await shop.stripe.subscriptions.retrieve(id);
    expect(subscription.status).toBe('active');
  });
});

describe('after the last retry', () => {
  test.each([
    ['unpaid', 'unpaid'],
    ['past_due', 'past_due'],
    ['pause', 'paused'],
    ['cancel', 'canceled'],
  ] as const)('%s leaves the subscription %s', async (final, status) => {
    shop.local.kernel.run(({ store }) =>
      changeBilling(store, { retry: { attempts: 2, spacingSeconds: 3600, final } }),
    );
    const { id, customer } = await failing(decline('generic_decline'));
    await shop.advanceTo('2027-02-20T00:00:00');
    expect((await shop.stripe.subscriptions.retrieve(id)).status).toBe(status);
    expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true });
  });

  test('a late payment by hand brings an unpaid subscription back', async () => {
    shop.local.kernel.run(({ store }) =>
      changeBilling(store, { retry: { attempts: 1, spacingSeconds: 3600, final: 'unpaid' } }),
    );
    const { id, customer } = await failing(decline('generic_decline'));
    const card = await shop.stripe.paymentMethods.attach('pm_card_visa', { customer });
    const [invoice] = (await shop.stripe.invoices.list({ subscription: id })).data;
    await shop.stripe.invoices.pay(invoice!.id, { payment_method: card.id });
    expect((await shop.stripe.subscriptions.retrieve(id)).status).toBe('active');
    expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false });
  });
});
