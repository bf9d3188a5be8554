import type { StatementAct } from '../../src/server/services/billing/statements/operate.ts';
import { ACT_FLAGS, type Given } from './carry-out.ts';
import type { Result } from './command-types.ts';
import { actForTenant } from './tenant-act.ts';
import { typedId } from './typed.ts';

/** What the commands about one statement are told. */
export const STATEMENT_FLAGS = {
  statement: { type: 'string', value: 'ID', about: 'of the table statements', required: true },
  ...ACT_FLAGS,
} as const;

/** Does it to the statement, or says what it is now. */
export function actOnStatement(
  verb: StatementAct,
  { values, dryRun }: Given & { values: { statement: string } },
): Promise<Result> {
  const statementId = typedId('statement', values.statement);
  const wish = { act: 'operate_statement', statementId, verb } as const;
  return actForTenant(
    { values, dryRun },
    wish,
    async ({ statements }) => (await statements.find(statementId)).tenantId,
  );
}
