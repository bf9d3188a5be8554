type Ask = (text: string, values: unknown[]) => Promise<unknown>;

/** Makes tenants of a bucket ones without a quota of images, whose credits pay for whatever they ask. */
export async function openCrowd(
  ask: Ask,
  tenants: readonly string[],
  period: string,
  now: Date,
): Promise<void> {
  await ask(`select u00.usage_ensure_partition($1)`, [period]);
  await ask(`select u00.usage_open($1, $2)`, [period, tenants]);
  await ask(
    `update u00.usage_totals set "limit" = 0, rate_micro = 1
     where resource_type = 'images' and tenant_id = any($1)`,
    [tenants],
  );
  await ask(
    `select u00.credit_grant(t, gen_random_uuid(), 'goodwill', t::text, 0::smallint, 1000000000, $2,
       'infinity', 'a', 'b', $2)
     from unnest($1::uuid[]) as t`,
    [tenants, now],
  );
}
