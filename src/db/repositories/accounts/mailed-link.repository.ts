import { and, eq, gt, gte, inArray, isNull, lt, ne, sql } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { mailedLinks, passwordRequests, type MailedLink } from '../../schema/index.ts';

export type LinkPurpose = 'reset_password' | 'change_email' | 'revert_email';

export async function insertMailedLink(
  tx: Tx,
  values: Pick<MailedLink, 'id' | 'userId' | 'tokenHash' | 'email' | 'expiresAt' | 'createdAt'> & {
    purpose: LinkPurpose;
  },
): Promise<void> {
  await tx.insert(mailedLinks).values(values);
}

const isOpen = (now: Date) => and(isNull(mailedLinks.usedAt), gt(mailedLinks.expiresAt, now));

/** A link that still does something. */
export async function findOpenLink(
  db: DbOrTx,
  values: { tokenHash: string; purpose: LinkPurpose; now: Date },
): Promise<MailedLink | undefined> {
  const { tokenHash, purpose, now } = values;
  const [row] = await db
    .select()
    .from(mailedLinks)
    .where(
      and(eq(mailedLinks.tokenHash, tokenHash), eq(mailedLinks.purpose, purpose), isOpen(now)),
    );
  return row;
}

/** Uses a link up: of two that follow it at once, in whichever processes, one gets it. */
export async function takeLink(
  tx: Tx,
  values: { tokenHash: string; purpose: LinkPurpose; now: Date },
): Promise<MailedLink | undefined> {
  const { tokenHash, purpose, now } = values;
  const [row] = await tx
    .update(mailedLinks)
    .set({ usedAt: now })
    .where(and(eq(mailedLinks.tokenHash, tokenHash), eq(mailedLinks.purpose, purpose), isOpen(now)))
    .returning();
  return row;
}

/** Takes the force of a person's links for these purposes. */
export async function endLinks(
  tx: Tx,
  values: { userId: string; purposes: readonly LinkPurpose[]; now: Date },
): Promise<void> {
  const { userId, purposes, now } = values;
  await tx
    .update(mailedLinks)
    .set({ usedAt: now })
    .where(
      and(
        eq(mailedLinks.userId, userId),
        inArray(mailedLinks.purpose, [...purposes]),
        isNull(mailedLinks.usedAt),
      ),
    );
}

/** Takes the force of a person's links for this purpose that were made then or later. */
export async function endLaterLinks(
  tx: Tx,
  values: { userId: string; purpose: LinkPurpose; since: Date; now: Date },
): Promise<void> {
  const { userId, purpose, since, now } = values;
  await tx
    .update(mailedLinks)
    .set({ usedAt: now })
    .where(
      and(
        ...[eq(mailedLinks.userId, userId), eq(mailedLinks.purpose, purpose)],
        ...[isNull(mailedLinks.usedAt), gte(mailedLinks.createdAt, since)],
      ),
    );
}

/** Whether somebody else than `userId` may still take the address back. `email` must be lower case. */
export async function isEmailHeld(
  db: DbOrTx,
  values: { email: string; exceptUserId?: string | undefined; now: Date },
): Promise<boolean> {
  const { email, exceptUserId, now } = values;
  const rows = await db
    .select({ id: mailedLinks.id })
    .from(mailedLinks)
    .where(
      and(
        eq(mailedLinks.email, email),
        eq(mailedLinks.purpose, 'revert_email'),
        isOpen(now),
        exceptUserId === undefined ? undefined : ne(mailedLinks.userId, exceptUserId),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/** Answers how many went. */
export async function deleteExpiredLinks(db: DbOrTx, now: Date): Promise<number> {
  const { rowCount } = await db.delete(mailedLinks).where(lt(mailedLinks.expiresAt, now));
  return rowCount ?? 0;
}

export async function insertPasswordRequest(
  db: DbOrTx,
  values: { email: string; createdAt: Date },
): Promise<void> {
  await db.insert(passwordRequests).values(values);
}

/** Takes the oldest requests away and answers their addresses; others take others meanwhile. */
export async function takePasswordRequests(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.execute<{ email: string }>(sql`
    delete from ${passwordRequests} where id in (
      select id from ${passwordRequests} order by created_at limit ${limit} for update skip locked
    ) returning email`);
  return rows.map(({ email }) => email);
}
