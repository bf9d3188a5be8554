import { MICRO_PER_CREDIT, type GrantOrigin } from '../../../../domain/billing/credits.ts';
import type { Bucket } from '../bucket.ts';

/** A grant that ends soon, and of which something can be drawn. */
export interface Ending {
  tenantId: string;
  grantId: string;
  origin: GrantOrigin;
  originRef: string;
  /** µcr, a credit at least. */
  leftMicro: number;
  expiresAt: Date;
}

/**
 * Grants that can be drawn at `now`, end until `until` and have a credit left at least, and about whose end
 * no mail is in the outbox yet: what ends first before, `max` at most.
 */
export async function listEndings(
  { schema, client }: Bucket,
  { now, until, max }: { now: Date; until: Date; max: number },
): Promise<Ending[]> {
  const { rows } = await client.query<Omit<Ending, 'leftMicro'> & { leftMicro: string }>({
    text: `select * from (
        select g.tenant_id as "tenantId", g.id as "grantId", g.origin, g.origin_ref as "originRef",
          g.left_micro + case when a.head_grant = g.id then a.head_left else 0 end as "leftMicro",
          g.expires_at as "expiresAt"
        from ${schema}.credit_grants g
        join ${schema}.credit_accounts a on a.tenant_id = g.tenant_id
        where g.ending_told_at is null and g.expires_at > $1 and g.expires_at <= $2
          and g.effective_at <= $1 and g.frozen_at is null and g.revoked_at is null
      ) as ending
      where "leftMicro" >= $3
      order by "expiresAt", "tenantId", "grantId"
      limit $4`,
    values: [now, until, MICRO_PER_CREDIT, max],
  });
  return rows.map((row) => ({ ...row, leftMicro: Number(row.leftMicro) }));
}

/**
 * Notes that the mail about it is in the outbox, or that there is nobody to get one. Of an end that has moved
 * meanwhile, by the millisecond that JavaScript knows of it, nobody was told.
 */
export async function closeEnding(
  { schema, client }: Bucket,
  { tenantId, grantId, expiresAt }: Ending,
  now: Date,
): Promise<void> {
  await client.query({
    text: `update ${schema}.credit_grants set ending_told_at = $3
      where tenant_id = $1 and id = $2 and date_trunc('milliseconds', expires_at) = $4`,
    values: [tenantId, grantId, now, expiresAt],
  });
}
