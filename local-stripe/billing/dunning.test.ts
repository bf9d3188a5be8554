import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeBilling } from './settings.ts';
import { setCardFailing } from './payment/behavior.ts';
import type { Decline } from './cards.ts';
import { startBench } from './testing/bench.ts';
import type { Bench } from './testing/bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench('2027-01-15T10:00:00');
  bench.local.kernel.run(({ store }) =>
    changeBilling(store, { retry: { attempts: 3, spacingSeconds: 86_400, final: 'cancel' } }),
  );
});
afterEach(() => bench.close());

const decline = (declineCode: string): Decline => ({
  code: 'card_declined',
  declineCode,
  message: 'Your card was declined.',
});

async function failing(reason: Decline) {
  const { stripe, local } = bench;
  const customer = await bench.customer();
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: bench.monthly.id }],
  });
  const card = String(customer.invoice_settings.default_payment_method);
  local.kernel.run((ctx) => setCardFailing(ctx, card, reason));
  await bench.advanceTo('2027-02-15T11:00:00');
  await bench.newEvents();
  return { customer: customer.id, id };
}

describe('a retry', () => {
  test('is made with a card that may do better next time', async () => {
    await failing(decline('insufficient_funds'));
    await bench.advanceTo('2027-02-16T11:00:00');
    expect(await bench.newEvents()).toEqual([
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
    ]);
  });

  test('is not made with a card that is lost, yet counts, and the last one ends it', async () => {
    const { id } = await failing(decline('lost_card'));
    await bench.advanceTo('2027-02-16T11:00:00');
    expect(await bench.newEvents()).toEqual(['invoice.updated']);
    await bench.advanceTo('2027-02-17T11:00:00');
    expect(await bench.newEvents()).toEqual([
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.deleted',
    ]);
    const [invoice] = (await bench.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ attempt_count: 3, status: 'open', auto_advance: false });
  });

  test('is made again once there is another card', async () => {
    const { customer, id } = await failing(decline('stolen_card'));
    const card = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await bench.stripe.subscriptions.update(id, { default_payment_method: card.id });
    await bench.advanceTo('2027-02-16T11:00:00');
    const subscription = await bench.stripe.subscriptions.retrieve(id);
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
    bench.local.kernel.run(({ store }) =>
      changeBilling(store, { retry: { attempts: 2, spacingSeconds: 3600, final } }),
    );
    const { id, customer } = await failing(decline('generic_decline'));
    await bench.advanceTo('2027-02-20T00:00:00');
    expect((await bench.stripe.subscriptions.retrieve(id)).status).toBe(status);
    expect(await bench.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true });
  });

  test('a late payment by hand brings an unpaid subscription back', async () => {
    bench.local.kernel.run(({ store }) =>
      changeBilling(store, { retry: { attempts: 1, spacingSeconds: 3600, final: 'unpaid' } }),
    );
    const { id, customer } = await failing(decline('generic_decline'));
    const card = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer });
    const [invoice] = (await bench.stripe.invoices.list({ subscription: id })).data;
    await bench.stripe.invoices.pay(invoice!.id, { payment_method: card.id });
    expect((await bench.stripe.subscriptions.retrieve(id)).status).toBe('active');
    expect(await bench.stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false });
  });
});
