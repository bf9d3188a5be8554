import { and, asc, desc, eq, lt, sql } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../client.ts';
import {
  conversations,
  conversationTurns,
  type Conversation,
  type ConversationTurn,
} from '../schema/index.ts';

/** A person within a tenant: whose conversations they are. */
export interface ConversationOwner {
  tenantId: string;
  userId: string;
}

const isOf = ({ tenantId, userId }: ConversationOwner) =>
  and(eq(conversations.tenantId, tenantId), eq(conversations.userId, userId));

/** The last talked in first. */
export function listConversations(db: DbOrTx, owner: ConversationOwner): Promise<Conversation[]> {
  return db
    .select()
    .from(conversations)
    .where(isOf(owner))
    .orderBy(desc(conversations.updatedAt), desc(conversations.id));
}

/** All that a person keeps, in whichever tenant, the oldest first. */
export function listAllConversations(db: DbOrTx, userId: string): Promise<Conversation[]> {
  return db
    .select()
    .from(conversations)
    .where(eq(conversations.userId, userId))
    .orderBy(asc(conversations.createdAt), asc(conversations.id));
}

/** How many a person keeps; locks the making of more meanwhile. */
export async function lockConversationCount(tx: Tx, owner: ConversationOwner): Promise<number> {
  const key = `conversations:${owner.tenantId}:${owner.userId}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  return tx.$count(conversations, isOf(owner));
}

export async function insertConversation(
  tx: Tx,
  values: Omit<Conversation, 'id'>,
): Promise<Conversation> {
  const [row] = await tx.insert(conversations).values(values).returning();
  if (!row) throw new Error('The database returned no conversation.');
  return row;
}

/** One of the person's own. */
export async function findConversation(
  db: DbOrTx,
  owner: ConversationOwner,
  id: string,
): Promise<Conversation | undefined> {
  const [row] = await db
    .select()
    .from(conversations)
    .where(and(eq(conversations.id, id), isOf(owner)));
  return row;
}

/** `undefined` when the person has no such one. */
export async function renameConversation(
  db: DbOrTx,
  owner: ConversationOwner,
  { id, title }: { id: string; title: string },
): Promise<Conversation | undefined> {
  const [row] = await db
    .update(conversations)
    .set({ title })
    .where(and(eq(conversations.id, id), isOf(owner)))
    .returning();
  return row;
}

/** False when the person has no such one. */
export async function deleteConversation(
  db: DbOrTx,
  owner: ConversationOwner,
  id: string,
): Promise<boolean> {
  const { rowCount } = await db
    .delete(conversations)
    .where(and(eq(conversations.id, id), isOf(owner)));
  return rowCount === 1;
}

/** All of a tenant's, when it goes. */
export async function deleteTenantConversations(tx: Tx, tenantId: string): Promise<void> {
  await tx.delete(conversations).where(eq(conversations.tenantId, tenantId));
}

export function countTurns(db: DbOrTx, conversationId: string): Promise<number> {
  return db.$count(conversationTurns, eq(conversationTurns.conversationId, conversationId));
}

export type NewTurn = Omit<ConversationTurn, 'position'>;

/**
 * Writes what was asked and what was answered, or brings it up to date; false, and nothing written,
 * when the conversation was deleted meanwhile.
 */
export async function upsertTurns(
  tx: Tx,
  { conversationId, turns, now }: { conversationId: string; turns: NewTurn[]; now: Date },
): Promise<boolean> {
  const { rowCount } = await tx
    .update(conversations)
    .set({ updatedAt: now })
    .where(eq(conversations.id, conversationId));
  if (rowCount === 0) return false;
  await tx
    .insert(conversationTurns)
    .values(turns)
    .onConflictDoUpdate({
      target: conversationTurns.id,
      set: { text: sql`excluded.text`, state: sql`excluded.state` },
    });
  return true;
}

/** The newest before `before`, in the order in which they were said. */
export async function listTurns(
  db: DbOrTx,
  page: { conversationId: string; before?: number | undefined; limit: number },
): Promise<ConversationTurn[]> {
  const { conversationId, before, limit } = page;
  const rows = await db
    .select()
    .from(conversationTurns)
    .where(
      and(
        eq(conversationTurns.conversationId, conversationId),
        before === undefined ? undefined : lt(conversationTurns.position, before),
      ),
    )
    .orderBy(desc(conversationTurns.position))
    .limit(limit);
  return rows.reverse();
}
