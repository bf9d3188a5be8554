import { OperatorLog } from '../../src/server/services/operators/log.ts';
import {
  TenantActs,
  type TenantActInput,
} from '../../src/server/services/operators/tenant-acts.ts';
import { carryOut, type Given } from './carry-out.ts';
import type { Result } from './command-types.ts';
import { tenantIdOf } from './tenant.ts';
import { withUsage, type OperatorUsage } from './usage.ts';

/** Those that need a database and nothing of Stripe's. */
type UsageAct =
  | ('grant_credits' | 'revoke_credits' | 'correct_usage' | 'reverse_usage')
  | ('add_allowance' | 'trust_overage' | 'hide_character');
export type UsageActInput = Extract<TenantActInput, { act: UsageAct }>;

/** The acts of the operator's page that a command can do without Stripe. */
export function usageActs({ database: { db }, clock, usage }: OperatorUsage): TenantActs<UsageAct> {
  const { credits } = usage;
  return new TenantActs<UsageAct>({
    ...{ db, clock, usage, credits },
    log: new OperatorLog({ db, clock }),
  });
}

/** Like `actForTenant`, also where no account at Stripe is set. */
export function actOnUsage(given: Given, wish: UsageActInput, idOrEmail: string): Promise<Result> {
  return withUsage(async (operator) =>
    carryOut(usageActs(operator), given, wish, await tenantIdOf(operator, idOrEmail)),
  );
}
