import type { TenantActInput } from '../../src/server/services/operators/tenant-acts.ts';
import { openBilling, type OperatorBilling } from './billing.ts';
import { carryOut, type Given } from './carry-out.ts';
import type { Result } from './command-types.ts';
import { tenantIdOf } from './tenant.ts';

/**
 * Does for a tenant what the operator's page would, or says what it would do. `find` names the tenant where
 * no flag does.
 */
export async function actForTenant(
  given: Given,
  wish: TenantActInput,
  find: string | ((billing: OperatorBilling) => Promise<string>),
): Promise<Result> {
  const billing = await openBilling({ works: !given.dryRun });
  try {
    const tenantId =
      typeof find === 'string' ? await tenantIdOf(billing, find) : await find(billing);
    return await carryOut(billing.acts, given, wish, tenantId);
  } finally {
    await billing.close();
  }
}
