-- What may be unpaid at once is more than the least that is billed, in every currency: where it was less,
-- overage came to it and rested, with no bill that could be paid.

-- How much may be used and not yet paid, in minor units: what an operator said, or by how many bills were
-- paid. ¥50, ¥200, ¥500; of another currency about as much, which is 7, 28 and 70 times the least bill
-- (`floorOf`).
create or replace function credit_exposure(a credit_accounts) returns bigint
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_paid int;
begin
  if a.exposure_minor is not null then return a.exposure_minor; end if;
  select least(count(*), 2) into v_paid from overage_bills
  where tenant_id = a.tenant_id and state = 'paid' and micro > 0;
  return (case
      when a.overage_currency = 'cny' then array[5000, 20000, 50000]
      when a.overage_currency = 'huf' then array[358400, 1433600, 3584000]
      when a.overage_currency in ('czk', 'mxn', 'thb') then array[22400, 89600, 224000]
      when a.overage_currency in ('dkk', 'hkd', 'nok', 'sek') then array[5600, 22400, 56000]
      when a.overage_currency in ('aed', 'myr', 'pln', 'ron') then array[2800, 11200, 28000]
      when a.overage_currency = 'bgn' then array[1400, 5600, 14000]
      else array[700, 2800, 7000] end)[v_paid + 1];
end $$;

-- What overage leaves of the months of accounts, whether it is on or not: `capped` what the cap leaves, in
-- µcr, and `trusted` the exposure, both as if nothing were held, and with what is held `capped_now` and
-- `trusted_now`. `spent` is what the month has cost, in millionths of a minor unit. Null where there is no
-- account or nothing was ever agreed to. As `credit_capped` and `credit_trusted`, which are for an account
-- that is not written yet.
create or replace function credit_rooms(
  p_tenants uuid[], p_periods text[],
  out spent numeric[], out exposure bigint[], out capped numeric[], out capped_now numeric[],
  out trusted numeric[], out trusted_now numeric[]
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
begin
  select array_agg(b.spent order by b.n), array_agg(b.exposure order by b.n),
    array_agg(floor((b.cap - b.spent) / b.price) order by b.n),
    array_agg(floor((b.cap - b.spent - b.held) / b.price) order by b.n),
    array_agg(b.trusted order by b.n), array_agg(b.trusted - b.held_micro order by b.n)
  into spent, exposure, capped, capped_now, trusted, trusted_now
  from (
    select w.n, a.overage_cap_minor * 1000000.0 as cap, a.overage_price as price, a.exposure,
      m.used - a.loaded as spent, m.held, m.held_micro,
      floor(a.exposure * 1000000.0 / a.overage_price) - a.unpaid_micro + a.overage_left as trusted
    from unnest(p_tenants, p_periods) with ordinality as w(tenant, period, n)
    left join lateral (
      select c.*,
        -- What is loaded is not used.
        case when c.overage_period = w.period then c.overage_left * c.overage_price else 0 end as loaded,
        coalesce(c.exposure_minor, (case
            when c.overage_currency = 'cny' then array[5000, 20000, 50000]
            when c.overage_currency = 'huf' then array[358400, 1433600, 3584000]
            when c.overage_currency in ('czk', 'mxn', 'thb') then array[22400, 89600, 224000]
            when c.overage_currency in ('dkk', 'hkd', 'nok', 'sek') then array[5600, 22400, 56000]
            when c.overage_currency in ('aed', 'myr', 'pln', 'ron') then array[2800, 11200, 28000]
            when c.overage_currency = 'bgn' then array[1400, 5600, 14000]
            else array[700, 2800, 7000] end)[1 + (select count(*) from (
            select from overage_bills b
            where b.tenant_id = w.tenant and b.state = 'paid' and b.micro > 0 limit 2) as two)]) as exposure
      from credit_accounts c
      where c.tenant_id = w.tenant and c.overage_price is not null
    ) as a on true
    cross join lateral (
      select coalesce(sum(o.held_micro), 0) as held_micro,
        coalesce(sum(o.used_micro * o.minor_per_credit)
          filter (where o.period = w.period and o.currency = a.overage_currency), 0) as used,
        coalesce(sum(o.held_micro * o.minor_per_credit)
          filter (where o.period = w.period and o.currency = a.overage_currency), 0) as held
      from overage_periods o
      where a.tenant_id is not null and o.tenant_id = w.tenant
    ) as m
    -- So that each is worked out once.
    offset 0
  ) as b;
end $$;
