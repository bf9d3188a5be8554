import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, updatedAt } from './columns.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

/** Characters to play with. Those without a tenant come with the product. */
export const characters = pgTable(
  'characters',
  {
    id: id(),
    tenantId: uuid().references(() => tenants.id),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    name: text().notNull(),
    description: text().notNull(),
    greeting: text().notNull(),
    /** Shown to every tenant in the community. */
    shared: boolean().notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('characters_tenant_idx').on(t.tenantId, t.createdAt),
    index('characters_shared_idx')
      .on(t.createdAt)
      .where(sql`${t.shared}`),
  ],
);

export type Character = typeof characters.$inferSelect;
export type NewCharacter = typeof characters.$inferInsert;
