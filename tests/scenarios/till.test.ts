import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview, ModeView, PaymentView } from '../../src/domain/api.ts';
import type { BillingDetailsView } from '../../src/domain/billing/billing-details.ts';
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
