import { sql } from 'drizzle-orm';
import { check, foreignKey, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type {
  Feature,
  OveragePrices,
  PlanLimits,
  PlanRates,
  PlanRollover,
} from '../../domain/plans.ts';
import { instant } from './columns.ts';
import { plan } from './enums.ts';

/**
 * What each plan includes, version by version. The newest is what the plan is now. A row never
 * changes (a trigger refuses): those who bought by it keep it.
 */
export const planVersions = pgTable(
  'plan_versions',
  {
    plan: plan().notNull(),
    /** 1, 2, … in the order of publishing. */
    version: integer().notNull(),
    name: text().notNull(),
    features: jsonb().$type<Feature[]>().notNull(),
    /** Resource → units a month; null: unlimited, 0: not included. */
    limits: jsonb().$type<PlanLimits>().notNull(),
    /** Resource → µcr a unit beyond the quota; what is not named has none. */
    rates: jsonb().$type<PlanRates>().notNull().default({}),
    /** Currency → minor units a credit of overage, decimal text; in what is not named none is sold. */
    overage: jsonb().$type<OveragePrices>().notNull().default({}),
    /** Resource → percent of the limit that may roll over; of what is not named nothing does. */
    rollover: jsonb().$type<PlanRollover>().notNull().default({}),
    /** How many people may be in a team. */
    seats: integer().notNull(),
    publishedAt: instant().notNull(),
    /** When everybody who gets it had it; null while that is under way. */
    carriedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.plan, t.version] }),
    check('plan_versions_version', sql`${t.version} > 0`),
    check('plan_versions_seats', sql`${t.seats} > 0`),
  ],
);

/**
 * When a version that gives less, or asks more, reaches those who have the plan already: they are told
 * before. Pending while it is neither carried nor called off.
 */
export const planAnnouncements = pgTable(
  'plan_announcements',
  {
    plan: plan().notNull(),
    version: integer().notNull(),
    announcedAt: instant().notNull(),
    effectiveAt: instant().notNull(),
    carriedAt: instant(),
    /** Another version took its place before it was due. */
    calledOffAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.plan, t.version] }),
    foreignKey({
      columns: [t.plan, t.version],
      foreignColumns: [planVersions.plan, planVersions.version],
    }),
    check(
      'plan_announcements_notice',
      sql`${t.effectiveAt} >= ${t.announcedAt} + interval '720 hours'`,
    ),
    check('plan_announcements_end', sql`${t.carriedAt} is null or ${t.calledOffAt} is null`),
  ],
);

/** Which version of a plan a price of Stripe's was sold with: what its subscribers keep. */
export const planPrices = pgTable(
  'plan_prices',
  {
    stripePriceId: text().primaryKey(),
    plan: plan().notNull(),
    version: integer().notNull(),
    boundAt: instant().notNull(),
  },
  (t) => [
    foreignKey({
      columns: [t.plan, t.version],
      foreignColumns: [planVersions.plan, planVersions.version],
    }),
  ],
);
