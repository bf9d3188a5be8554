import { and, asc, desc, eq, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { stripeEvents, type NewStripeEventRow, type StripeEventRow } from '../../schema/index.ts';

/** Puts an event into the inbox. False when it is there already: delivered, or fetched, before. */
export async function insertEvent(db: DbOrTx, values: NewStripeEventRow): Promise<boolean> {
  const rows = await db
    .insert(stripeEvents)
    .values(values)
    .onConflictDoNothing({ target: stripeEvents.id })
    .returning({ id: stripeEvents.id });
  return rows.length === 1;
}

export async function findEvent(db: DbOrTx, id: string): Promise<StripeEventRow | undefined> {
  const [row] = await db.select().from(stripeEvents).where(eq(stripeEvents.id, id));
  return row;
}

/**
 * The customer's events that wait and have not failed yet, oldest first, and `eventId` itself
 * even if it has: one that fails must not hold up the others.
 */
export function listCustomerInbox(
  db: DbOrTx,
  values: { customerId: string; eventId: string; limit: number },
): Promise<StripeEventRow[]> {
  const { customerId, eventId, limit } = values;
  return db
    .select()
    .from(stripeEvents)
    .where(
      and(
        eq(stripeEvents.state, 'received'),
        or(
          eq(stripeEvents.id, eventId),
          and(eq(stripeEvents.stripeCustomerId, customerId), eq(stripeEvents.attempts, 0)),
        ),
      ),
    )
    .orderBy(desc(eq(stripeEvents.id, eventId)), asc(stripeEvents.stripeCreatedAt))
    .limit(limit);
}

/** Records that the events' effects are committed, or that they have none. */
export async function markEventsDone(
  db: DbOrTx,
  ids: readonly string[],
  state: 'processed' | 'ignored',
  now: Date,
): Promise<void> {
  await db
    .update(stripeEvents)
    .set({ state, processedAt: now, lastError: null, attempts: sql`${stripeEvents.attempts} + 1` })
    .where(inArray(stripeEvents.id, [...ids]));
}

/** Records a failed try; the queue tries again. */
export async function markEventFailed(db: DbOrTx, id: string, error: string): Promise<void> {
  await db
    .update(stripeEvents)
    .set({ lastError: error, attempts: sql`${stripeEvents.attempts} + 1` })
    .where(eq(stripeEvents.id, id));
}

/** Gives an event up until somebody replays it. */
export async function markEventDead(db: DbOrTx, id: string, error: string): Promise<void> {
  await db
    .update(stripeEvents)
    .set({ state: 'dead', lastError: error })
    .where(and(eq(stripeEvents.id, id), eq(stripeEvents.state, 'received')));
}

/** Dead events, or the ones named: those that `reviveEvents` would take. */
export function listReplayableEvents(
  db: DbOrTx,
  ids?: readonly string[],
): Promise<{ id: string; type: string }[]> {
  return db
    .select({ id: stripeEvents.id, type: stripeEvents.type })
    .from(stripeEvents)
    .where(ids ? inArray(stripeEvents.id, [...ids]) : eq(stripeEvents.state, 'dead'));
}

/** Makes dead events, or the ones named, ready for another try. Answers their ids. */
export async function reviveEvents(db: DbOrTx, ids?: readonly string[]): Promise<string[]> {
  const rows = await db
    .update(stripeEvents)
    .set({ state: 'received', processedAt: null, attempts: 0 })
    .where(ids ? inArray(stripeEvents.id, [...ids]) : eq(stripeEvents.state, 'dead'))
    .returning({ id: stripeEvents.id });
  return rows.map((row) => row.id);
}

/** Events that arrived before `before` and nobody has finished, oldest first. */
export async function listUnfinishedEvents(
  db: DbOrTx,
  before: Date,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: stripeEvents.id })
    .from(stripeEvents)
    .where(and(eq(stripeEvents.state, 'received'), lt(stripeEvents.receivedAt, before)))
    .orderBy(asc(stripeEvents.receivedAt))
    .limit(limit);
  return rows.map((row) => row.id);
}

/**
 * Takes events that arrived before `before`, that nobody has finished and whose next try is due;
 * each waits longer than the last time before it is taken again, up to six hours, so that the
 * events of one customer who cannot be read do not crowd out the others.
 */
export async function takeOverdueEvents(
  db: DbOrTx,
  values: { before: Date; now: Date; limit: number },
): Promise<string[]> {
  const { before, now, limit } = values;
  const overdue = db
    .select({ id: stripeEvents.id })
    .from(stripeEvents)
    .where(
      and(
        eq(stripeEvents.state, 'received'),
        lt(stripeEvents.receivedAt, before),
        or(isNull(stripeEvents.nextAttemptAt), lte(stripeEvents.nextAttemptAt, now)),
      ),
    )
    .orderBy(asc(stripeEvents.receivedAt))
    .limit(limit);
  const rows = await db
    .update(stripeEvents)
    .set({
      nextAttemptAt: sql`${now.toISOString()}::timestamptz + least(interval '6 hours',
        interval '5 minutes' * power(2, least(${stripeEvents.attempts}, 50) / 9))`,
    })
    .where(inArray(stripeEvents.id, overdue))
    .returning({ id: stripeEvents.id });
  return rows.map((row) => row.id);
}

/** How many events are in each state that is not done. */
export async function countOpenEvents(db: DbOrTx): Promise<{ received: number; dead: number }> {
  // One by one: an index of its own has either.
  const of = (state: 'received' | 'dead') => db.$count(stripeEvents, eq(stripeEvents.state, state));
  return { received: await of('received'), dead: await of('dead') };
}

/** When the event arrived that waits longest; `undefined` when none waits. */
export async function oldestOpenEvent(db: DbOrTx): Promise<Date | undefined> {
  const [row] = await db
    .select({ since: stripeEvents.receivedAt })
    .from(stripeEvents)
    .where(eq(stripeEvents.state, 'received'))
    .orderBy(asc(stripeEvents.receivedAt))
    .limit(1);
  return row?.since;
}

/** Empties the bodies of finished events, which hold addresses, once nobody needs them. */
export async function prunePayloads(db: DbOrTx, before: Date): Promise<number> {
  const rows = await db
    .update(stripeEvents)
    .set({ payload: {} })
    .where(
      and(
        inArray(stripeEvents.state, ['processed', 'ignored']),
        lt(stripeEvents.receivedAt, before),
        sql`${stripeEvents.payload} <> '{}'::jsonb`,
      ),
    )
    .returning({ id: stripeEvents.id });
  return rows.length;
}
