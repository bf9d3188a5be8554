import type { Bucket } from './bucket.ts';

/** How many reservations are open, and how many of them are past their time and not yet released. */
export async function countHolds(
  { schema, client }: Bucket,
  now: Date,
): Promise<{ open: number; overdue: number }> {
  const { rows } = await client.query<{ open: number; overdue: number }>({
    text: `select count(*)::int as open, count(*) filter (where expires_at < $1)::int as overdue
           from ${schema}.usage_reservations where state = 'open'`,
    values: [now],
  });
  return rows[0]!;
}

/** When a reservation expires, or did; `undefined` when it is unknown or pruned. */
export async function findExpiry(
  { schema, client }: Bucket,
  tenantId: string,
  id: string,
): Promise<Date | undefined> {
  const { rows } = await client.query<{ expiresAt: Date }>({
    text: `select expires_at as "expiresAt" from ${schema}.usage_reservations
           where tenant_id = $1 and id = $2`,
    values: [tenantId, id],
  });
  return rows[0]?.expiresAt;
}

/** When a key answered for the first time; `undefined` when it never did. */
export async function findKeyTime(
  { schema, client }: Bucket,
  tenantId: string,
  key: string,
): Promise<Date | undefined> {
  const { rows } = await client.query<{ createdAt: Date }>({
    text: `select created_at as "createdAt" from ${schema}.usage_idempotency
           where tenant_id = $1 and key = $2`,
    values: [tenantId, key],
  });
  return rows[0]?.createdAt;
}
