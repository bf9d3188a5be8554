import { inArray } from 'drizzle-orm';
import type { Database, DbOrTx } from '../../client.ts';
import { tenants } from '../../schema/index.ts';
import { bucketOf } from '../usage/bucket.ts';

/** What is left of a grant: of the one that is being drawn now the account keeps it. */
const LEFT =
  'g.left_micro + g.held_micro + case when g.id = a.head_grant then a.head_left else 0 end';

/** Grants that can still be drawn, or will be: neither over nor taken back. */
const IS_OUTSTANDING = `g.revoked_at is null and g.expires_at > $1 and ${LEFT} > 0`;

const grantsOf = (schema: string) =>
  `${schema}.credit_grants g left join ${schema}.credit_accounts a on a.tenant_id = g.tenant_id`;

/** What is left of all grants, work under way included, of every bucket together, in µcr. */
export async function sumOutstanding(
  buckets: Database['buckets'],
  now: Date,
): Promise<{ paid: number; promotional: number }> {
  const sums = { paid: 0, promotional: 0 };
  for (const { number } of await buckets.list()) {
    const { schema, client } = bucketOf((await buckets.of(number)).pool, number);
    const { rows } = await client.query<{ class: number; micro: string }>({
      text: `select g.class, sum(${LEFT})::text as micro
             from ${grantsOf(schema)} where ${IS_OUTSTANDING} group by g.class`,
      values: [now],
    });
    for (const row of rows) sums[row.class === 1 ? 'paid' : 'promotional'] += Number(row.micro);
  }
  return sums;
}

export interface Outstanding {
  tenantId: string;
  tenant: string;
  micro: number;
}

/** The same by tenant, in the order of their ids, behind `after`. */
export async function listOutstanding(
  { db, buckets }: { db: DbOrTx; buckets: Database['buckets'] },
  { after, limit, now }: { after: string | undefined; limit: number; now: Date },
): Promise<Outstanding[]> {
  const found: { tenantId: string; micro: number }[] = [];
  for (const { number } of await buckets.list()) {
    const { schema, client } = bucketOf((await buckets.of(number)).pool, number);
    const { rows } = await client.query<{ tenantId: string; micro: string }>({
      text: `select g.tenant_id as "tenantId", sum(${LEFT})::text as micro
             from ${grantsOf(schema)}
             where ${IS_OUTSTANDING} and ($2::uuid is null or g.tenant_id > $2)
             group by g.tenant_id order by g.tenant_id limit $3`,
      values: [now, after ?? null, limit],
    });
    found.push(...rows.map((row) => ({ ...row, micro: Number(row.micro) })));
  }
  const page = found.sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1)).slice(0, limit);
  if (page.length === 0) return [];
  const ids = page.map(({ tenantId }) => tenantId);
  const rows = await db
    .select({ id: tenants.id, name: tenants.name })
    .from(tenants)
    .where(inArray(tenants.id, ids));
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return page.map((one) => ({ ...one, tenant: names.get(one.tenantId) ?? one.tenantId }));
}
