import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { actorKind } from './enums.ts';
import { tenants } from './tenants.ts';

/** What changed, who did it and why; written in the transaction of the change. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    tenantId: uuid().references(() => tenants.id),
    actorKind: actorKind().notNull(),
    /** User id, API key id, name of the job or command, or the Stripe event id. */
    actorId: text(),
    /** `<noun>.<verb past>`: `subscription.plan_changed`, `usage.corrected`, … */
    action: text().notNull(),
    subjectId: text(),
    before: jsonb(),
    after: jsonb(),
    cause: text(),
    requestId: text(),
    createdAt: createdAt(),
  },
  (t) => [
    index('audit_log_tenant_idx').on(t.tenantId, t.createdAt),
    index('audit_log_subject_idx').on(t.subjectId),
    index('audit_log_operators_idx')
      .on(t.createdAt, t.id)
      .where(sql`${t.action} like 'operator.%'`),
  ],
);

export type AuditEntry = typeof auditLog.$inferSelect;
export type NewAuditEntry = typeof auditLog.$inferInsert;
