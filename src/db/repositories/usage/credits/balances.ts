import type { Bucket } from '../bucket.ts';

/**
 * What of their grants tenants can draw at `now`, in µcr; changes nothing. Whoever has nothing here, or is
 * not here, is not in the answer.
 */
export async function listBalances(
  { schema, client }: Bucket,
  tenantIds: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ tenant_id: string; micro: string }>({
    text: `select g.tenant_id,
        sum(g.left_micro + case when a.head_grant = g.id then a.head_left else 0 end) as micro
      from ${schema}.credit_grants g
      join ${schema}.credit_accounts a on a.tenant_id = g.tenant_id
      where g.tenant_id = any($1::uuid[]) and g.frozen_at is null and g.revoked_at is null
        and g.effective_at <= $2 and g.expires_at > $2
      group by g.tenant_id`,
    values: [tenantIds, now],
  });
  return new Map(rows.map((row) => [row.tenant_id, Number(row.micro)]));
}
