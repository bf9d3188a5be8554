import { inTransaction } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  listCarried,
  updateStatement,
} from '../../../../db/repositories/billing/statement.repository.ts';
import {
  tellBilled,
  tellBillEnd,
  tellUncollectible,
} from '../../../../db/repositories/usage/credits/bills.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import { toldOf } from './states.ts';
import type { StatementDeps } from './statement-deps.ts';

/**
 * Tells the account in the bucket what stands in the main tables: what a statement bills, with what is
 * carried in, and what became of it. Everything is told by the statement's id and takes effect once, so
 * that who was cut between the two sides says it again.
 */
export async function tellAccount(
  { db, buckets, clock }: StatementDeps,
  statement: Statement,
): Promise<Statement> {
  const told = toldOf(statement.state);
  if (statement.told === told) return statement;
  return repeated(() =>
    inTransaction(db, async (tx) => {
      const at = await placeCredits(tx, buckets, statement.tenantId);
      const { id: ref, tenantId } = statement;
      const all = [...(await listCarried(tx, statement)), statement];
      const micro = all.reduce((sum, one) => sum + one.micro, 0);
      await tellBilled(at, { tenantId, ref, micro });
      const end = told === 'uncollectible' ? 'failed' : told;
      if (end && end !== 'billed') await tellBillEnd(at, { tenantId, ref, end });
      if (told === 'uncollectible') await tellUncollectible(at, { tenantId, now: clock.now() });
      return updateStatement(tx, ref, { told });
    }),
  );
}
