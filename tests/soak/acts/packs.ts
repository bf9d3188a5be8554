import type { PurchaseView } from '../../../src/domain/api.ts';
import type { Person } from '../../faults/person.ts';
import { statusOf, type Act } from './act.ts';

const ASKING = 'pm_card_authenticationRequired';

export const PACKS = {
  'buy a small pack by card': (person) => buy(person, 'small', { card: 'pm_card_visa' }),
  'buy a medium pack by Alipay': (person) => buy(person, 'medium', { method: 'alipay' }),
  'buy a small pack by WeChat': (person) => buy(person, 'small', { method: 'wechat_pay' }),
  'buy a pack, the card is declined': (person) =>
    buy(person, 'small', { card: 'pm_card_chargeDeclined' }),
  'buy a pack, the payment is disputed': (person) =>
    buy(person, 'small', { card: 'pm_card_createDispute' }),
  'buy a pack, the bank asks and is answered': (person) => buy(person, 'small', { card: ASKING }),
  'buy a pack, the bank asks and is refused': (person) =>
    buy(person, 'small', { card: ASKING, authenticate: false }),
  'buy a pack, and leave at the bank': (person) => leaveAtTheBank(person),
  'come back to the bank': (person) => comeBackToTheBank(person),
  'open a pack and leave': (person) => buy(person, 'large', null),
  'give the open pack up': async (person) => {
    const open = (await purchasesOf(person)).find(({ state }) => state === 'open');
    return open ? statusOf(person.api.post(`/api/credits/purchases/${open.id}/cancel`)) : 0;
  },
  'give the pack back': async (person) => {
    const id = (await purchasesOf(person))[0]?.id;
    return id ? statusOf(person.api.post(`/api/credits/purchases/${id}/refund`)) : 0;
  },
  'staff give half of the pack back': async (person) => {
    const purchase = (await purchasesOf(person))[0];
    const intent = purchase && (await intentOf(person, purchase.id));
    if (!intent) return 0;
    const refund = { payment_intent: intent, amount: Math.floor(purchase.amountMinor / 2) };
    const made = await person.world.stripe.refunds.create(refund).catch(() => undefined);
    return made ? 200 : 0;
  },
} satisfies Record<string, Act>;

type Pays = { card: string; authenticate?: boolean } | { method: string };

async function buy(person: Person, packId: string, pays: Pays | null): Promise<number> {
  const { status, url } = await openPack(person, packId);
  const session = /cs_\w+/.exec(url)?.[0];
  if (session && pays) {
    await person.world.control.post(`/_control/checkout_sessions/${session}/complete`, pays);
  }
  return status;
}

/** Opens a Checkout; `url` is empty where none was opened. */
export async function openPack(
  { api }: Person,
  packId: string,
): Promise<{ status: number; url: string }> {
  const { status, body } = await api.post<{ checkoutUrl?: string }>('/api/credits/checkout', {
    packId,
  });
  return { status, url: body.checkoutUrl ?? '' };
}

/** Types the card on Stripe's page, which leads to the bank's, and closes that. */
async function leaveAtTheBank(person: Person): Promise<number> {
  const { status, url } = await openPack(person, 'small');
  if (url === '') return status;
  const card = { number: '4000002760003184', expiry: '12/49', cvc: '123', name: 'Ada' };
  await fetch(url, { method: 'POST', body: new URLSearchParams(card), redirect: 'manual' });
  return status;
}

/** Whatever the bank of the customer waits for in a Checkout is confirmed, however late. */
async function comeBackToTheBank(person: Person): Promise<number> {
  const waits = await packAtTheBank(person);
  if (!waits) return 0;
  return answerBank(new URL(`/3ds/${waits.id}`, person.world.local.url), 'complete');
}

/** The newest payment of a pack that waits for its bank. */
export async function packAtTheBank(person: Person): Promise<{ id: string } | undefined> {
  const { store } = person.world.local.kernel;
  const customer = await person.customerId();
  return [...store.newestFirst('payment_intent')].find(
    (one) => one.customer === customer && one.status === 'requires_action' && isOfPack(one),
  );
}

const isOfPack = ({ metadata }: { metadata: Record<string, string> }) =>
  metadata['purchaseId'] !== undefined;

/** Says on the bank's page whether the payment is one's own. */
export function answerBank(page: URL, outcome: 'complete' | 'fail'): Promise<number> {
  const body = new URLSearchParams({ outcome });
  return statusOf(fetch(page, { method: 'POST', body, redirect: 'manual' }));
}

/** The newest first. */
export async function purchasesOf({ api }: Person): Promise<PurchaseView[]> {
  const { body } = await api.get<{ purchases?: PurchaseView[] }>('/api/credits/purchases');
  return body.purchases ?? [];
}

async function intentOf({ world }: Person, purchaseId: string): Promise<string | null> {
  const { rows } = await world.pool.query<{ id: string | null }>(
    'select stripe_payment_intent_id as id from credit_purchases where id = $1',
    [purchaseId],
  );
  return rows[0]?.id ?? null;
}
