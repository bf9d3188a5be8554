import { and, asc, eq, isNotNull, lt, or } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import {
  operators,
  operatorSessions,
  secondFactors,
  users,
  type Operator,
  type OperatorSession,
} from '../../schema/index.ts';

/** False when the person was an operator before. */
export async function insertOperator(tx: Tx, values: Operator): Promise<boolean> {
  const { rowCount } = await tx.insert(operators).values(values).onConflictDoNothing();
  return rowCount === 1;
}

/** Ends their sessions with it. False when the person was none. */
export async function deleteOperator(tx: Tx, userId: string): Promise<boolean> {
  const { rowCount } = await tx.delete(operators).where(eq(operators.userId, userId));
  return rowCount === 1;
}

export async function isOperator(db: DbOrTx, userId: string): Promise<boolean> {
  return (await db.$count(operators, eq(operators.userId, userId))) > 0;
}

/** An operator, and whether codes of an app are asked for when they sign in. */
export interface ListedOperator extends Operator {
  email: string;
  hasSecondFactor: boolean;
}

/** Everybody who is one, by e-mail address. */
export async function listOperators(db: DbOrTx): Promise<ListedOperator[]> {
  const rows = await db
    .select({ operator: operators, email: users.email, factor: secondFactors.userId })
    .from(operators)
    .innerJoin(users, eq(users.id, operators.userId))
    .leftJoin(
      secondFactors,
      and(eq(secondFactors.userId, operators.userId), isNotNull(secondFactors.confirmedAt)),
    )
    .orderBy(asc(users.email));
  return rows.map(({ operator, email, factor }) => ({
    ...{ ...operator, email, hasSecondFactor: factor !== null },
  }));
}

/** What an operator signs in with, as it is stored now; `undefined` without a second factor. */
export interface StoredCredentials {
  passwordHash: string;
  sealedSecret: string;
}

export async function findCredentials(
  db: DbOrTx,
  userId: string,
): Promise<StoredCredentials | undefined> {
  const [row] = await db
    .select({ passwordHash: users.passwordHash, sealedSecret: secondFactors.sealedSecret })
    .from(users)
    .innerJoin(secondFactors, eq(secondFactors.userId, users.id))
    .where(and(eq(users.id, userId), isNotNull(secondFactors.confirmedAt)));
  return row;
}

export async function insertOperatorSession(
  tx: Tx,
  values: Omit<OperatorSession, 'id'>,
): Promise<void> {
  await tx.insert(operatorSessions).values(values);
}

export async function findOperatorSession(
  db: DbOrTx,
  values: { userId: string; tokenHash: string },
): Promise<OperatorSession | undefined> {
  const { userId, tokenHash } = values;
  const [row] = await db
    .select()
    .from(operatorSessions)
    .where(and(eq(operatorSessions.userId, userId), eq(operatorSessions.tokenHash, tokenHash)));
  return row;
}

export async function touchOperatorSession(db: DbOrTx, id: string, now: Date): Promise<void> {
  await db.update(operatorSessions).set({ lastUsedAt: now }).where(eq(operatorSessions.id, id));
}

export async function deleteOperatorSession(db: DbOrTx, tokenHash: string): Promise<void> {
  await db.delete(operatorSessions).where(eq(operatorSessions.tokenHash, tokenHash));
}

/** Forgets sessions that were begun, or last used, before these instants. */
export async function deleteOverSessions(
  db: DbOrTx,
  before: { begun: Date; used: Date },
): Promise<void> {
  const { begun, used } = before;
  await db
    .delete(operatorSessions)
    .where(or(lt(operatorSessions.createdAt, begun), lt(operatorSessions.lastUsedAt, used)));
}
