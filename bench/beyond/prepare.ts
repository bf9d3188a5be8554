import { NOW, PERIOD, type BenchDatabase } from '../database.ts';

/** µcr that no run uses up, and a cap and an exposure to match. */
const PLENTY = 9_000_000_000_000;

/** Who pays how: by one large grant, by overage, under a cap that is soon reached, by small grants. */
export const SETS = ['granted', 'billed', 'capped', 'heads', 'split', 'members'] as const;
export type Sets = Record<(typeof SETS)[number], string[]>;

/** Units of a picture until a capped tenant's cap, to the microcredit. */
export const UNITS_TO_CAP = 10;
/** With `PRICE` it is a cap of one minor unit. */
export const CAPPED_RATE_MICRO = 100_000_000;
const PRICE = 0.001;

/** Who may use as many messages as anybody likes, each of their own. */
export const MEMBERS = ['one', 'another'];

/** A call of one unit uses up such a grant at the hundredth. */
export const HEAD_MICRO = 100;
/** A hold of two units takes what is left of the first grant, and half of the next. */
export const SPLIT_MICRO = 2;

/** No pictures and no calls of the API in anybody's quota: what each has instead. */
export async function prepareBeyond(database: BenchDatabase, sets: Sets): Promise<void> {
  const { pool } = database;
  const all = Object.values(sets).flat();
  await putRates(database, all, 1);
  await putRates(database, sets.capped, CAPPED_RATE_MICRO);
  await forbid(database, ['images', 'api_calls']);
  await grantOnce(database, [...sets.granted, ...sets.members], PLENTY);
  // Not all at the same time.
  for (let left = 1; left <= HEAD_MICRO; left += 1) {
    await grantOnce(
      database,
      sets.heads.filter((_, n) => n % HEAD_MICRO === left - 1),
      left,
    );
  }
  await grantOnce(database, sets.split, SPLIT_MICRO / 2);
  for (const tenantId of sets.members) {
    for (const member of MEMBERS) {
      await pool.query(`select u00.usage_limit_member($1, $2, '{"messages": 1000000000000}', $3)`, [
        ...[tenantId, member, NOW],
      ]);
    }
  }
  await agree(database, sets.billed, PLENTY * PRICE);
  await agree(database, sets.capped, (UNITS_TO_CAP * CAPPED_RATE_MICRO * PRICE) / 1_000_000);
}

/** What a unit beyond the quota costs these tenants, whatever it is of. */
export async function putRates(
  { pool }: BenchDatabase,
  tenants: readonly string[],
  rateMicro: number,
): Promise<void> {
  await pool.query(
    `update u00.usage_tenants set rates = (select jsonb_object_agg(key, $2::bigint) from jsonb_each(limits))
     where tenant_id = any($1)`,
    [tenants, rateMicro],
  );
  await pool.query('update u00.usage_totals set rate_micro = $2 where tenant_id = any($1)', [
    ...[tenants, rateMicro],
  ]);
}

async function forbid({ pool }: BenchDatabase, resources: readonly string[]): Promise<void> {
  await pool.query(
    `update u00.usage_tenants
     set limits = limits || (select jsonb_object_agg(r, 0) from unnest($1::text[]) as r)`,
    [resources],
  );
  await pool.query(
    `update u00.usage_totals set "limit" = 0 where period = $1 and resource_type::text = any($2)`,
    [PERIOD, resources],
  );
}

export async function grantOnce(
  { pool }: BenchDatabase,
  tenants: readonly string[],
  micro = PLENTY,
): Promise<void> {
  await pool.query(
    `select u00.credit_grant(t, gen_random_uuid(), 'goodwill', 'bench', 0::smallint, $2, $3,
       $3::timestamptz + interval '1 month', 'bench', 'bench', $3)
     from unnest($1::uuid[]) as t`,
    [tenants, micro, NOW],
  );
}

/** They agree to overage up to `capMinor` a month, and are trusted with more. */
export async function agree(
  { pool }: BenchDatabase,
  tenants: readonly string[],
  capMinor: number,
): Promise<void> {
  await pool.query(
    `update u00.usage_tenants set overage = jsonb_build_object('currency', 'cny', 'minorPerCredit', $2::text)
     where tenant_id = any($1)`,
    [tenants, String(PRICE)],
  );
  await pool.query(
    `select u00.credit_overage_set(t, true, $2, 'cny', $3, '{}', 'bench', $4)
     from unnest($1::uuid[]) as t`,
    [tenants, capMinor, PRICE, NOW],
  );
  await pool.query('select u00.credit_overage_trust(t, $2) from unnest($1::uuid[]) as t', [
    ...[tenants, capMinor * 1_000],
  ]);
}

/** Gives each of these as many more grants of `micro` as there are `count` again behind the present one. */
export async function refill(
  { pool }: BenchDatabase,
  tenants: readonly string[],
  { micro, count }: { micro: number; count: number },
): Promise<void> {
  await pool.query(
    `with short as (
       select t as tenant_id, $2::bigint - count(g.id) as missing
       from unnest($1::uuid[]) as t
       left join u00.credit_grants g on g.tenant_id = t and g.left_micro > 0
       group by t
     ), made as (
       insert into u00.credit_grants (tenant_id, id, origin, origin_ref, class, amount_micro, left_micro,
         effective_at, expires_at, actor, reason, created_at)
       select tenant_id, gen_random_uuid(), 'goodwill', gen_random_uuid()::text, 0, $3, $3, $4,
         $4::timestamptz + interval '1 year', 'bench', 'bench', $4
       from short, generate_series(1, missing)
       returning tenant_id, id
     ), numbered as (
       select m.*, a.last_seq + row_number() over (partition by m.tenant_id order by m.id) as seq
       from made m join u00.credit_accounts a using (tenant_id)
     ), noted as (
       insert into u00.credit_draws (tenant_id, seq, period, kind, grant_id, micro, drawn_at)
       select tenant_id, seq, $5, 'granted', id, -$3::bigint, $4 from numbered
     )
     update u00.credit_accounts a
     set last_seq = n.seq,
       head_until = case when a.head_grant is null then '-infinity' else a.head_until end
     from (select tenant_id, max(seq) as seq from numbered group by tenant_id) as n
     where a.tenant_id = n.tenant_id`,
    [tenants, count, micro, NOW, PERIOD],
  );
}
