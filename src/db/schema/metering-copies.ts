import { bigint, pgTable, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';

/**
 * Tenants whose bucket lies on another server and does not know yet what they may use by now. Written
 * with the change by a trigger; whoever has told the bucket deletes it, unless it is newer by then.
 */
export const meteringCopies = pgTable('metering_copies', {
  tenantId: uuid().primaryKey(),
  /** `tenants.entitlement_version` of the change. */
  version: bigint({ mode: 'number' }).notNull(),
  /** When what they may use was changed; null where whoever changed it did not say. */
  changedAt: instant(),
  dueSince: createdAt(),
});
