import type { DbOrTx, Tx } from '../../../db/client.ts';
import {
  findAccountById,
  lockUser,
  type Account,
} from '../../../db/repositories/accounts/user.repository.ts';
import type { User } from '../../../db/schema/index.ts';
import { BillingError } from '../../../domain/errors.ts';

/**
 * A person in one of their tenants: the one chosen last, unless one is named. 401 `unauthenticated` when
 * they are gone, or not in it.
 */
export async function getAccount(db: DbOrTx, userId: string, tenantId?: string): Promise<Account> {
  return (await findAccountById(db, userId, tenantId)) ?? refuse();
}

/** A person, locked until the transaction's end. 401 `unauthenticated` when they are gone. */
export async function lockPerson(tx: Tx, userId: string): Promise<User> {
  return (await lockUser(tx, userId)) ?? refuse();
}

function refuse(): never {
  throw new BillingError('unauthenticated', 'This account no longer exists.');
}
