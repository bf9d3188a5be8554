import { and, asc, eq, gt, inArray, isNull, lt, max, or, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { PaidPlan, Plan, PlanDefinition } from '../../../domain/plans.ts';
import type { DbOrTx } from '../../client.ts';
import {
  planAnnouncements,
  planPrices,
  planVersions,
  subscriptions,
  tenants,
} from '../../schema/index.ts';
import { changedAt } from './tenant-billing.repository.ts';

/** A version that was published. */
export interface PublishedPlan extends PlanDefinition {
  /** It waits for its day, or was called off before: on free, where everybody has the newest, nobody has it. */
  isOnlyAnnounced: boolean;
}

/** Every version that was published, oldest first. */
export function listPlanVersions(db: DbOrTx): Promise<PublishedPlan[]> {
  return db
    .select({
      isOnlyAnnounced: sql<boolean>`${planVersions.plan} = 'free' and ${planAnnouncements.version} is not null
        and ${planAnnouncements.carriedAt} is null`,
      plan: planVersions.plan,
      version: planVersions.version,
      name: planVersions.name,
      features: planVersions.features,
      limits: planVersions.limits,
      rates: planVersions.rates,
      overage: planVersions.overage,
      rollover: planVersions.rollover,
      seats: planVersions.seats,
    })
    .from(planVersions)
    .leftJoin(
      planAnnouncements,
      and(
        eq(planAnnouncements.plan, planVersions.plan),
        eq(planAnnouncements.version, planVersions.version),
      ),
    )
    .orderBy(asc(planVersions.plan), asc(planVersions.version));
}

/** Who publishes takes turns with who else does, until the end of the transaction. */
export async function lockPlanVersions(tx: DbOrTx): Promise<void> {
  await tx.execute(sql`lock table ${planVersions} in share row exclusive mode`);
}

/** Publishes a version. Who gets it is carried to it afterwards. */
export async function insertPlanVersion(
  db: DbOrTx,
  { features, ...definition }: PlanDefinition,
  now: Date,
): Promise<void> {
  const row = { ...definition, features: [...features], publishedAt: now };
  await db.insert(planVersions).values(row);
}

/** The versions that were published and have not reached everybody who gets them. */
export function listUncarried(db: DbOrTx): Promise<{ plan: Plan; version: number }[]> {
  return db
    .select({ plan: planVersions.plan, version: planVersions.version })
    .from(planVersions)
    .where(isNull(planVersions.carriedAt))
    .orderBy(asc(planVersions.plan), asc(planVersions.version));
}

/** It is to reach everybody anew: its prices sell it from now on. */
export async function unmarkCarried(
  db: DbOrTx,
  { plan, version }: { plan: Plan; version: number },
): Promise<void> {
  await db
    .update(planVersions)
    .set({ carriedAt: null })
    .where(and(eq(planVersions.plan, plan), eq(planVersions.version, version)));
}

export async function markCarried(
  db: DbOrTx,
  { plan, version }: { plan: Plan; version: number },
  now: Date,
): Promise<void> {
  await db
    .update(planVersions)
    .set({ carriedAt: now })
    .where(and(eq(planVersions.plan, plan), eq(planVersions.version, version)));
}

/**
 * Which version each price sells: the one it was bound to, and for a price that is seen for the first
 * time the plan's newest, which it keeps from then on.
 */
export async function bindPrices(
  db: DbOrTx,
  prices: readonly { priceId: string; plan: PaidPlan }[],
  now: Date,
): Promise<Map<string, number>> {
  const bound = await readBindings(db, prices);
  const unbound = prices.filter(({ priceId, plan }) => bound.get(priceId)?.plan !== plan);
  if (unbound.length > 0) {
    const newest = (plan: Plan) =>
      sql`(select ${max(planVersions.version)} from ${planVersions} where ${planVersions.plan} = ${plan})`;
    await db
      .insert(planPrices)
      .values(
        unbound.map(({ priceId, plan }) => ({
          stripePriceId: priceId,
          plan,
          version: newest(plan),
          boundAt: now,
        })),
      )
      .onConflictDoUpdate({
        target: planPrices.stripePriceId,
        set: { plan: sql`excluded.plan`, version: sql`excluded.version`, boundAt: now },
        setWhere: sql`${planPrices.plan} <> excluded.plan`,
      });
    for (const [id, binding] of await readBindings(db, unbound)) bound.set(id, binding);
  }
  return new Map([...bound].map(([id, { version }]) => [id, version]));
}

async function readBindings(
  db: DbOrTx,
  prices: readonly { priceId: string }[],
): Promise<Map<string, { plan: Plan; version: number }>> {
  if (prices.length === 0) return new Map();
  const ids = prices.map(({ priceId }) => priceId);
  const rows = await db.select().from(planPrices).where(inArray(planPrices.stripePriceId, ids));
  return new Map(
    rows.map(({ stripePriceId, plan, version }) => [stripePriceId, { plan, version }]),
  );
}

/** The versions that prices sell, of each plan those that are sold by one at least, oldest first. */
export function listSoldVersions(db: DbOrTx): Promise<{ plan: Plan; version: number }[]> {
  const { plan, version } = planPrices;
  return db.selectDistinct({ plan, version }).from(planPrices).orderBy(asc(plan), asc(version));
}

/** Has every price of a plan that sells an older version sell this one from now on. */
export async function rebindPrices(
  db: DbOrTx,
  { plan, version }: { plan: Plan; version: number },
  now: Date,
): Promise<void> {
  await db
    .update(planPrices)
    .set({ version, boundAt: now })
    .where(and(eq(planPrices.plan, plan), lt(planPrices.version, version)));
}

/** How many living teams are on a plan, or pay a step up from it, by a version older than `version`. */
export function countBelow(
  db: DbOrTx,
  { plan, version }: { plan: Plan; version: number },
): Promise<number> {
  const isOlder = (of: AnyPgColumn, present: AnyPgColumn) =>
    and(eq(of, plan), sql`coalesce(${present}, 0) < ${version}`);
  const older = or(
    isOlder(tenants.plan, tenants.planVersion),
    isOlder(tenants.basePlan, tenants.basePlanVersion),
  );
  return db.$count(tenants, and(isNull(tenants.deletedAt), older));
}

/**
 * Gives the next `limit` teams of a plan, in the order of their ids, what their prices sell now (on
 * free: the newest version), in metering too; `version` also to those who pay a step up from the plan, in
 * one of the versions `basesBelow`.
 * Answers their ids, none when there are no more.
 */
export async function carryTenants(
  db: DbOrTx,
  values: {
    plan: Plan;
    version: number;
    basesBelow: readonly number[];
    after: string;
    limit: number;
    now: Date;
  },
): Promise<string[]> {
  const { plan, version, basesBelow, after, limit, now } = values;
  return db.transaction(async (tx) => {
    const due = await tx
      .select({ id: tenants.id })
      .from(tenants)
      .where(and(onPlan(plan), gt(tenants.id, after)))
      .orderBy(asc(tenants.id))
      .limit(limit);
    const ids = due.map(({ id }) => id);
    if (ids.length === 0) return ids;
    const sold = tx
      .select({ version: planPrices.version })
      .from(planPrices)
      .where(
        and(
          eq(planPrices.stripePriceId, subscriptions.stripePriceId),
          eq(planPrices.plan, subscriptions.plan),
        ),
      );
    const raised = (from: AnyPgColumn, present: AnyPgColumn) =>
      sql`case when ${from} = ${plan} and (${present} is null or ${present} = any(${`{${basesBelow.join()}}`}::int[]))
        then ${version}::int else ${present} end`;
    // Subscriptions before tenants, as the sync writes them.
    await tx
      .update(subscriptions)
      .set({
        planVersion: sql`(${sold})`,
        raisedFromVersion: raised(subscriptions.raisedFrom, subscriptions.raisedFromVersion),
      })
      .where(inArray(subscriptions.tenantId, ids));
    const ofSubscription = tx
      .select({ version: subscriptions.planVersion })
      .from(subscriptions)
      .where(eq(subscriptions.id, tenants.subscriptionId));
    await tx
      .update(tenants)
      .set({
        planVersion: sql`(${ofSubscription})`,
        basePlanVersion: raised(tenants.basePlan, tenants.basePlanVersion),
        // What they may use has changed: metering takes over what is newer than it has.
        entitlementVersion: sql`${tenants.entitlementVersion} + 1`,
        updatedAt: changedAt(now),
      })
      .where(inArray(tenants.id, ids));
    return ids;
  });
}

const onPlan = (plan: Plan) => sql`${plan} in (${tenants.plan}, ${tenants.basePlan})`;
