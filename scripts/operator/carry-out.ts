import { userInfo } from 'node:os';
import type { ActFact, TenantAct } from '../../src/domain/accounts/operator-act.ts';
import { formatMoney } from '../../src/domain/money.ts';
import { REASON } from '../../src/server/services/operators/acts/act.ts';
import { atCommandLine } from '../../src/server/services/operators/operator-identity.ts';
import type {
  TenantActs,
  TenantActInput,
} from '../../src/server/services/operators/tenant-acts.ts';
import type { Result } from './command-types.ts';
import { creditsOf } from './credits.ts';

/** Why something is done. */
export const REASON_FLAG = {
  type: 'string',
  value: 'TEXT',
  about: 'stays in the audit log',
  length: REASON,
} as const;

/** Why and who: what every act for a tenant is told. */
export const ACT_FLAGS = {
  reason: { ...REASON_FLAG, required: true },
  by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
} as const;

/** The same for the acts that name the tenant itself. */
export const TENANT_ACT_FLAGS = {
  tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose', required: true },
  ...ACT_FLAGS,
} as const;

/** What was typed of it. */
export interface Given {
  values: { reason: string; by?: string | undefined };
  dryRun: boolean;
}

/** Does it as the operator's page would, with the same entries in the log, and tells each fact in a line. */
export async function carryOut<A extends TenantAct>(
  acts: TenantActs<A>,
  { values: { reason, by = userInfo().username }, dryRun }: Given,
  wish: Extract<TenantActInput, { act: A }>,
  tenantId: string,
): Promise<Result> {
  const on = { operator: atCommandLine(by, reason), tenantId, reason, dryRun };
  const { done, facts } = await acts.carryOut(on, wish);
  return {
    lines: [done ? 'Done:' : 'It would do this:', ...facts.map(lineOf)],
    data: { tenantId, act: wish.act, done, facts },
  };
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
