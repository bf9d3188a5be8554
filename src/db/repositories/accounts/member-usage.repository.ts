import type { Pool } from 'pg';
import type { Period } from '../../../domain/period.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import { bucketOf } from '../usage/bucket.ts';

/** A page waits no longer for it; who has more rows than that downloads them. */
const ANSWER_WITHIN_MS = 3_000;

export interface UsageOfMember {
  userId: string;
  resourceType: ResourceType;
  amount: number;
}

/**
 * What each person of a tenant used in a month, as far as its ledger names who. `undefined` when it
 * cannot be added up in time.
 */
export async function readUsageByMember(
  pool: Pool,
  tenant: { id: string; usageBucket: number },
  period: Period,
): Promise<UsageOfMember[] | undefined> {
  type Row = { userId: string; resourceType: ResourceType; amount: string };
  const { schema } = bucketOf(pool, tenant.usageBucket);
  const query = {
    text: `select metadata ->> 'userId' as "userId", resource_type as "resourceType",
        sum(amount) as amount
      from ${schema}.usage
      where tenant_id = $1 and period = $2 and metadata ? 'userId'
      group by 1, 2`,
    values: [tenant.id, period],
  };
  const client = await pool.connect();
  try {
    await client.query('begin read only');
    await client.query(`set local statement_timeout = ${ANSWER_WITHIN_MS}`);
    const { rows } = await client.query<Row>(query);
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  } catch (error) {
    if ((error as { code?: string }).code === QUERY_CANCELED) return undefined;
    throw error;
  } finally {
    await client.query('rollback').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}

const QUERY_CANCELED = '57014';
