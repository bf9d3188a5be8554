import { pgTable, smallint } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/**
 * The buckets that exist: metering of a part of the tenants, in a schema of its own (`u00` of number
 * 0). New tenants are placed only into these, by a trigger.
 */
export const meteringBuckets = pgTable('metering_buckets', {
  number: smallint().primaryKey(),
  createdAt: createdAt(),
});
