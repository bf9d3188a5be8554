import type { Person } from '../faults/person.ts';
import type { World } from '../faults/world.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { runOperatorCommand } from '../support/operator-command.ts';

interface Difference {
  tenantId: string;
  fault?: string;
}

/**
 * What `npm run usage:verify` finds, by tenant: counters against the ledger, credits and overage against
 * what was drawn and agreed to, statements against what they bill.
 */
export async function differencesOf(world: World): Promise<Map<string, string[]>> {
  const env = { DATABASE_URL: world.databaseUrl, STRIPE_API_BASE: world.local.url };
  const ended = await runOperatorCommand('usage:verify', ['--json'], env);
  const found = new Map<string, string[]>();
  if (ended.code === 0) return found;
  const data = JSON.parse(ended.said) as Record<string, unknown>;
  const lists = Object.entries(data).filter(([, list]) => Array.isArray(list));
  for (const [name, list] of lists as [string, Difference[]][]) {
    for (const one of list.filter((it) => typeof it === 'object')) {
      const text = `${name} do not balance: ${JSON.stringify(one)}`;
      found.set(one.tenantId, [...(found.get(one.tenantId) ?? []), text]);
    }
  }
  if (found.size === 0) throw new Error(`usage:verify ended with ${ended.code}: ${ended.said}`);
  return found;
}

/** Where money for packs and statements, as Stripe has it, and what was given for it differ. */
export async function wrongMoney(person: Person, customers: string[]): Promise<string[]> {
  return [...(await wrongPacks(person, customers)), ...(await wrongStatements(person, customers))];
}

/** A pack that was paid is granted once, however often that was told; one that was not never is. */
async function wrongPacks({ world, tenantId }: Person, customers: string[]): Promise<string[]> {
  const grants = await inEveryBucket<{ ref: string }>(
    world.pool,
    `select origin_ref as ref from u00.credit_grants where tenant_id = $1 and origin = 'purchase'`,
    [tenantId],
  );
  const { rows } = await world.pool.query<{ id: string; session: string | null }>(
    'select id, stripe_session_id as session from credit_purchases where tenant_id = $1',
    [tenantId],
  );
  const { store } = world.local.kernel;
  const sessions = [...store.oldestFirst('checkout.session')].filter(
    ({ mode, customer }) => mode === 'payment' && customers.includes(String(customer)),
  );
  return sessions.flatMap(({ id, payment_status, payment_intent }) => {
    const purchase = rows.find(({ session }) => session === id)?.id;
    const given = grants.filter(({ ref }) => ref === purchase).length;
    const isPaid = payment_status === 'paid';
    const charge = [...store.oldestFirst('charge')].find(
      (one) => one.payment_intent === payment_intent && one.status === 'succeeded',
    );
    const isBack = charge !== undefined && charge.amount_refunded === charge.amount;
    if (given > 1) return [`the pack of ${id} was granted ${given} times`];
    if (given === 1 && !isPaid) return [`the pack of ${id} was granted and is ${payment_status}`];
    if (given === 0 && isPaid && !isBack) return [`the pack of ${id} was paid and never granted`];
    return [];
  });
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

/** How far the histories came with it: what was bought, billed and became of it. */
export async function tallyOf(world: World): Promise<Record<string, number>> {
  const { rows } = await world.pool.query<{ what: string; n: number }>(
    `select 'pack ' || state as what, count(*)::int as n from credit_purchases group by 1
     union all
     select 'statement ' || state, count(*)::int from statements group by 1
     order by 1`,
  );
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
}

/** Charges for packs and statements: they are told apart from what the subscription costs. */
export function chargesForUse({ world }: Person): Set<string> {
  const { store } = world.local.kernel;
  const intents = new Set<unknown>();
  for (const session of store.oldestFirst('checkout.session')) {
    if (session.mode === 'payment') intents.add(session.payment_intent);
  }
  for (const { invoice, payment } of store.oldestFirst('invoice_payment')) {
    const of = store.get('invoice', String(invoice));
    if (of?.metadata?.['statementId'] !== undefined) intents.add(payment.payment_intent);
  }
  const charges = [...store.oldestFirst('charge')];
  return new Set(charges.filter((one) => intents.has(one.payment_intent)).map(({ id }) => id));
}
