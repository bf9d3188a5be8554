import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';
import { plan, reservationState, resourceType } from './enums.ts';
import { tenants } from './tenants.ts';

const units = () => bigint({ mode: 'number' });

/** What a plan includes a month. Kept equal to the catalogue of `domain/plans` at every start. */
export const planLimits = pgTable(
  'plan_limits',
  {
    plan: plan().notNull(),
    resourceType: resourceType().notNull(),
    /** null: unlimited. 0: not included. */
    limit: units(),
  },
  (t) => [
    primaryKey({ columns: [t.plan, t.resourceType] }),
    check('plan_limits_not_negative', sql`${t.limit} >= 0`),
  ],
);

/**
 * The ledger: append only, one row an accepted consumption or correction, one partition a month.
 *
 * It has no foreign key of its own on purpose: a check a row would double the cost of the hot
 * path, and every row is written together with its row of `usage_totals`, which has one.
 */
export const usage = pgTable(
  'usage',
  {
    tenantId: uuid().notNull(),
    /** `YYYY-MM`, UTC: the month in which the work started. */
    period: text().notNull(),
    id: bigserial({ mode: 'number' }),
    resourceType: resourceType().notNull(),
    /** Negative only in a correction. */
    amount: units().notNull(),
    idempotencyKey: text(),
    /** The reservation that this row settles. */
    reservationId: uuid(),
    metadata: jsonb(),
    /** Corrections only: who made it and why. */
    actor: text(),
    reason: text(),
    /** When the work started. */
    occurredAt: instant().notNull(),
    /** When it was recorded. */
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.period, t.id] }),
    check(
      'usage_negative_only_as_correction',
      sql`${t.amount} > 0 or (${t.amount} < 0 and ${t.actor} is not null and ${t.reason} is not null)`,
    ),
  ],
);

/**
 * The counters. `used` is the sum of the ledger, `held` the sum of the open reservations. The limit
 * stands beside them, so that admission reads it under the row's lock and a plan change takes
 * effect at its commit. `dayUsed` is what of `used` started on `day`, the newest day of the month
 * with usage; the days before it are in `usage_days`.
 */
export const usageTotals = pgTable(
  'usage_totals',
  {
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    period: text().notNull(),
    resourceType: resourceType().notNull(),
    used: units().notNull().default(0),
    held: units().notNull().default(0),
    /** null: unlimited. 0: not included. */
    limit: units(),
    dayUsed: units().notNull().default(0),
    updatedAt: createdAt(),
    /** Day of the month, from 1. */
    day: smallint().notNull().default(1),
    /** The highest threshold (percent) recorded of this limit in this period: 0, 80 or 100. */
    threshold: smallint().notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.period, t.resourceType] }),
    check('usage_totals_not_negative', sql`${t.used} >= 0 and ${t.held} >= 0`),
  ],
);

/** The daily chart: what started on each day that is over. Written once a day, not once a call. */
export const usageDays = pgTable(
  'usage_days',
  {
    tenantId: uuid().notNull(),
    period: text().notNull(),
    resourceType: resourceType().notNull(),
    day: smallint().notNull(),
    amount: units().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.period, t.resourceType, t.day] }),
    foreignKey({
      name: 'usage_days_totals_fk',
      columns: [t.tenantId, t.period, t.resourceType],
      foreignColumns: [usageTotals.tenantId, usageTotals.period, usageTotals.resourceType],
    }),
    check('usage_days_day', sql`${t.day} between 1 and 31`),
  ],
);

/** A hold on the quota for work under way, until it is settled, released or expires. */
export const usageReservations = pgTable(
  'usage_reservations',
  {
    tenantId: uuid().notNull(),
    id: uuid().notNull(),
    period: text().notNull(),
    resourceType: resourceType().notNull(),
    amount: units().notNull(),
    state: reservationState().notNull().default('open'),
    expiresAt: instant().notNull(),
    /**
     * What is owed when nobody settles it: set when the work began, raised as it goes on. Null
     * before, and for work whose beginning is not told; then an expired hold counts nothing.
     */
    begunAmount: units(),
    /** What the work really used; set when it is settled. */
    settledAmount: units(),
    /** `used` right after the settlement, so that settling again answers the same. */
    usedAfter: units(),
    remainingAfter: units(),
    metadata: jsonb(),
    /** When the work started. */
    createdAt: createdAt(),
    closedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'usage_reservations_totals_fk',
      columns: [t.tenantId, t.period, t.resourceType],
      foreignColumns: [usageTotals.tenantId, usageTotals.period, usageTotals.resourceType],
    }),
    index('usage_reservations_open_idx')
      .on(t.tenantId, t.period, t.resourceType)
      .where(sql`${t.state} = 'open'`),
    index('usage_reservations_expiry_idx')
      .on(t.expiresAt)
      .where(sql`${t.state} = 'open'`),
    // For pruning: old rows lie together, and keeping this costs next to nothing.
    index('usage_reservations_closed_idx').using('brin', t.closedAt),
    check('usage_reservations_amount', sql`${t.amount} > 0`),
    check('usage_reservations_begun_amount', sql`${t.begunAmount} >= 0`),
    check(
      'usage_reservations_settled_whole',
      sql`(${t.state} = 'settled') = (${t.settledAmount} is not null) and (${t.settledAmount} is null or ${t.settledAmount} >= 0)`,
    ),
    check(
      'usage_reservations_closed_when_done',
      sql`(${t.state} = 'open') = (${t.closedAt} is null)`,
    ),
  ],
);

/** The first answer to each key, for ever. Written in the transaction of what it answers. */
export const usageIdempotency = pgTable(
  'usage_idempotency',
  {
    tenantId: uuid().notNull(),
    key: text().notNull(),
    /** A hash of the body: the same key with another body is a conflict. */
    fingerprint: units().notNull(),
    accepted: boolean().notNull(),
    used: units().notNull(),
    limit: units(),
    remaining: units(),
    /** Set when the key made a reservation. */
    reservationId: uuid(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.key] })],
);

/** Crossings of 80 and 100 percent: once a tenant, resource, period and limit. */
export const usageThresholds = pgTable(
  'usage_thresholds',
  {
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    period: text().notNull(),
    resourceType: resourceType().notNull(),
    percent: smallint().notNull(),
    used: units().notNull(),
    limit: units().notNull(),
    crossedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({
      name: 'usage_thresholds_pk',
      columns: [t.tenantId, t.period, t.resourceType, t.percent, t.limit],
    }),
    check('usage_thresholds_percent', sql`${t.percent} in (80, 100)`),
  ],
);

/** Months whose partition was written to a file and dropped; their totals stay. */
export const usageArchives = pgTable('usage_archives', {
  period: text().primaryKey(),
  file: text().notNull(),
  sha256: text().notNull(),
  rows: units().notNull(),
  archivedAt: instant().notNull(),
});

export type UsageRow = typeof usage.$inferSelect;
export type NewUsageRow = typeof usage.$inferInsert;
export type UsageTotal = typeof usageTotals.$inferSelect;
export type UsageReservation = typeof usageReservations.$inferSelect;
export type UsageThreshold = typeof usageThresholds.$inferSelect;
export type UsageArchive = typeof usageArchives.$inferSelect;
