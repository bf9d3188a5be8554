import { and, eq, isNotNull, isNull, lt, or, sql, type SQL } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import {
  memberships,
  tenants,
  users,
  type NewUser,
  type Tenant,
  type User,
} from '../../schema/index.ts';
import { chosenFirst } from './membership.repository.ts';

/** A person in one of their tenants: `user` has that tenant and the role there. */
export interface Account {
  user: User;
  tenant: Tenant;
}

/**
 * A new person, who is a member of the tenant by it (a trigger writes that). `undefined` when the e-mail
 * is taken. `email` must be lower case.
 */
export async function insertUser(db: DbOrTx, values: NewUser): Promise<User | undefined> {
  const [row] = await db
    .insert(users)
    .values(values)
    .onConflictDoNothing({ target: users.email })
    .returning();
  return row;
}

/** `email` must be lower case; the tenant is the one chosen last. Who belongs to none is not found. */
export function findAccountByEmail(db: DbOrTx, email: string): Promise<Account | undefined> {
  return findAccount(db, eq(users.email, email));
}

/** A person in one of their tenants: the one chosen last, unless one is named. */
export function findAccountById(
  db: DbOrTx,
  userId: string,
  tenantId?: string,
): Promise<Account | undefined> {
  return findAccount(
    db,
    and(
      eq(users.id, userId),
      tenantId === undefined ? undefined : eq(memberships.tenantId, tenantId),
    ),
  );
}

async function findAccount(db: DbOrTx, who: SQL | undefined): Promise<Account | undefined> {
  const [row] = await db
    .select({ user: users, tenant: tenants, role: memberships.role })
    .from(users)
    .innerJoin(memberships, eq(memberships.userId, users.id))
    .innerJoin(tenants, eq(memberships.tenantId, tenants.id))
    .where(and(who, isNull(tenants.deletedAt)))
    .orderBy(...chosenFirst)
    .limit(1);
  if (!row) return undefined;
  const { user, tenant, role } = row;
  return { user: { ...user, tenantId: tenant.id, role }, tenant };
}

/** How the user reads: the language of mails and of Stripe's pages, and the zone of dates in mails. */
export async function setUserReading(
  db: DbOrTx,
  values: { userId: string; locale?: string; timeZone?: string; now: Date },
): Promise<void> {
  const { userId, now, ...reading } = values;
  await db
    .update(users)
    .set({ ...reading, updatedAt: now })
    .where(eq(users.id, userId));
}

/** Notes that the address is the user's; an address that was changed since stays unproven. */
export async function markEmailVerified(
  db: DbOrTx,
  values: { userId: string; email: string; now: Date },
): Promise<boolean> {
  const { userId, email, now } = values;
  const { rowCount } = await db
    .update(users)
    .set({
      emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${now.toISOString()}::timestamptz)`,
      updatedAt: now,
    })
    .where(and(eq(users.id, userId), eq(users.email, email)));
  return rowCount === 1;
}

/** Counts a message of somebody whose address is unproven; false when `max` were sent before. */
export async function countUnverifiedMessage(
  db: DbOrTx,
  values: { userId: string; max: number },
): Promise<boolean> {
  const { rowCount } = await db
    .update(users)
    .set({
      unverifiedMessages: sql`case when ${users.emailVerifiedAt} is null
      then ${users.unverifiedMessages} + 1 else ${users.unverifiedMessages} end`,
    })
    .where(
      and(
        eq(users.id, values.userId),
        or(isNotNull(users.emailVerifiedAt), lt(users.unverifiedMessages, values.max)),
      ),
    );
  return rowCount === 1;
}

/** Gives a counted message back that came to nothing. */
export async function uncountUnverifiedMessage(db: DbOrTx, userId: string): Promise<void> {
  await db
    .update(users)
    .set({ unverifiedMessages: sql`greatest(0, ${users.unverifiedMessages} - 1)` })
    .where(and(eq(users.id, userId), isNull(users.emailVerifiedAt)));
}

/** The user, locked until the transaction ends. */
export async function lockUser(tx: Tx, userId: string): Promise<User | undefined> {
  const [row] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update');
  return row;
}

/** Whether the user's password is still the one that was seen; a change of it waits meanwhile. */
export async function holdsPassword(
  tx: Tx,
  { userId, passwordHash }: { userId: string; passwordHash: string },
): Promise<boolean> {
  const rows = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), eq(users.passwordHash, passwordHash)))
    .for('share');
  return rows.length > 0;
}

/** `verifiesEmail`: whoever set it has shown that the address is theirs. */
export async function setPassword(
  tx: Tx,
  values: { userId: string; passwordHash: string; verifiesEmail?: boolean; now: Date },
): Promise<void> {
  const { userId, passwordHash, verifiesEmail = false, now } = values;
  const emailVerifiedAt = sql`coalesce(${users.emailVerifiedAt}, ${now.toISOString()}::timestamptz)`;
  await tx
    .update(users)
    .set({ passwordHash, updatedAt: now, ...(verifiesEmail ? { emailVerifiedAt } : {}) })
    .where(eq(users.id, userId));
}

/** Whether an account has the address; of deleted tenants none is left. `email` must be lower case. */
export async function isEmailTaken(db: DbOrTx, email: string): Promise<boolean> {
  const rows = await db.select({ id: users.id }).from(users).where(eq(users.email, email));
  return rows.length > 0;
}

/** An address that its reader has shown to be theirs. Violates `users_email_unique` when it is taken. */
export async function setEmail(
  tx: Tx,
  values: { userId: string; email: string; now: Date },
): Promise<void> {
  const { userId, email, now } = values;
  await tx
    .update(users)
    .set({ email, emailVerifiedAt: now, updatedAt: now })
    .where(eq(users.id, userId));
}

export async function setMutedMails(
  db: DbOrTx,
  values: { userId: string; mutedMails: string[]; now: Date },
): Promise<void> {
  const { userId, mutedMails, now } = values;
  await db.update(users).set({ mutedMails, updatedAt: now }).where(eq(users.id, userId));
}
