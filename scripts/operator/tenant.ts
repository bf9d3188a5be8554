import { isUuid } from '../../src/domain/ids.ts';
import { getAccount } from '../../src/server/services/operators/find-tenant.ts';
import { CommandUsageError } from './command.ts';
import type { OperatorUsage } from './usage.ts';

/** The tenant of an id, or of somebody's address. Throws one sentence when there is none of that address. */
export async function tenantIdOf(
  { database }: Pick<OperatorUsage, 'database'>,
  idOrEmail: string,
): Promise<string> {
  if (!idOrEmail.includes('@')) {
    if (isUuid(idOrEmail)) return idOrEmail;
    throw new CommandUsageError(`--tenant "${idOrEmail}" is neither an id nor an address.`);
  }
  return (await getAccount(database.db, idOrEmail)).user.tenantId;
}
