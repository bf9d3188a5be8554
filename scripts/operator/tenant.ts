import { BillingError } from '../../src/domain/errors.ts';
import { isUuid } from '../../src/domain/ids.ts';
import { getAccount } from '../../src/server/services/operators/find-tenant.ts';
import type { OperatorUsage } from './usage.ts';

/** The tenant of an id, or of somebody's address. Throws one sentence when there is none. */
export async function tenantIdOf(
  { database }: Pick<OperatorUsage, 'database'>,
  idOrEmail: string,
): Promise<string> {
  if (!idOrEmail.includes('@')) {
    if (isUuid(idOrEmail)) return idOrEmail;
    throw new BillingError('tenant_not_found', `There is no tenant "${idOrEmail}".`);
  }
  return (await getAccount(database.db, idOrEmail)).user.tenantId;
}
