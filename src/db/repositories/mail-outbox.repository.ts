import { and, asc, count, desc, eq, inArray, isNotNull, isNull, lte, or, sql } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import { mailOutbox, type Mail, type NewMail } from '../schema/index.ts';

/** Puts a mail into the outbox. False when the same one, by kind, subject and attempt, is there. */
export async function insertMail(
  db: DbOrTx,
  values: Pick<
    NewMail,
    | 'tenantId'
    | 'kind'
    | 'subjectId'
    | 'attempt'
    | 'recipient'
    | 'locale'
    | 'timeZone'
    | 'data'
    | 'createdAt'
  >,
): Promise<boolean> {
  const rows = await db
    .insert(mailOutbox)
    .values(values)
    .onConflictDoNothing({ target: [mailOutbox.kind, mailOutbox.subjectId, mailOutbox.attempt] })
    .returning({ id: mailOutbox.id });
  return rows.length === 1;
}

/** Takes back mails of a tenant that were not sent yet and tell of what is no more so. */
export async function withdrawMails(
  db: DbOrTx,
  values: { tenantId: string; kind: string; subjectsFrom: string },
): Promise<void> {
  const { tenantId, kind, subjectsFrom } = values;
  await db
    .delete(mailOutbox)
    .where(
      and(
        ...[eq(mailOutbox.tenantId, tenantId), eq(mailOutbox.kind, kind)],
        sql`starts_with(${mailOutbox.subjectId}, ${subjectsFrom})`,
        isNull(mailOutbox.sentAt),
      ),
    );
}

/** Takes mails that are due, until `leaseEnds`: meanwhile no other worker sends the same ones. */
export function claimDueMails(
  db: DbOrTx,
  values: { now: Date; leaseEnds: Date; limit: number },
): Promise<Mail[]> {
  const { now, leaseEnds, limit } = values;
  const due = db
    .select({ id: mailOutbox.id })
    .from(mailOutbox)
    .where(
      and(
        isNull(mailOutbox.sentAt),
        isNull(mailOutbox.failedAt),
        or(isNull(mailOutbox.nextSendAt), lte(mailOutbox.nextSendAt, now)),
      ),
    )
    .orderBy(asc(mailOutbox.createdAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  return db
    .update(mailOutbox)
    .set({ nextSendAt: leaseEnds })
    .where(inArray(mailOutbox.id, due))
    .returning();
}

export async function markMailSent(db: DbOrTx, id: string, now: Date): Promise<void> {
  await db
    .update(mailOutbox)
    .set({ sentAt: now, lastError: null, sendAttempts: sql`${mailOutbox.sendAttempts} + 1` })
    .where(eq(mailOutbox.id, id));
}

/** Records a failed try and when the next one is due; `null` gives the mail up. */
export async function markMailFailed(
  db: DbOrTx,
  id: string,
  values: { error: string; nextSendAt: Date | null; now: Date },
): Promise<void> {
  await db
    .update(mailOutbox)
    .set({
      lastError: values.error,
      nextSendAt: values.nextSendAt,
      failedAt: values.nextSendAt ? null : values.now,
      sendAttempts: sql`${mailOutbox.sendAttempts} + 1`,
    })
    .where(eq(mailOutbox.id, id));
}

/** How many mails were not sent: `failing` are those of `waiting` that were tried already. */
export async function countUnsentMails(
  db: DbOrTx,
): Promise<{ waiting: number; failing: number; givenUp: number }> {
  const [open] = await db
    .select({
      waiting: count(),
      failing: sql<number>`count(*) filter (where ${mailOutbox.sendAttempts} > 0)::int`,
    })
    .from(mailOutbox)
    .where(and(isNull(mailOutbox.sentAt), isNull(mailOutbox.failedAt)));
  const [givenUp] = await db
    .select({ count: count() })
    .from(mailOutbox)
    .where(isNotNull(mailOutbox.failedAt));
  return { ...open!, givenUp: givenUp!.count };
}

export async function findMail(db: DbOrTx, id: string): Promise<Mail | undefined> {
  const [row] = await db.select().from(mailOutbox).where(eq(mailOutbox.id, id));
  return row;
}

/** What the first mail of a kind about something says; `undefined` when there is none. */
export async function findMailAbout(
  db: DbOrTx,
  kind: string,
  subjectId: string,
): Promise<Record<string, unknown> | undefined> {
  const isIt = and(
    eq(mailOutbox.kind, kind),
    eq(mailOutbox.subjectId, subjectId),
    eq(mailOutbox.attempt, 0),
  );
  const [row] = await db.select({ data: mailOutbox.data }).from(mailOutbox).where(isIt);
  return row?.data as Record<string, unknown> | undefined;
}

/** Has a mail that was sent, or given up, go out once more; false while it waits to be sent anyhow. */
export async function resendMail(db: DbOrTx, id: string): Promise<boolean> {
  const { rowCount } = await db
    .update(mailOutbox)
    .set({
      ...{ sentAt: null, failedAt: null, nextSendAt: null, lastError: null, sendAttempts: 0 },
      resends: sql`${mailOutbox.resends} + 1`,
    })
    .where(
      and(eq(mailOutbox.id, id), or(isNotNull(mailOutbox.sentAt), isNotNull(mailOutbox.failedAt))),
    );
  return rowCount === 1;
}

/** The newest mails, for the page that shows what was kept instead of sent. */
export function listMails(db: DbOrTx, limit: number): Promise<Mail[]> {
  return db
    .select()
    .from(mailOutbox)
    .orderBy(desc(mailOutbox.createdAt), desc(mailOutbox.id))
    .limit(limit);
}
