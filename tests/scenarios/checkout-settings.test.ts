import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ChangePreview, ModeView, PaymentView, PurchaseView } from '../../src/domain/api.ts';
import type { BillingDetailsView } from '../../src/domain/billing/billing-details.ts';
import { outOfPocket, returnPromised } from '../support/money-back.ts';
import { balance, openPack, purchases, useCredits } from '../support/packs.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  GOOD_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';

/** What is asked for at the till beside what is bought: an address for tax, a promotion code. */
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ STRIPE_TAX: 'automatic', STRIPE_PROMOTION_CODES: '1' });
});
afterAll(async () => app?.stop());

interface Session {
  automatic_tax: { enabled: boolean };
  allow_promotion_codes: boolean | null;
  amount_total: number;
  total_details: { amount_tax: number };
}

const BERLIN = { country: 'DE', line1: 'Weg 1', city: 'Berlin', postal_code: '10115' };

async function payIn(customer: Customer, sessionId: string, body: object): Promise<void> {
  const path = `/_control/checkout_sessions/${sessionId}/complete`;
  expect((await customer.stripe.post(path, { card: GOOD_CARD, ...body })).status).toBe(200);
  await settled(app);
}

describe('13 tax worked out by Stripe', () => {
  test('is in the price: what stands on the page is paid, renewed and changed for', async () => {
    const customer = await signUp(app);
    expect((await customer.api.get<ModeView>('/api/mode')).body.automaticTax).toBe(true);
    const id = await customer.checkout('pro', 'month');
    await payIn(customer, id, { address: BERLIN });
    const bought = await customer.atStripe<Session>(`checkout/sessions/${id}`);
    expect(bought).toMatchObject({ automatic_tax: { enabled: true }, amount_total: 2900 });
    expect(bought.total_details.amount_tax).toBeGreaterThan(0);
    const { plan, nextInvoice, currentPeriodEnd } = await customer.sync();
    expect([plan, nextInvoice!.amountMinor]).toEqual(['pro', 2900]);

    const priceId = await customer.priceOf('team', 'month');
    const { body: told } = await customer.api.post<ChangePreview>('/api/subscription/preview', {
      priceId,
    });
    const { prorationDate } = told;
    expect((await customer.change('team', 'month', { prorationDate })).status).toBe(200);
    const [changed] = await customer.payments();
    expect(changed).toMatchObject({ status: 'paid', amountPaidMinor: told.amountDueNowMinor });

    await advanceTo(app, currentPeriodEnd!);
    await advanceDays(app, 0.1);
    const [renewed] = await newest(customer);
    expect(renewed).toMatchObject({ reason: 'subscription_cycle', amountPaidMinor: 9900 });
  });

  test('of a pack, too', async () => {
    const customer = await signUp(app);
    const answer = await customer.api.post<{ checkoutUrl: string }>('/api/credits/checkout', {
      packId: 'small',
    });
    expect(answer.status).toBe(200);
    const id = new URL(answer.body.checkoutUrl).pathname.split('/').at(-1)!;
    await payIn(customer, id, { address: BERLIN });
    const bought = await customer.atStripe<Session>(`checkout/sessions/${id}`);
    expect(bought.total_details.amount_tax).toBeGreaterThan(0);
  });

  test('a business abroad that gave its tax id keeps both, and its details show them', async () => {
    const customer = await signUp(app);
    const id = await customer.checkout('pro', 'month');
    const taxId = { type: 'eu_vat', value: 'DE123456789' };
    await payIn(customer, id, { address: BERLIN, name: 'Wu GmbH', taxId });
    const { body } = await customer.api.get<BillingDetailsView>('/api/billing/details');
    expect(body).toMatchObject({ address: { country: 'DE', city: 'Berlin' }, taxIds: [taxId] });
  });
});

describe('13 promotion codes', () => {
  test('are taken at the till, and the renewal is announced with them', async () => {
    const customer = await signUp(app);
    const id = await customer.checkout('pro', 'month');
    const session = await customer.atStripe<Session>(`checkout/sessions/${id}`);
    expect(session.allow_promotion_codes).toBe(true);
  });

  /** Buys the medium pack with so many percent off, by a code that is entered on the page. */
  async function boughtWith(customer: Customer, percent: number): Promise<PurchaseView> {
    const { id: coupon } = await customer.atStripe<{ id: string }>('coupons', {
      ...{ percent_off: String(percent), duration: 'once' },
    });
    const code = `OFF${customer.tenantId.slice(0, 8)}`;
    await customer.atStripe('promotion_codes', {
      ...{ 'promotion[type]': 'coupon', 'promotion[coupon]': coupon, code },
    });
    const session = await openPack(customer, 'medium');
    const entered = await fetch(`${app.stripeUrl}/c/pay/${session}/promotion_code`, {
      method: 'POST',
      body: new URLSearchParams({ promotion_code: code }),
      redirect: 'manual',
    });
    expect(entered.status).toBe(303);
    await payIn(customer, session, { address: BERLIN });
    const [one] = await vi.waitFor(async () => {
      const all = await purchases(customer);
      expect(all).toMatchObject([{ state: 'granted' }]);
      return all;
    }, 60_000);
    return one!;
  }

  test('a pack whose price a code took away is granted, and nothing of it is given back', async () => {
    const customer = await signUp(app);
    const { id, credits, bonus, ...told } = await boughtWith(customer, 100);
    expect(told).toMatchObject({ amountMinor: 3_000, chargedMinor: 0, refundUntil: null });
    expect(await balance(customer)).toBe(credits + bonus);
    expect(await outOfPocket(customer)).toBe(0);
    const again = await customer.api.post(`/api/credits/purchases/${id}/refund`);
    expect(again).toMatchObject({ status: 409, body: { code: 'nothing_charged' } });
    expect(await returnPromised(customer, 'pack_bought')).toEqual([false]);
    const { purchases: service } = app.server.context.services;
    const wish = { purchaseId: id, reason: 'Goodwill.', by: 'staff' };
    await expect(service.refundByOperator(wish)).rejects.toMatchObject({ code: 'nothing_charged' });
    expect(await balance(customer)).toBe(credits + bonus);
  });

  test.each([
    ['all of what was paid, where nothing was used', 0],
    ['its part of what was paid, not of the price', 50],
  ])('of a pack at half the price goes back: %s', async (_what, used) => {
    const customer = await signUp(app);
    const { id, credits, ...told } = await boughtWith(customer, 50);
    const paid = await outOfPocket(customer);
    expect(told).toMatchObject({ amountMinor: 3_000, chargedMinor: paid });
    expect(paid).toBe(1_500);
    expect(told.refundUntil).not.toBeNull();
    expect(await returnPromised(customer, 'pack_bought')).toEqual([true]);
    if (used > 0) await useCredits(customer, used);
    const wanted = Math.floor((paid * (credits - used)) / credits);
    const answer = await customer.api.post(`/api/credits/purchases/${id}/refund`);
    expect(answer).toMatchObject({ status: 200, body: { refundMinor: wanted } });
    await settled(app);
    expect(await outOfPocket(customer)).toBe(paid - wanted);
  });
});

test('13 without the settings nothing of both is asked for, and no word is said of tax', async () => {
  const plain = await startTestApp();
  try {
    const customer = await signUp(plain);
    expect((await customer.api.get<ModeView>('/api/mode')).body.automaticTax).toBe(false);
    const id = await customer.checkout('pro', 'month');
    const session = await customer.atStripe<Session>(`checkout/sessions/${id}`);
    expect(session).toMatchObject({ automatic_tax: { enabled: false } });
    expect(session.allow_promotion_codes ?? false).toBe(false);
  } finally {
    await plain.stop();
  }
});

async function newest(customer: Customer): Promise<PaymentView[]> {
  await customer.sync();
  return customer.payments();
}
