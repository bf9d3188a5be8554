import { smallint, pgTable, text } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';

/**
 * The buckets that exist: metering of a part of the tenants, in a schema of its own (`u00` of number
 * 0). New tenants are placed only into these, by a trigger.
 */
export const meteringBuckets = pgTable('metering_buckets', {
  number: smallint().primaryKey(),
  createdAt: createdAt(),
  /** `host:port` of the server that it lies on, where that is neither this one nor one of Citus. */
  node: text(),
  /** Since when it has not answered. No new tenant comes into it meanwhile. */
  awaySince: instant(),
  /** The last of its migrations, where it has a server of its own. */
  migratedTo: text(),
});
