import { userInfo } from 'node:os';
import { listOperators } from '../../src/db/repositories/operators/operator.repository.ts';
import {
  previewOperator,
  type OperatorChange,
  type OperatorInput,
} from '../../src/server/services/operators/grants.ts';
import { REASON_FLAG } from './carry-out.ts';
import type { Input, Result } from './command-types.ts';
import { withUsage, type OperatorUsage } from './usage.ts';

/** What the commands about operators are told. */
export const OPERATOR_FLAGS = {
  reason: { ...REASON_FLAG, about: 'stays in the audit log; else "by command"' },
  by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
} as const;

type Deps = { db: OperatorUsage['database']['db']; clock: OperatorUsage['clock'] };

/** Does it to who has the address, or says what it is now; without an address, lists the operators. */
export function changeOperator(
  email: string | undefined,
  { values, dryRun }: Pick<Input<typeof OPERATOR_FLAGS>, 'values' | 'dryRun'>,
  change: (deps: Deps, wish: OperatorInput) => Promise<OperatorChange>,
  says: { would: string; done: string; before: string },
): Promise<Result> {
  const { reason = 'by command', by = userInfo().username } = values;
  return withUsage(async ({ database: { db }, clock }) => {
    if (email === undefined) return listed(await listOperators(db));
    if (dryRun) {
      const found = await previewOperator({ db }, email);
      const now = found.isOperator ? 'is one now' : 'is none now';
      return { lines: [`${email} ${says.would}; ${now}.`], data: { email, ...found } };
    }
    const done = await change({ db, clock }, { email, reason, by });
    return {
      lines: [`${email} ${done.isNew ? says.done : says.before}.`],
      data: { email, ...done },
    };
  });
}

function listed(operators: Awaited<ReturnType<typeof listOperators>>): Result {
  const lines = operators.map(
    ({ email, grantedBy, grantedAt, hasSecondFactor }) =>
      `${email}, by ${grantedBy} on ${grantedAt.toISOString().slice(0, 10)}` +
      (hasSecondFactor ? '' : ': has no second factor yet'),
  );
  return { lines: lines.length > 0 ? lines : ['There are no operators.'], data: { operators } };
}
