import type { Period } from '../../../domain/period.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import type { Bucket } from './bucket.ts';

/** A limit of which 80 or 100 percent was reached: once a tenant, resource, month and limit. */
export interface Crossing {
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
  percent: number;
  /** Units, right after the crossing. */
  used: number;
  limit: number;
  crossedAt: Date;
}

/** Crossings about which no mail is in the outbox yet, the oldest first, `max` at most. */
export async function listCrossings({ schema, client }: Bucket, max: number): Promise<Crossing[]> {
  type Row = Omit<Crossing, 'used' | 'limit'> & Record<'used' | 'limit', string>;
  const { rows } = await client.query<Row>({
    text: `select tenant_id as "tenantId", period, resource_type as "resourceType", percent, used,
             "limit", crossed_at as "crossedAt"
           from ${schema}.usage_thresholds
           where mail_due
           order by crossed_at
           limit $1`,
    values: [max],
  });
  return rows.map((row) => ({ ...row, used: Number(row.used), limit: Number(row.limit) }));
}

/** Those of one tenant, the newest first. */
export async function listCrossingsOf(
  { schema, client }: Bucket,
  tenantId: string,
): Promise<Crossing[]> {
  type Row = Omit<Crossing, 'used' | 'limit'> & Record<'used' | 'limit', string>;
  const { rows } = await client.query<Row>({
    text: `select tenant_id as "tenantId", period, resource_type as "resourceType", percent, used,
             "limit", crossed_at as "crossedAt"
           from ${schema}.usage_thresholds
           where tenant_id = $1
           order by crossed_at desc
           limit 500`,
    values: [tenantId],
  });
  return rows.map((row) => ({ ...row, used: Number(row.used), limit: Number(row.limit) }));
}

/** Notes that the mail about a crossing is in the outbox, or that there is nobody to get one. */
export async function closeCrossing(
  { schema, client }: Bucket,
  { tenantId, period, resourceType, percent, limit }: Crossing,
): Promise<void> {
  await client.query({
    text: `update ${schema}.usage_thresholds set mail_due = false
           where tenant_id = $1 and period = $2 and resource_type = $3 and percent = $4
             and "limit" = $5`,
    values: [tenantId, period, resourceType, percent, limit],
  });
}
