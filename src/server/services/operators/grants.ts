import type { Db } from '../../../db/client.ts';
import {
  deleteOperator,
  insertOperator,
  isOperator,
} from '../../../db/repositories/operators/operator.repository.ts';
import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import { getAccount } from './find-tenant.ts';

export interface OperatorInput {
  email: string;
  reason: string;
  /** Who asks. */
  by: string;
}

/** What became of it: `isNew` is false where it was so before. */
export interface OperatorChange {
  userId: string;
  isNew: boolean;
}

interface Deps {
  db: Db;
  clock: Clock;
}

/** Lets somebody with an account into the operator's page. 404 `not_found`. */
export function grantOperator(deps: Deps, wish: OperatorInput): Promise<OperatorChange> {
  return change(deps, wish, 'operator.granted', (tx, userId) =>
    insertOperator(tx, { userId, grantedBy: wish.by, grantedAt: deps.clock.now() }),
  );
}

/** Takes the right and every session of the page at once. 404 `not_found`. */
export function revokeOperator(deps: Deps, wish: OperatorInput): Promise<OperatorChange> {
  return change(deps, wish, 'operator.revoked', deleteOperator);
}

/** What either would find; changes nothing. 404 `not_found`. */
export async function previewOperator(
  { db }: Pick<Deps, 'db'>,
  email: string,
): Promise<{ userId: string; isOperator: boolean }> {
  const userId = await userIdOf(db, email);
  return { userId, isOperator: await isOperator(db, userId) };
}

async function change(
  { db, clock }: Deps,
  { email, reason, by }: OperatorInput,
  action: 'operator.granted' | 'operator.revoked',
  make: (tx: Parameters<Parameters<Db['transaction']>[0]>[0], userId: string) => Promise<boolean>,
): Promise<OperatorChange> {
  const userId = await userIdOf(db, email);
  return db.transaction(async (tx) => {
    const isNew = await make(tx, userId);
    if (isNew) {
      await insertAuditEntry(tx, {
        ...{ tenantId: null, actor: { kind: 'service', name: by }, action },
        ...{ subjectId: userId, after: { email }, cause: reason, now: clock.now() },
      });
    }
    return { userId, isNew };
  });
}

async function userIdOf(db: Db, email: string): Promise<string> {
  return (await getAccount(db, email.trim())).user.id;
}
