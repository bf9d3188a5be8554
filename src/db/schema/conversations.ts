import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { characters } from './characters.ts';
import { createdAt, id, updatedAt } from './columns.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

/** What a person talks about with one character, within a tenant. */
export const conversations = pgTable(
  'conversations',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Null for the storyteller, and when the character is gone. */
    characterId: uuid().references(() => characters.id, { onDelete: 'set null' }),
    /** As they were when it began, so that it stays readable; null for the storyteller. */
    characterName: text(),
    greeting: text(),
    title: text().notNull(),
    createdAt: createdAt(),
    /** When something was last said in it. */
    updatedAt: updatedAt(),
  },
  (t) => [
    index('conversations_own_idx').on(t.tenantId, t.userId, t.updatedAt),
    index('conversations_user_idx').on(t.userId),
    index('conversations_character_idx').on(t.characterId),
  ],
);

/** One thing said, or a picture that was asked for and drawn: then `text` is what it shows. */
export const conversationTurns = pgTable(
  'conversation_turns',
  {
    id: id(),
    conversationId: uuid()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    /** In the order in which it was said. */
    position: bigint({ mode: 'number' }).generatedAlwaysAsIdentity(),
    /** `reader` or `character`. */
    who: text().notNull(),
    /** `text` or `image`. */
    kind: text().notNull(),
    text: text().notNull(),
    /** `done`; `stopped` and `broken` for an answer that was cut; `streaming` until it ends. */
    state: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('conversation_turns_order_idx').on(t.conversationId, t.position),
    check('conversation_turns_who', sql`${t.who} in ('reader', 'character')`),
    check('conversation_turns_kind', sql`${t.kind} in ('text', 'image')`),
    check(
      'conversation_turns_state',
      sql`${t.state} in ('done', 'streaming', 'stopped', 'broken')`,
    ),
  ],
);

export type Conversation = typeof conversations.$inferSelect;
export type ConversationTurn = typeof conversationTurns.$inferSelect;
