import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import type { Settled } from '../../../domain/billing/intent.ts';
import type { DbOrTx } from '../../client.ts';
import { billingIntents, type BillingIntent, type NewBillingIntent } from '../../schema/index.ts';

const UNSETTLED = ['open', 'waiting'] as const;

/** What the tenant wants, in the place of what it wanted before. */
export async function insertIntent(db: DbOrTx, values: NewBillingIntent): Promise<BillingIntent> {
  const { tenantId, createdAt } = values;
  await db
    .update(billingIntents)
    .set({ state: 'replaced', settledAt: createdAt ?? sql`now()` })
    .where(and(eq(billingIntents.tenantId, tenantId), inArray(billingIntents.state, UNSETTLED)));
  const [row] = await db.insert(billingIntents).values(values).returning();
  if (!row) throw new Error('The database returned no intent.');
  return row;
}

/** What the tenant wants and does not have yet. */
export async function findUnsettledIntent(
  db: DbOrTx,
  tenantId: string,
): Promise<BillingIntent | undefined> {
  const [row] = await db
    .select()
    .from(billingIntents)
    .where(and(eq(billingIntents.tenantId, tenantId), inArray(billingIntents.state, UNSETTLED)));
  return row;
}

/** What the tenant wants and does not have yet, else the last thing that it wanted. */
export async function findLastIntent(
  db: DbOrTx,
  tenantId: string,
): Promise<BillingIntent | undefined> {
  const [row] = await db
    .select()
    .from(billingIntents)
    .where(eq(billingIntents.tenantId, tenantId))
    .orderBy(desc(sql`${billingIntents.settledAt} is null`), desc(billingIntents.createdAt))
    .limit(1);
  return row;
}

/** Tenants with something unsettled, those that wait longest for a try first. */
export async function listTenantsWithIntents(db: DbOrTx, limit: number): Promise<string[]> {
  const rows = await db
    .select({ tenantId: billingIntents.tenantId })
    .from(billingIntents)
    .where(inArray(billingIntents.state, UNSETTLED))
    .orderBy(asc(billingIntents.updatedAt))
    .limit(limit);
  return rows.map((row) => row.tenantId);
}

/** Records how it came to its end. */
export async function settleIntent(
  db: DbOrTx,
  id: string,
  values: { state: Settled; error?: string; foundOut?: boolean; now: Date },
): Promise<void> {
  const { state, error, foundOut, now } = values;
  await db
    .update(billingIntents)
    .set({
      state,
      settledAt: now,
      updatedAt: now,
      ...(foundOut ? { foundOutAt: now } : {}),
      ...(error === undefined ? {} : { lastError: error }),
    })
    .where(eq(billingIntents.id, id));
}

/** Records a try that did not settle it: cut, or waiting for the customer's payment. */
export async function keepIntent(
  db: DbOrTx,
  id: string,
  values: { state: 'open' | 'waiting'; error?: string; now: Date },
): Promise<void> {
  const { state, error, now } = values;
  await db
    .update(billingIntents)
    .set({
      state,
      updatedAt: now,
      attempts: sql`${billingIntents.attempts} + 1`,
      lastError: error ?? null,
    })
    .where(eq(billingIntents.id, id));
}
