import { userInfo } from 'node:os';
import type { ActFact } from '../../src/domain/accounts/operator-act.ts';
import { formatMoney } from '../../src/domain/money.ts';
import { atCommandLine } from '../../src/server/services/operators/operator-identity.ts';
import type { TenantWish } from '../../src/server/services/operators/tenant-acts.ts';
import { openBilling, type OperatorBilling } from './billing.ts';
import type { Input, Result } from './command-shape.ts';
import { creditsOf } from './credits.ts';
import { tenantIdOf } from './tenant.ts';

/** Why and who: what every act for a tenant is told. */
export const ACT_FLAGS = {
  reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
  by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
} as const;

/** The same for the acts that name the tenant itself. */
export const TENANT_ACT_FLAGS = {
  tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose', required: true },
  ...ACT_FLAGS,
} as const;

type Given = Pick<Input<typeof ACT_FLAGS>, 'values' | 'dryRun'>;

/**
 * Does for a tenant what the operator's page would, or says what it would do: by the same service, with
 * the same entries in the log. `find` names the tenant where no flag does.
 */
export async function actForTenant(
  { values, dryRun }: Given,
  wish: TenantWish,
  find: string | ((billing: OperatorBilling) => Promise<string>),
): Promise<Result> {
  const { reason, by = userInfo().username } = values;
  const billing = await openBilling({ works: !dryRun });
  try {
    const tenantId =
      typeof find === 'string' ? await tenantIdOf(billing, find) : await find(billing);
    const on = { operator: atCommandLine(by, reason), tenantId, reason, dryRun };
    const { done, facts } = await billing.acts.carryOut(on, wish);
    return {
      lines: [done ? 'Done:' : 'It would do this:', ...facts.map(lineOf)],
      data: { tenantId, act: wish.act, done, facts },
    };
  } finally {
    await billing.close();
  }
}

/** `creditsLeft` is read as "credits left". */
function lineOf(fact: ActFact): string {
  const name = fact.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `  ${name}: ${shown(fact)}`;
}

function shown({ kind, value, currency = '' }: ActFact): string {
  if (value === null) return 'none';
  if (kind === 'money') return formatMoney({ amountMinor: Number(value), currency }, 'en');
  return kind === 'credits' ? creditsOf(Number(value)) : String(value);
}
