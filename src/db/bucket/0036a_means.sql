-- What tenants can pay beyond their quotas, asked for many at once.

-- Asked at every refusal: one who has used up a thousand grants must not be slower for it.
create index if not exists credit_grants_held_idx on credit_grants (tenant_id) where held_micro > 0;

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
        coalesce(c.exposure_minor, (case when c.overage_currency = 'cny' then array[5000, 20000, 50000]
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

-- What accounts can pay for work of a month, in µcr: `means` now, and `later` if everything came back that
-- is held. `marks`: a refusal would be the cap's last mark, and that is not written down yet. The accounts
-- exist, are locked and written, and their heads are in force.
create or replace function credit_means(
  p_tenants uuid[], p_period text, p_now timestamptz,
  out means numeric[], out later numeric[], out marks boolean[]
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_rooms record;
begin
  v_rooms := credit_rooms(p_tenants, array_fill(p_period, array[cardinality(p_tenants)]));
  select array_agg(b.grants + case when b.is_on then greatest(0, b.room_now) else 0 end order by b.n),
    array_agg(b.grants + b.held + case when b.is_on then greatest(0, b.room) else 0 end order by b.n),
    array_agg(b.mark_ref is not null and not exists (
      select from overage_notices o where o.tenant_id = b.tenant and o.ref = b.mark_ref) order by b.n)
  into means, later, marks
  from (
    select w.n, w.tenant, a.head_left + g.behind as grants, h.held, a.is_on,
      least(w.capped_now, w.trusted_now) as room_now, least(w.capped, w.trusted) as room,
      -- As `credit_mark` names it; null where the cap is not in the way, or who is told of none.
      case when a.is_on and w.capped <= w.trusted then 'cap/' || p_period || '/' || a.overage_currency
        || '/' || a.overage_cap_minor || '/' || a.alert end as mark_ref
    from unnest(p_tenants, v_rooms.capped, v_rooms.capped_now, v_rooms.trusted, v_rooms.trusted_now)
      with ordinality as w(tenant, capped, capped_now, trusted, trusted_now, n)
    cross join lateral (
      select c.*, c.overage_on and c.overage_paused is null and c.overage_suspended is null as is_on,
        (select max(s.percent) from unnest(c.overage_alerts) as s(percent)) as alert
      from credit_accounts c
      where c.tenant_id = w.tenant
    ) as a
    cross join lateral (
      select coalesce(sum(left_micro), 0) as behind from credit_grants
      where a.head_grant is not null and tenant_id = w.tenant and left_micro > 0 and frozen_at is null
        and effective_at <= p_now and expires_at > p_now
    ) as g
    cross join lateral (
      select coalesce(sum(held_micro - revoke_due_micro), 0) as held from credit_grants
      where tenant_id = w.tenant and held_micro > 0 and frozen_at is null and expires_at > p_now
    ) as h
    offset 0
  ) as b;
end $$;

-- What of overage is sold to tenants, agreed to, used and unpaid, in their order: see `credit_overage_view`,
-- which tells it of one. An offer of null: the tenant is not known here.
create or replace function credit_overages(p_tenants uuid[], p_periods text[]) returns json
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_rooms record;
  v_views json;
begin
  v_rooms := credit_rooms(p_tenants, p_periods);
  select json_agg(case when a.overage_currency is null then json_build_object('offer', t.overage)
    else json_build_object('offer', t.overage, 'enabled', a.overage_on, 'capMinor', a.overage_cap_minor,
      'currency', a.overage_currency, 'minorPerCredit', trim_scale(a.overage_price)::text,
      'agreed', trim_scale(a.overage_agreed)::text, 'lapsed', a.overage_lapsed, 'paused',
      a.overage_paused, 'suspended', a.overage_suspended, 'alerts', a.overage_alerts, 'room',
      case when a.overage_on and a.overage_paused is null and a.overage_suspended is null
        then greatest(0, least(w.capped_now, w.trusted_now, 9000000000000000)) else 0 end,
      'usedMinor', floor(w.spent / 1000000), 'unpaid', a.unpaid_micro - a.overage_left,
      'exposureMinor', w.exposure, 'isCapped', w.capped_now <= w.trusted_now) end order by w.n)
  into v_views
  from unnest(p_tenants, v_rooms.spent, v_rooms.exposure, v_rooms.capped_now, v_rooms.trusted_now)
    with ordinality as w(tenant, spent, exposure, capped_now, trusted_now, n)
  left join lateral (select * from credit_accounts c where c.tenant_id = w.tenant) as a on true
  left join lateral (select overage from usage_tenants u where u.tenant_id = w.tenant) as t on true;
  return v_views;
end $$;
