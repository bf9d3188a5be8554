import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import './operator/env-file.ts';
import { findAccountByEmail } from '../src/db/repositories/accounts/user.repository.ts';
import { requestedPeriod } from '../src/domain/period.ts';
import { isResourceType, RESOURCE_TYPES } from '../src/domain/quota.ts';
import { runCommand } from './operator/command.ts';
import { withUsage, type OperatorUsage } from './operator/usage.ts';

const USAGE =
  'npm run usage:correct -- --tenant ID_OR_EMAIL --resource messages --amount=-5 --reason "…"\n' +
  'npm run usage:correct -- --tenant ID_OR_EMAIL --resource messages --reset --reason "…"\n' +
  '  --period YYYY-MM   another month than the present one\n' +
  '  --by NAME          who corrects; else the name of this machine’s user';

/**
 * `usage:correct`: takes usage off a tenant, or adds it, by a row of the ledger with its reason and
 * who gave it; `--reset` takes all of it off. Prints what is used now.
 */
await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      tenant: { type: 'string' },
      resource: { type: 'string' },
      amount: { type: 'string' },
      reset: { type: 'boolean', default: false },
      reason: { type: 'string' },
      period: { type: 'string' },
      by: { type: 'string' },
    },
  });
  const { tenant, resource, amount, reset, reason } = values;
  const period = requestedPeriod(values.period);
  if (!tenant || !reason || !isResourceType(resource) || reset === (amount !== undefined)) {
    console.error(`Name the tenant, a resource (${RESOURCE_TYPES.join(', ')}), a reason, and`);
    console.error(`either an amount or --reset.\n${USAGE}`);
    return false;
  }
  await withUsage(async (operator) => {
    const request = {
      tenantId: await tenantIdOf(operator, tenant),
      resourceType: resource,
      reason,
      actor: { kind: 'service', name: values.by ?? userInfo().username } as const,
      ...(period ? { period } : {}),
    };
    if (reset) {
      const { before } = await operator.usage.resetUsage(request);
      console.log(`${resource}: ${before} were used, now 0.`);
    } else {
      const { used } = await operator.usage.correct({ ...request, amount: Number(amount) });
      console.log(`${resource}: ${used - Number(amount)} were used, now ${used}.`);
    }
  });
  return true;
});

async function tenantIdOf({ database }: OperatorUsage, idOrEmail: string): Promise<string> {
  if (!idOrEmail.includes('@')) return idOrEmail;
  const account = await findAccountByEmail(database.db, idOrEmail.toLowerCase());
  if (!account) throw new Error(`Nobody has registered with ${idOrEmail}.`);
  return account.user.tenantId;
}
