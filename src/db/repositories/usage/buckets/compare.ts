import type { Bucket } from '../bucket.ts';
import type { Queryable } from '../hot-path.ts';

/** What a bucket knows of a tenant, or should know, as one text that is equal when all of it is. */
export interface KnownTenant {
  id: string;
  bucket: number;
  version: string;
  content: string;
  /** As one text too; compared where `fixed`. */
  limits: string;
  /** What the plan includes for the tenant does not hang on what was published last. */
  fixed: boolean;
  /** A change of it has yet to be written to the bucket. */
  unsynced: boolean;
}

/** A tenant of which a bucket knows something else than the main tables say. */
export interface CopyDifference {
  tenantId: string;
  /** The bucket's schema. */
  bucket: string;
  /** It is not there; it is there and belongs elsewhere; plan or limits are others. */
  what: 'missing' | 'misplaced' | 'outdated';
}

/** Instants as numbers, for two servers write them in the words of their own settings. */
const CONTENT = `jsonb_build_array(e.plan, e.base_plan, extract(epoch from e.share_from),
    extract(epoch from e.share_until), extract(epoch from e.deleted_at))::text as content,
  jsonb_build_array(e.limits, e.base_limits, e.rates, coalesce(e.overage, '{}'), e.rollover)::text as limits`;

/** Tenants after an id, rising, `limit` at most, as the main tables say; of `ids` alone when told. */
export async function listTenants(
  main: Queryable,
  after: string,
  limit: number,
  ids: readonly string[] | null = null,
): Promise<KnownTenant[]> {
  const { rows } = await main.query<KnownTenant>({
    text: `select t.id, e.bucket, e.version::text, ${CONTENT},
             (t.plan_version is not null and (t.base_plan is null or t.base_plan_version is not null)
               or t.plan = 'free' and not exists (select from plan_versions v
                 where v.plan = 'free' and v.carried_at is null)) as fixed,
             exists (select from metering_copies c where c.tenant_id = t.id) as unsynced
           from tenants t cross join lateral tenant_entitlement(t.id) e
           where t.id > $1 and ($3::uuid[] is null or t.id = any($3))
           order by t.id limit $2`,
    values: [after, limit, ids],
  });
  return rows;
}

/** Tenants in a bucket after one id and up to another; of `ids` alone when told. */
export async function listCopies(
  { schema, client }: Bucket,
  number: number,
  after: string,
  upTo: string,
  ids: readonly string[] | null = null,
): Promise<KnownTenant[]> {
  const { rows } = await client.query<KnownTenant>({
    text: `select e.tenant_id as id, $3::int as bucket, e.version::text, ${CONTENT},
             true as fixed, false as unsynced
           from ${schema}.usage_tenants e
           where e.tenant_id > $1 and e.tenant_id <= $2
             and ($4::uuid[] is null or e.tenant_id = any($4))
           order by e.tenant_id`,
    values: [after, upTo, number, ids],
  });
  return rows;
}

/** Has the tenant's copy written to its bucket again. */
export async function requestSync(main: Queryable, tenantId: string): Promise<void> {
  await main.query({
    text: 'update tenants set entitlement_version = entitlement_version + 1 where id = $1',
    values: [tenantId],
  });
}

/** Takes a tenant out of a bucket in which it has nothing, not even a counter; false when it has. */
export async function forgetTenant({ schema, client }: Bucket, tenantId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    text: `delete from ${schema}.usage_tenants t
           where tenant_id = $1
             and not exists (select from ${schema}.usage_totals c where c.tenant_id = t.tenant_id)`,
    values: [tenantId],
  });
  return rowCount === 1;
}
