import type { Person } from '../faults/person.ts';
import { inEveryBucket } from '../support/buckets.ts';

/** What was ordered at Stripe for a purchase: a Checkout, or the invoice of a top-up. */
interface Order {
  id: string;
  purchaseId: string;
  isPaid: boolean;
  intents: string[];
}

/** Where money for packs and statements, as Stripe has it, and what was given for it differ. */
export async function wrongMoney(person: Person, customers: string[]): Promise<string[]> {
  return [...(await wrongPacks(person, customers)), ...(await wrongStatements(person, customers))];
}

/** A pack that was paid is granted once, however often that was told; one that was not never is. */
async function wrongPacks(person: Person, customers: string[]): Promise<string[]> {
  const { world, tenantId } = person;
  const grants = await inEveryBucket<{ ref: string }>(
    world.pool,
    `select origin_ref as ref from u00.credit_grants where tenant_id = $1 and origin = 'purchase'`,
    [tenantId],
  );
  const charges = [...world.local.kernel.store.oldestFirst('charge')];
  const orders = [...checkoutsOf(person, customers), ...topUpsOf(person, customers)];
  const byPurchase = Map.groupBy(orders, ({ purchaseId }) => purchaseId);
  return [...byPurchase].flatMap(([purchaseId, its]) => {
    const name = `the pack of ${its.map(({ id }) => id).join(', ')}`;
    const given = grants.filter(({ ref }) => ref === purchaseId).length;
    const isPaid = its.some((one) => one.isPaid);
    const paid = charges.filter(
      (one) =>
        one.status === 'succeeded' &&
        its.some(({ intents }) => intents.includes(String(one.payment_intent))),
    );
    const kept = paid.filter((one) => one.amount_refunded < one.amount);
    const isBack = paid.length > 0 && kept.length === 0;
    if (kept.length > 1) return [`${name} was charged ${kept.length} times`];
    if (given > 1) return [`${name} was granted ${given} times`];
    if (given === 1 && !isPaid) return [`${name} was granted and is not paid`];
    if (given === 0 && isPaid && !isBack) return [`${name} was paid and never granted`];
    return [];
  });
}

function checkoutsOf({ world }: Person, customers: string[]): Order[] {
  const sessions = [...world.local.kernel.store.oldestFirst('checkout.session')].filter(
    ({ mode, customer }) => mode === 'payment' && customers.includes(String(customer)),
  );
  return sessions.map(({ id, metadata, payment_status, payment_intent }) => ({
    ...{ id, purchaseId: metadata?.['purchaseId'] ?? 'nobody' },
    isPaid: payment_status === 'paid',
    intents: payment_intent === null ? [] : [String(payment_intent)],
  }));
}

function topUpsOf(person: Person, customers: string[]): Order[] {
  const { store } = person.world.local.kernel;
  return topUpInvoices(person, customers).map(({ id, metadata, status }) => ({
    ...{ id, purchaseId: metadata!['purchaseId']!, isPaid: status === 'paid' },
    intents: [...store.oldestFirst('invoice_payment')]
      .filter(({ invoice }) => invoice === id)
      .map(({ payment }) => String(payment.payment_intent)),
  }));
}

/** Invoices of packs that no Checkout made. */
function topUpInvoices({ world }: Person, customers: string[]) {
  const { store } = world.local.kernel;
  const ofCheckouts = new Set([...store.oldestFirst('checkout.session')].map((one) => one.invoice));
  return [...store.oldestFirst('invoice')].filter(
    ({ id, customer, metadata }) =>
      customers.includes(String(customer)) &&
      metadata?.['purchaseId'] !== undefined &&
      !ofCheckouts.has(id),
  );
}

/** How many packs were bought by themselves and paid, by the invoices at Stripe. */
export async function topUpsPaid(person: Person): Promise<number> {
  const all = topUpInvoices(person, [await person.customer()]);
  return all.filter(({ status }) => status === 'paid').length;
}

/** How many of those wait for their payment. */
export async function topUpsOpen(person: Person): Promise<number> {
  const all = topUpInvoices(person, [await person.customer()]);
  return all.filter(({ status }) => status === 'open').length;
}

/** A statement is collected by one invoice at most, over what it says. */
async function wrongStatements(
  { world, tenantId }: Person,
  customers: string[],
): Promise<string[]> {
  const { rows } = await world.pool.query<{ id: string; minor: string; state: string }>(
    `select id, state, amount_minor + carried_in_minor as minor from statements where tenant_id = $1`,
    [tenantId],
  );
  const invoices = [...world.local.kernel.store.oldestFirst('invoice')].filter(
    ({ customer, status }) => customers.includes(String(customer)) && status !== 'draft',
  );
  return rows.flatMap(({ id, minor, state }) => {
    const its = invoices.filter(({ metadata }) => metadata?.['statementId'] === id);
    const paid = its.filter(({ status }) => status === 'paid');
    if (its.length > 1) return [`statement ${id} has ${its.length} invoices`];
    if (its.some(({ total }) => total !== Number(minor))) {
      return [`statement ${id} over ${minor} is invoiced over ${its[0]!.total}`];
    }
    if ((state === 'paid') !== (paid.length === 1)) {
      return [`statement ${id} is ${state}, its invoice ${its[0]?.status ?? 'missing'}`];
    }
    return [];
  });
}

/** Charges for packs and statements: they are told apart from what the subscription costs. */
export function chargesForUse({ world }: Person): Set<string> {
  const { store } = world.local.kernel;
  const intents = new Set<unknown>();
  for (const session of store.oldestFirst('checkout.session')) {
    if (session.mode === 'payment') intents.add(session.payment_intent);
  }
  for (const { invoice, payment } of store.oldestFirst('invoice_payment')) {
    const { metadata } = store.get('invoice', String(invoice)) ?? {};
    const isForUse = ['statementId', 'purchaseId'].some((one) => metadata?.[one] !== undefined);
    if (isForUse) intents.add(payment.payment_intent);
  }
  const charges = [...store.oldestFirst('charge')];
  return new Set(charges.filter((one) => intents.has(one.payment_intent)).map(({ id }) => id));
}
