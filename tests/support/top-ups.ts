import { expect, vi } from 'vitest';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import type { AutoTopUpView } from '../../src/domain/billing/spending/top-up.ts';
import type { PurchaseView } from '../../src/domain/api.ts';
import { settled, signUp, type Customer } from './customer.ts';
import type { Answer } from './http.ts';
import { openPack, purchases } from './packs.ts';
import type { TestApp } from './app.ts';

const PATH = '/api/billing/limits';
export const SMALL = { amountMinor: 600, currency: 'cny', credits: 60 };
export type Refused = { code: string; error: string; details: Record<string, unknown> };

export const putTopUp = (
  { api }: Customer,
  autoTopUp: object,
): Promise<Answer<LimitsView & Refused>> => api.put(PATH, { autoTopUp });

/** Agrees that the small pack is bought below 10 credits, for ¥30 a month at most. */
export const agree = (customer: Customer, more: object = {}) =>
  putTopUp(customer, {
    ...{ enabled: true, packId: 'small', lowCredits: 10, monthMaxMinor: 3_000, consent: SMALL },
    ...more,
  });

/** From now on this card is charged where nobody is present. */
export async function saveCard(customer: Customer, card: string): Promise<void> {
  const id = await customer.customerId();
  const { id: method } = await customer.atStripe<{ id: string }>(`payment_methods/${card}/attach`, {
    customer: id,
  });
  await customer.atStripe(`customers/${id}`, {
    'invoice_settings[default_payment_method]': method,
  });
}

/** Somebody on Free with a saved card, who has agreed. */
export async function agreed(
  app: TestApp,
  card = 'pm_card_visa',
  more: object = {},
): Promise<Customer> {
  const customer = await signUp(app);
  await agreeWith(customer, card, more);
  return customer;
}

/** Saves a card, and agrees. */
export async function agreeWith(
  customer: Customer,
  card = 'pm_card_visa',
  more: object = {},
): Promise<void> {
  await openPack(customer, 'small');
  const [open] = await purchases(customer);
  await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`);
  await saveCard(customer, card);
  await settled(customer.app);
  const answer = await agree(customer, more);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

export async function topUpOf({ api }: Customer): Promise<AutoTopUpView> {
  const answer = await api.get<LimitsView>(PATH);
  expect(answer.status).toBe(200);
  return answer.body.autoTopUp;
}

export const bySelf = async (customer: Customer): Promise<PurchaseView[]> =>
  (await purchases(customer)).filter(({ trigger }) => trigger === 'auto');

/** The minute's task. */
export const want = ({ server }: TestApp) => server.context.services.limits.beginTopUps();

/** Runs the task, and waits until the newest top-up is in a state and told of. */
export async function toppedUp(customer: Customer, state = 'granted'): Promise<PurchaseView> {
  await want(customer.app);
  await becomesOne(customer, state);
  await settled(customer.app);
  return (await bySelf(customer))[0]!;
}

export const becomesOne = (customer: Customer, state: string) =>
  vi.waitFor(async () => expect((await bySelf(customer))[0]).toMatchObject({ state }), {
    timeout: 60_000,
    interval: 50,
  });

/** How often somebody's card was tried. */
export async function attempts(customer: Customer): Promise<number> {
  const id = await customer.customerId();
  const { data } = await customer.atStripe<{ data: { attempt_count: number; id: string }[] }>(
    `invoices?customer=${id}&limit=100`,
  );
  const its = new Set(await invoicesOf(customer));
  return data.filter((one) => its.has(one.id)).reduce((sum, one) => sum + one.attempt_count, 0);
}

async function invoicesOf({ app, tenantId }: Customer): Promise<string[]> {
  const { rows } = await app.database.pool.query<{ id: string }>(
    `select stripe_invoice_id as id from credit_purchases
     where tenant_id = $1 and trigger = 'auto' and stripe_invoice_id is not null`,
    [tenantId],
  );
  return rows.map(({ id }) => id);
}
