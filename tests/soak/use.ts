import { randomUUID } from 'node:crypto';
import type { PurchaseView } from '../../src/domain/api.ts';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import type { StatementView } from '../../src/domain/billing/statement.ts';
import type { Person } from '../faults/person.ts';
import { caller } from '../support/http.ts';
import { INGEST_TOKEN } from './open-world.ts';

type Act = (person: Person) => Promise<number>;

/**
 * What a customer does with use beyond the quota. Each answers the status that it was answered with; 0
 * where there was nothing to ask for.
 */
const ACTS = {
  'use 6 pictures': (person) => report(person, 6),
  'use 40 pictures': (person) => report(person, 40),
  'use 600 pictures': (person) => report(person, 600),
  'use 5,100 pictures': (person) => report(person, 5_100),
  'buy a small pack by card': (person) => buyPack(person, 'small', { card: 'pm_card_visa' }),
  'buy a medium pack by Alipay': (person) => buyPack(person, 'medium', { method: 'alipay' }),
  'buy a small pack by WeChat': (person) => buyPack(person, 'small', { method: 'wechat_pay' }),
  'buy a pack, the card is declined': (person) =>
    buyPack(person, 'small', { card: 'pm_card_chargeDeclined' }),
  'buy a pack, the payment is disputed': (person) =>
    buyPack(person, 'small', { card: 'pm_card_createDispute' }),
  'open a pack and leave': (person) => buyPack(person, 'large', null),
  'give the pack back': async (person) => {
    const id = (await newestPack(person))?.id;
    return id ? status(person.api.post(`/api/credits/purchases/${id}/refund`)) : 0;
  },
  'staff give half of the pack back': async (person) => {
    const purchase = await newestPack(person);
    const intent = purchase && (await intentOf(person, purchase.id));
    if (!intent) return 0;
    const refund = { payment_intent: intent, amount: Math.floor(purchase.amountMinor / 2) };
    await person.world.stripe.refunds.create(refund).catch(() => undefined);
    return 0;
  },
  'agree to 10 of overage': (person) => agree(person, 1_000),
  'agree to 300 of overage': (person) => agree(person, 30_000),
  'end overage': (person) =>
    status(person.api.put('/api/billing/limits', { overage: { enabled: false } })),
  'pay what is open': async (person) => {
    const { body } = await person.api.get<{ statements?: StatementView[] }>(
      '/api/subscription/statements',
    );
    const url = body.statements?.find(({ payUrl }) => payUrl !== null)?.payUrl;
    if (!url) return 0;
    const card = { number: '4242424242424242', expiry: '12/49', cvc: '123' };
    await fetch(url, { method: 'POST', body: new URLSearchParams(card), redirect: 'manual' });
    return 0;
  },
} satisfies Record<string, Act>;

export type UseAct = keyof typeof ACTS;

export const USE_ACTS = Object.keys(ACTS) as UseAct[];

/** Does it; 0 also where no answer came. */
export function use(person: Person, act: UseAct): Promise<number> {
  return ACTS[act](person).catch(() => 0);
}

const status = async (asked: Promise<{ status: number }>) => (await asked).status;

/** As another service of the platform reports it: the event alone may be refused, by its result. */
async function report({ tenantId, url }: Person, amount: number): Promise<number> {
  const event = { tenantId, resourceType: 'images', amount, idempotencyKey: randomUUID() };
  return status(caller(url, INGEST_TOKEN).post('/api/usage/events', { events: [event] }));
}

async function buyPack(
  person: Person,
  packId: string,
  pays: { card: string } | { method: string } | null,
): Promise<number> {
  const answer = await person.api.post<{ checkoutUrl?: string }>('/api/credits/checkout', {
    packId,
  });
  const session = /cs_\w+/.exec(answer.body.checkoutUrl ?? '')?.[0];
  if (session && pays) {
    await person.world.control.post(`/_control/checkout_sessions/${session}/complete`, pays);
  }
  return answer.status;
}

async function agree({ api }: Person, capMinor: number): Promise<number> {
  const { body, status: read } = await api.get<LimitsView>('/api/billing/limits');
  if (read !== 200 || !body.overage.price) return read;
  const overage = { enabled: true, capMinor, consent: body.overage.price };
  return status(api.put('/api/billing/limits', { overage }));
}

async function newestPack({ api }: Person): Promise<PurchaseView | undefined> {
  const { body } = await api.get<{ purchases?: PurchaseView[] }>('/api/credits/purchases');
  return body.purchases?.[0];
}

async function intentOf({ world }: Person, purchaseId: string): Promise<string | null> {
  const { rows } = await world.pool.query<{ id: string | null }>(
    'select stripe_payment_intent_id as id from credit_purchases where id = $1',
    [purchaseId],
  );
  return rows[0]?.id ?? null;
}
