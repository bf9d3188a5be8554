import { expect, vi } from 'vitest';
import type { PurchaseView } from '../../src/domain/api.ts';
import type { CreditsView } from '../../src/domain/billing/credits.ts';
import { GOOD_CARD, settled, type Customer } from './customer.ts';
import { caller, type Answer } from './http.ts';
import { setChaos } from './stripe-chaos.ts';

export const MICRO = 1_000_000;

export const buy = (
  { api }: Customer,
  packId: string,
  extra: object = {},
): Promise<Answer<{ checkoutUrl: string }>> =>
  api.post('/api/credits/checkout', { packId, ...extra });

/** Opens a Checkout for a pack; answers its session's id. */
export async function openPack(
  customer: Customer,
  packId: string,
  extra: object = {},
): Promise<string> {
  const answer = await buy(customer, packId, extra);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return sessionOf(answer.body.checkoutUrl);
}

export const sessionOf = (url: string) => new URL(url).pathname.split('/').at(-1)!;

/** Pays on the hosted page, by card or by a wallet. */
export async function payPack(
  { app }: Customer,
  sessionId: string,
  by: { card: string } | { method: 'alipay' | 'wechat_pay' } = { card: GOOD_CARD },
): Promise<void> {
  const path = `/_control/checkout_sessions/${sessionId}/complete`;
  const answer = await caller(app.stripeUrl).post<{ paymentStatus: string }>(path, by);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

export async function purchases({ api }: Customer): Promise<PurchaseView[]> {
  const answer = await api.get<{ purchases: PurchaseView[] }>('/api/credits/purchases');
  expect(answer.status).toBe(200);
  return answer.body.purchases;
}

export async function credits({ api }: Customer): Promise<CreditsView> {
  const answer = await api.get<CreditsView>('/api/credits');
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Whole credits that can be used now. */
export const balance = async (customer: Customer) => (await credits(customer)).balance / MICRO;

/** Waits until what events have ordered is done: nothing is due to be looked at, be it for the first time. */
export async function lookedAt(customer: Customer): Promise<void> {
  await settled(customer.app);
  await vi.waitFor(
    async () => {
      const { rows } = await customer.app.database.pool.query(
        `select id, state, last_error from credit_purchases
         where tenant_id = $1 and look_at <= greatest(synced_at, $2)`,
        [customer.tenantId, customer.app.server.context.clock.now()],
      );
      expect(rows).toEqual([]);
    },
    { timeout: 60_000, interval: 20 },
  );
}

/**
 * Opens a Checkout for a pack, and nobody hears of anything at Stripe from here on: what the opening
 * itself ordered is done before, so that no look of its own finds the payment. Answers its session's id.
 */
export async function openUnheard(customer: Customer, packId: string): Promise<string> {
  const session = await openPack(customer, packId);
  await lookedAt(customer);
  setChaos(customer.app.localStripe!, { drop: 1 });
  return session;
}

/** Buys, pays, and waits until the webhook has done its work; answers the purchase. */
export async function bought(
  customer: Customer,
  packId: string,
  by?: Parameters<typeof payPack>[2],
): Promise<PurchaseView> {
  const session = await openPack(customer, packId);
  await payPack(customer, session, by);
  await settled(customer.app);
  return vi.waitFor(
    async () => {
      const [newest] = await purchases(customer);
      expect(newest).toMatchObject({ packId, state: 'granted' });
      return newest!;
    },
    { timeout: 60_000, interval: 50 },
  );
}

/** Credits are used as another service of the platform would report it: images beyond the quota. */
export async function useImages({ app, tenantId }: Customer, amount: number): Promise<void> {
  const response = await fetch(`${app.url}/api/usage/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${app.usageIngestToken}`,
    },
    body: JSON.stringify({
      events: [{ tenantId, resourceType: 'images', amount, idempotencyKey: crypto.randomUUID() }],
    }),
  });
  expect(response.status).toBe(200);
}

/** The charge of the newest purchase, at Stripe. */
export async function chargeOf(customer: Customer): Promise<string> {
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `charges?customer=${await customer.customerId()}&limit=1`,
  );
  return data[0]!.id;
}

/** As staff do it in the dashboard: all of the newest purchase, or a sum. */
export async function refundByStaff(customer: Customer, amount?: number): Promise<{ id: string }> {
  return customer.atStripe<{ id: string }>('refunds', {
    charge: await chargeOf(customer),
    ...(amount === undefined ? {} : { amount: String(amount) }),
  });
}

/** The plan has ten images; each more is two credits. Once a customer. */
export const useCredits = (customer: Customer, amount: number) =>
  useImages(customer, 10 + amount / 2);

/** Waits until the newest purchase is in a state, and so many credits can be used. */
export async function becomes(customer: Customer, state: string, whole: number): Promise<void> {
  await vi.waitFor(
    async () => {
      expect((await purchases(customer))[0]).toMatchObject({ state });
      expect(await balance(customer)).toBe(whole);
    },
    { timeout: 60_000, interval: 50 },
  );
}
