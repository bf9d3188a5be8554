import { userInfo } from 'node:os';
import type { StatementAct } from '../../src/server/services/billing/statements/operate.ts';
import { formatMoney } from '../../src/domain/money.ts';
import { openBilling } from './billing.ts';
import type { Input, Result } from './command-shape.ts';

/** What the commands about one statement are told. */
export const STATEMENT_FLAGS = {
  statement: { type: 'string', value: 'ID', about: 'of the table statements', required: true },
  reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
  by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
} as const;

/** Does it to the statement, or says what it is now. */
export async function actOnStatement(
  act: StatementAct,
  { values, dryRun }: Pick<Input<typeof STATEMENT_FLAGS>, 'values' | 'dryRun'>,
): Promise<Result> {
  const { statement: statementId, reason, by = userInfo().username } = values;
  const billing = await openBilling({ works: false });
  try {
    const row = dryRun
      ? await billing.statements.find(statementId)
      : await billing.statements.operate({ statementId, act, reason, by });
    const { state, heldAt, currency } = row;
    const total = { amountMinor: row.amountMinor + row.carriedInMinor, currency };
    return {
      lines: [
        `The statement of ${row.period} over ${formatMoney(total, 'en')} is ${heldAt ? 'held' : state}.`,
      ],
      data: { statementId, state, isHeld: heldAt !== null, total },
    };
  } finally {
    await billing.close();
  }
}
