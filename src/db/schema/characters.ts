import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, updatedAt } from './columns.ts';
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
    /** When an operator took it out of the community; its makers keep it. */
    hiddenAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('characters_tenant_idx').on(t.tenantId, t.createdAt),
    index('characters_shared_idx')
      .on(t.createdAt)
      .where(sql`${t.shared} and ${t.hiddenAt} is null`),
  ],
);

/** What readers found wrong with a shared character: one report a person. */
export const characterReports = pgTable(
  'character_reports',
  {
    characterId: uuid()
      .notNull()
      .references(() => characters.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    reason: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.characterId, t.userId] }),
    index('character_reports_newest_idx').on(t.createdAt),
  ],
);

export type Character = typeof characters.$inferSelect;
export type NewCharacter = typeof characters.$inferInsert;
