import {
  and,
  asc,
  eq,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  notExists,
  or,
  sql,
} from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import {
  memberships,
  syncFailures,
  tenants,
  users,
  type Tenant,
  type User,
} from '../../schema/index.ts';
import type { OveragePause } from '../../../domain/billing/overage.ts';
import type { Money } from '../../../domain/money.ts';
import type { Plan } from '../../../domain/plans.ts';

/** The tenant, deleted or not. */
export async function findTenantById(db: DbOrTx, tenantId: string): Promise<Tenant | undefined> {
  const [row] = await db.select().from(tenants).where(eq(tenants.id, tenantId));
  return row;
}

/** The tenant of a Stripe customer, deleted or not. */
export async function findTenantByCustomer(
  db: DbOrTx,
  customerId: string,
): Promise<Tenant | undefined> {
  const [row] = await db.select().from(tenants).where(eq(tenants.stripeCustomerId, customerId));
  return row;
}

/** Gives the tenant its customer, or a new one instead of `previous`. False when another was faster. */
export async function setCustomer(
  db: DbOrTx,
  values: { tenantId: string; customerId: string; previous: string | null; now: Date },
): Promise<boolean> {
  const { tenantId, customerId, previous, now } = values;
  const held =
    previous === null ? isNull(tenants.stripeCustomerId) : eq(tenants.stripeCustomerId, previous);
  const rows = await db
    .update(tenants)
    .set({ stripeCustomerId: customerId, updatedAt: now })
    .where(and(eq(tenants.id, tenantId), held))
    .returning({ id: tenants.id });
  return rows.length === 1;
}

/** What the sync found: the only writer of `tenants.plan`. */
export async function writeEntitlement(
  db: DbOrTx,
  tenantId: string,
  values: {
    plan: Plan;
    planVersion: number | null;
    subscriptionId: string | null;
    basePlan: Plan | null;
    basePlanVersion: number | null;
    shareFrom: Date | null;
    shareUntil: Date | null;
    overageCurrency: string | null;
    overageSuspended: OveragePause | null;
    trialUsedAt: Date | null;
    syncedAt: Date;
    now: Date;
  },
): Promise<void> {
  const { now, ...written } = values;
  await db
    .update(tenants)
    .set({ ...written, updatedAt: changedAt(now) })
    .where(eq(tenants.id, tenantId));
}

/**
 * When a change of what a tenant may use was made: metering is told the row's own time where that is another
 * than before, so that it is later than whatever the same transaction wrote at the same instant.
 */
export const changedAt = (now: Date) =>
  sql<Date>`greatest(${now.toISOString()}::timestamptz, ${tenants.updatedAt} + interval '1 microsecond')`;

/** What Stripe holds for the tenant's invoices to come. */
export async function writeCredits(
  db: DbOrTx,
  tenantId: string,
  { credits, now }: { credits: Money[]; now: Date },
): Promise<void> {
  await db.update(tenants).set({ credits, updatedAt: now }).where(eq(tenants.id, tenantId));
}

/** Leaves a tombstone: rows that tell of money keep their owner. */
export async function markTenantDeleted(db: DbOrTx, tenantId: string, now: Date): Promise<void> {
  await db
    .update(tenants)
    .set({ deletedAt: now, updatedAt: changedAt(now) })
    .where(eq(tenants.id, tenantId));
}

/** Somebody who was in a deleted tenant. */
export type FormerMember = Pick<User, 'id' | 'email' | 'displayName' | 'locale' | 'timeZone'> & {
  /** They belonged to no other tenant, and are gone with all that is known of them. */
  isErased: boolean;
};

/**
 * Takes everybody out of a deleted tenant, and those who belong to no other away with all that is known
 * of them. Under the locks of the people: another tenant may let one go at the same time.
 */
export async function deleteTenantUsers(tx: Tx, tenantId: string): Promise<FormerMember[]> {
  const { id, email, displayName, locale, timeZone } = users;
  const members = await tx
    .select({ id, email, displayName, locale, timeZone })
    .from(users)
    .innerJoin(memberships, eq(memberships.userId, users.id))
    .where(eq(memberships.tenantId, tenantId))
    .orderBy(asc(users.id))
    .for('update', { of: users });
  await tx.delete(memberships).where(eq(memberships.tenantId, tenantId));
  const elsewhere = tx.select().from(memberships).where(eq(memberships.userId, users.id));
  const erased = await tx
    .delete(users)
    .where(and(eq(users.tenantId, tenantId), notExists(elsewhere)))
    .returning({ id: users.id });
  const gone = new Set(erased.map((one) => one.id));
  return members.map((one) => ({ ...one, isErased: gone.has(one.id) }));
}

/** Where the reconciler's sweep is: the customer it read last, and when that one had been synced. */
export interface SweepPosition {
  syncedAt: Date;
  customerId: string;
}

export const SWEEP_START: SweepPosition = { syncedAt: new Date(0), customerId: '' };

/**
 * Customers that were last read from Stripe before `syncedBefore`, the oldest reading first, so
 * that a sweep that is cut short goes on with the others next time. `dueAt` leaves out those whose
 * failure waits for a later try.
 */
export async function listCustomers(
  db: DbOrTx,
  values: { after: SweepPosition; syncedBefore: Date; dueAt: Date | undefined; limit: number },
): Promise<SweepPosition[]> {
  const { after, syncedBefore, dueAt, limit } = values;
  const syncedAt = sql<Date>`coalesce(${tenants.syncedAt}, 'epoch')`.mapWith(tenants.syncedAt);
  const rows = await db
    .select({ syncedAt, customerId: tenants.stripeCustomerId })
    .from(tenants)
    .leftJoin(syncFailures, eq(syncFailures.stripeCustomerId, tenants.stripeCustomerId))
    .where(
      and(
        isNotNull(tenants.stripeCustomerId),
        sql`(${syncedAt}, ${tenants.stripeCustomerId}) > (${after.syncedAt.toISOString()}::timestamptz, ${after.customerId})`,
        or(isNull(tenants.syncedAt), lt(tenants.syncedAt, syncedBefore)),
        dueAt && or(isNull(syncFailures.retryAt), lte(syncFailures.retryAt, dueAt)),
      ),
    )
    .orderBy(asc(syncedAt), asc(tenants.stripeCustomerId))
    .limit(limit);
  return rows.flatMap(({ syncedAt, customerId }) => (customerId ? { syncedAt, customerId } : []));
}

/** Of these customers, the ones that no tenant has. */
export async function listUnknownCustomers(db: DbOrTx, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .select({ customerId: tenants.stripeCustomerId })
    .from(tenants)
    .where(inArray(tenants.stripeCustomerId, [...ids]));
  const known = new Set(rows.map(({ customerId }) => customerId));
  return ids.filter((id) => !known.has(id));
}

export function countCustomers(db: DbOrTx): Promise<number> {
  return db.$count(tenants, isNotNull(tenants.stripeCustomerId));
}

export interface BillingContact {
  userId: string;
  email: string;
  displayName: string;
  locale: string;
  timeZone: string | null;
  /** Kinds of mails that the person does not want. */
  mutedMails: string[];
  /** The tenant's second address for mails about money. */
  billingEmail: string | null;
}

/** Who is written to about billing: of its owners the one who joined first. */
export async function findBillingContact(
  db: DbOrTx,
  tenantId: string,
): Promise<BillingContact | undefined> {
  const [row] = await db
    .select({
      userId: users.id,
      email: users.email,
      displayName: users.displayName,
      locale: users.locale,
      timeZone: users.timeZone,
      mutedMails: users.mutedMails,
      billingEmail: tenants.billingEmail,
    })
    .from(memberships)
    .innerJoin(users, eq(memberships.userId, users.id))
    .innerJoin(tenants, eq(memberships.tenantId, tenants.id))
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.role, 'owner')))
    .orderBy(asc(memberships.joinedAt), asc(users.id))
    .limit(1);
  return row;
}

/** The addresses of those who may buy for the tenant. */
export async function listBuyerEmails(db: DbOrTx, tenantId: string): Promise<string[]> {
  const rows = await db
    .select({ email: users.email })
    .from(memberships)
    .innerJoin(users, eq(memberships.userId, users.id))
    .where(and(eq(memberships.tenantId, tenantId), ne(memberships.role, 'member')));
  return rows.map((row) => row.email);
}

/** The language in which a person reads Stripe's pages. */
export async function findUserLocale(db: DbOrTx, userId: string): Promise<string | undefined> {
  const [row] = await db.select({ locale: users.locale }).from(users).where(eq(users.id, userId));
  return row?.locale;
}
