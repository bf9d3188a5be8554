import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm';
import type { RefundCause, RemedyCause, RemedyKind } from '../../../domain/billing/remedy.ts';
import type { DbOrTx } from '../../client.ts';
import { checkoutSessions, remedies, type Remedy } from '../../schema/index.ts';

/** Orders a remedy; false when it was ordered before, whatever became of it. */
export async function insertRemedy(
  db: DbOrTx,
  values: {
    tenantId: string;
    kind: RemedyKind;
    subjectId: string;
    cause: RefundCause;
    state: 'open' | 'noted';
    details?: object;
    now: Date;
  },
): Promise<boolean> {
  const { now, ...rest } = values;
  const rows = await db
    .insert(remedies)
    .values({ ...rest, nextAttemptAt: now, createdAt: now })
    .onConflictDoNothing({ target: [remedies.kind, remedies.subjectId] })
    .returning({ id: remedies.id });
  return rows.length === 1;
}

/** The tenant's remedies that are due, refunds last: the end of a subscription orders them. */
export function listDueRemedies(db: DbOrTx, tenantId: string, now: Date): Promise<Remedy[]> {
  return db
    .select()
    .from(remedies)
    .where(and(eq(remedies.tenantId, tenantId), isDue(now)))
    .orderBy(asc(remedies.kind), asc(remedies.createdAt));
}

/** Whether a remedy of the tenant is due, or a Checkout session open that may have to be closed. */
export async function hasRemedyToCarryOut(
  db: DbOrTx,
  tenantId: string,
  now: Date,
): Promise<boolean> {
  const due = isDue(now);
  const { rows } = await db.execute<{ has: boolean }>(
    sql`select exists (select from ${remedies} where ${and(eq(remedies.tenantId, tenantId), due)})
      or exists (select from ${checkoutSessions}
        where ${and(eq(checkoutSessions.tenantId, tenantId), eq(checkoutSessions.status, 'open'))}) as has`,
  );
  return rows[0]?.has === true;
}

const isDue = (now: Date) => and(eq(remedies.state, 'open'), lte(remedies.nextAttemptAt, now));

/** Tenants with a remedy that is due. */
export async function listTenantsToRemedy(db: DbOrTx, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectDistinct({ tenantId: remedies.tenantId })
    .from(remedies)
    .where(isDue(now))
    .limit(limit);
  return rows.map((row) => row.tenantId);
}

/** One of a kind and a subject, whatever became of it. */
export async function findRemedy(
  db: DbOrTx,
  { kind, subjectId }: { kind: RemedyKind; subjectId: string },
): Promise<Remedy | undefined> {
  const [row] = await db
    .select()
    .from(remedies)
    .where(and(eq(remedies.kind, kind), eq(remedies.subjectId, subjectId)));
  return row;
}

/** Sums of an invoice that are to go back and did not yet. */
export function listOpenSums(db: DbOrTx, invoiceId: string): Promise<Remedy[]> {
  return db
    .select()
    .from(remedies)
    .where(
      and(
        ...[eq(remedies.kind, 'refund_sum'), eq(remedies.state, 'open')],
        sql`${remedies.details} ->> 'invoiceId' = ${invoiceId}`,
      ),
    );
}

/** Has one that waits for its next try be due. */
export async function hastenRemedy(db: DbOrTx, id: string, now: Date): Promise<void> {
  const waiting = and(eq(remedies.id, id), eq(remedies.state, 'open'));
  await db.update(remedies).set({ nextAttemptAt: now }).where(waiting);
}

export async function markRemedyDone(
  db: DbOrTx,
  id: string,
  values: { outcome: object; now: Date },
): Promise<void> {
  await db
    .update(remedies)
    .set({
      state: 'done',
      doneAt: values.now,
      lastError: null,
      details: sql`${remedies.details} || ${JSON.stringify(values.outcome)}::jsonb`,
    })
    .where(eq(remedies.id, id));
}

export async function markRemedyFailed(
  db: DbOrTx,
  id: string,
  values: { error: string; nextAttemptAt: Date },
): Promise<void> {
  await db
    .update(remedies)
    .set({
      attempts: sql`${remedies.attempts} + 1`,
      lastError: values.error,
      nextAttemptAt: values.nextAttemptAt,
    })
    .where(eq(remedies.id, id));
}

/** Why we ended each of these subscriptions; those that ended otherwise are left out. */
export async function findEndCauses(
  db: DbOrTx,
  stripeSubscriptionIds: readonly string[],
): Promise<Map<string, RemedyCause>> {
  if (stripeSubscriptionIds.length === 0) return new Map();
  const rows = await db
    .select({ subjectId: remedies.subjectId, cause: remedies.cause })
    .from(remedies)
    .where(
      and(
        eq(remedies.kind, 'end_subscription'),
        inArray(remedies.state, ['open', 'done']),
        inArray(remedies.subjectId, [...stripeSubscriptionIds]),
      ),
    );
  return new Map(rows.map((row) => [row.subjectId, row.cause as RemedyCause]));
}
