-- What is unpaid is money: what statements bill and was not paid, and what was drawn and no statement has yet,
-- each at the price at which it was drawn. It was counted in µcr and valued at today's price, so that another
-- price made it another sum. Months say what of them is billed, bills what they ask for. `unpaid_micro` goes on
-- for the version before and for `usage:verify`.

set local statement_timeout = 400;
lock table overage_periods, overage_bills in access exclusive mode;
set local statement_timeout = 0;

-- What of the month, at its price, statements have billed.
alter table overage_periods add column if not exists billed_micro bigint not null default 0;
-- What it asks for, in minor units, with what is carried in.
alter table overage_bills
  add column if not exists currency text,
  add column if not exists minor bigint;
create index if not exists overage_bills_owed_idx on overage_bills (tenant_id)
  where state in ('billed', 'failed', 'lost');

-- How much may be unpaid before a bill was paid, in minor units by currency: 7 times the least bill
-- (`floorOf`), which is about as much everywhere. 700 of those that are missing.
create or replace function credit_worths() returns jsonb
language sql immutable
as $$
  select '{"cny": 5000, "huf": 358400, "czk": 22400, "mxn": 22400, "thb": 22400, "dkk": 5600, "hkd": 5600,
    "nok": 5600, "sek": 5600, "aed": 2800, "myr": 2800, "pln": 2800, "ron": 2800, "bgn": 1400}'::jsonb
$$;

-- How much may be used and not yet paid, in minor units: what an operator said, or by how many bills were
-- paid: so much, four times and ten times as much.
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
  return coalesce((credit_worths() ->> a.overage_currency)::int, 700) * (array[1, 4, 10])[v_paid + 1];
end $$;

-- What of an account is unpaid, in millionths of a minor unit of its currency, without what is loaded: `own`
-- of its currency alone, `debt` with what is of others, each as great a part of what may be unpaid of its own.
-- `unbilled` and `lost` are what of the debt no statement has, and what a bank took back.
create or replace function credit_unpaid(
  a credit_accounts, out own numeric, out debt numeric, out unbilled numeric, out lost numeric
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_worths jsonb := credit_worths();
  v_worth numeric := coalesce((v_worths ->> a.overage_currency)::numeric, 700);
begin
  select coalesce(sum(p.money) filter (where p.currency = a.overage_currency), 0),
    coalesce(sum(p.money * p.weight), 0),
    coalesce(sum(p.money * p.weight) filter (where p.state is null), 0),
    coalesce(sum(p.money * p.weight) filter (where p.state = 'lost'), 0)
  into own, debt, unbilled, lost
  from (
    select u.currency, u.state, u.money, case when u.currency = a.overage_currency then 1
      else v_worth / coalesce((v_worths ->> u.currency)::numeric, 700) end as weight
    from (
      select o.currency, null as state, (o.used_micro - o.billed_micro) * o.minor_per_credit as money
      from overage_periods o
      where o.tenant_id = a.tenant_id and o.used_micro <> o.billed_micro
      union all
      select b.currency, b.state, b.minor * 1000000.0 from overage_bills b
      where b.tenant_id = a.tenant_id and b.state in ('billed', 'failed', 'lost')
    ) as u
  ) as p;
  if a.overage_period is not null then
    own := own - a.overage_left * a.overage_price;
    debt := debt - a.overage_left * a.overage_price;
    unbilled := unbilled - a.overage_left * a.overage_price;
  end if;
end $$;

-- µcr that the exposure leaves, whatever the month.
create or replace function credit_trusted(a credit_accounts, p_held boolean) returns numeric
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_worths jsonb := credit_worths();
  v_worth numeric := coalesce((v_worths ->> a.overage_currency)::numeric, 700);
  v_held numeric := 0;
  v_unpaid record;
begin
  if p_held then
    select coalesce(sum(held_micro * minor_per_credit * case when currency = a.overage_currency then 1
      else v_worth / coalesce((v_worths ->> currency)::numeric, 700) end), 0)
    into v_held from overage_periods
    where tenant_id = a.tenant_id and held_micro > 0;
  end if;
  v_unpaid := credit_unpaid(a);
  return floor((credit_exposure(a) * 1000000.0 - v_unpaid.debt - v_held) / a.overage_price);
end $$;

-- What overage leaves of the months of accounts, whether it is on or not: `capped` what the cap leaves, in
-- µcr, and `trusted` the exposure, both as if nothing were held, and with what is held `capped_now` and
-- `trusted_now`. `spent` is what the month has cost, in millionths of a minor unit, `unpaid` what of all months
-- is unpaid in the account's currency. Null where there is no account or nothing was ever agreed to. As
-- `credit_capped`, `credit_trusted` and `credit_unpaid`, which are for an account that is not written yet.
drop function if exists credit_rooms(uuid[], text[]);
create or replace function credit_rooms(
  p_tenants uuid[], p_periods text[],
  out spent numeric[], out exposure bigint[], out capped numeric[], out capped_now numeric[],
  out trusted numeric[], out trusted_now numeric[], out unpaid numeric[]
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_worths jsonb := credit_worths();
begin
  select array_agg(b.spent order by b.n), array_agg(b.exposure order by b.n),
    array_agg(floor((b.cap - b.spent) / b.price) order by b.n),
    array_agg(floor((b.cap - b.spent - b.held) / b.price) order by b.n),
    array_agg(floor(b.room / b.price) order by b.n),
    array_agg(floor((b.room - b.held_ever) / b.price) order by b.n),
    array_agg(b.own order by b.n)
  into spent, exposure, capped, capped_now, trusted, trusted_now, unpaid
  from (
    select w.n, a.overage_cap_minor * 1000000.0 as cap, a.overage_price as price, a.exposure,
      m.used - case when a.overage_period = w.period then a.loaded else 0 end as spent, m.held, m.held_ever,
      a.exposure * 1000000.0 - m.unbilled - d.billed + a.loaded as room,
      m.unbilled_own + d.billed_own - a.loaded as own
    from unnest(p_tenants, p_periods) with ordinality as w(tenant, period, n)
    left join lateral (
      select c.*,
        -- What is loaded is not used.
        case when c.overage_period is null then 0 else c.overage_left * c.overage_price end as loaded,
        coalesce((v_worths ->> c.overage_currency)::numeric, 700) as worth,
        coalesce(c.exposure_minor, coalesce((v_worths ->> c.overage_currency)::int, 700)
          * (array[1, 4, 10])[1 + (select count(*) from (
            select from overage_bills b
            where b.tenant_id = w.tenant and b.state = 'paid' and b.micro > 0 limit 2) as two)]) as exposure
      from credit_accounts c
      where c.tenant_id = w.tenant and c.overage_price is not null
    ) as a on true
    cross join lateral (
      select coalesce(sum(p.held_micro * p.price), 0) as held_ever,
        coalesce(sum(p.used_micro * p.price) filter (where p.period = w.period and p.is_own), 0) as used,
        coalesce(sum(p.held_micro * p.price) filter (where p.period = w.period and p.is_own), 0) as held,
        coalesce(sum((p.used_micro - p.billed_micro) * p.price), 0) as unbilled,
        coalesce(sum((p.used_micro - p.billed_micro) * p.price) filter (where p.is_own), 0) as unbilled_own
      from (
        select o.period, o.used_micro, o.held_micro, o.billed_micro, o.currency = a.overage_currency as is_own,
          case when o.currency = a.overage_currency then o.minor_per_credit
            else o.minor_per_credit * a.worth / coalesce((v_worths ->> o.currency)::numeric, 700) end as price
        from overage_periods o
        where a.tenant_id is not null and o.tenant_id = w.tenant
      ) as p
    ) as m
    cross join lateral (
      select coalesce(sum(case when b.currency = a.overage_currency then b.minor * 1000000.0
          else b.minor * 1000000.0 * a.worth / coalesce((v_worths ->> b.currency)::numeric, 700) end), 0)
          as billed,
        coalesce(sum(b.minor * 1000000.0) filter (where b.currency = a.overage_currency), 0) as billed_own
      from overage_bills b
      where a.tenant_id is not null and b.tenant_id = w.tenant and b.state in ('billed', 'failed', 'lost')
    ) as d
    -- So that each is worked out once.
    offset 0
  ) as b;
end $$;

-- What there is of overage, of an account that may be unwritten; null in `offer` where nobody has said so yet.
-- `unpaid` is what the version before reads.
create or replace function credit_overage_view(
  a credit_accounts, p_tenant uuid, p_period text, p_room bigint
) returns jsonb
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_offer jsonb;
  v_spent numeric;
  v_exposure bigint;
  v_capped numeric;
  v_trusted numeric;
  v_unpaid record;
begin
  select overage into v_offer from usage_tenants where tenant_id = p_tenant;
  if a.overage_currency is null then return jsonb_build_object('offer', v_offer); end if;
  v_spent := credit_spent(a, p_period, false);
  v_exposure := credit_exposure(a);
  v_capped := credit_capped(a, p_period, true);
  v_trusted := credit_trusted(a, true);
  v_unpaid := credit_unpaid(a);
  return jsonb_build_object('offer', v_offer, 'enabled', a.overage_on, 'capMinor', a.overage_cap_minor,
    'currency', a.overage_currency, 'minorPerCredit', trim_scale(a.overage_price)::text,
    'agreed', trim_scale(a.overage_agreed)::text,
    'lapsed', a.overage_lapsed, 'paused', a.overage_paused, 'suspended', a.overage_suspended,
    'alerts', a.overage_alerts, 'room', p_room, 'usedMinor', floor(v_spent / 1000000),
    'unpaidMinor', greatest(0, floor(v_unpaid.own / 1000000)),
    'unpaid', a.unpaid_micro - a.overage_left, 'exposureMinor', v_exposure,
    'isCapped', v_capped <= v_trusted);
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
      'usedMinor', floor(w.spent / 1000000), 'unpaidMinor', greatest(0, floor(w.unpaid / 1000000)),
      'unpaid', a.unpaid_micro - a.overage_left,
      'exposureMinor', w.exposure, 'isCapped', w.capped_now <= w.trusted_now) end order by w.n)
  into v_views
  from unnest(p_tenants, v_rooms.spent, v_rooms.exposure, v_rooms.capped_now, v_rooms.trusted_now,
      v_rooms.unpaid)
    with ordinality as w(tenant, spent, exposure, capped_now, trusted_now, unpaid, n)
  left join lateral (select * from credit_accounts c where c.tenant_id = w.tenant) as a on true
  left join lateral (select overage from usage_tenants u where u.tenant_id = w.tenant) as t on true;
  return v_views;
end $$;

-- Prices a bill of which the µcr alone are known, as of one that the version before told: bills follow one
-- another, so it is what was drawn from where those before it end to where so much comes together. One that
-- comes together nowhere is taken for part of the newest month.
create or replace function credit_bill_price(a credit_accounts, p_ref text, p_micro bigint) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  o record;
  v_before numeric;
  v_from bigint := 0;
  v_to bigint;
  v_money numeric := 0;
  v_currency text := a.overage_currency;
begin
  select coalesce(sum(billed_micro), 0) into v_before from overage_periods where tenant_id = a.tenant_id;
  if v_before <> 0 then
    select min(d.seq) into v_from
    from (
      select seq, sum(micro) over (order by seq) as micro from credit_draws
      where tenant_id = a.tenant_id and kind = 'overage'
    ) as d
    where d.micro = v_before;
  end if;
  select min(d.seq) into v_to
  from (
    select seq, sum(micro) over (order by seq) as micro from credit_draws
    where tenant_id = a.tenant_id and kind = 'overage'
  ) as d
  where d.seq > v_from and d.micro = v_before + p_micro;
  for o in
    select period, currency, minor_per_credit, sum(micro) as micro from credit_draws
    where tenant_id = a.tenant_id and kind = 'overage' and seq > v_from and seq <= v_to
    group by 1, 2, 3
    union all
    (select period, currency, minor_per_credit, p_micro from overage_periods
    where v_to is null and tenant_id = a.tenant_id
    order by period desc, minor_per_credit limit 1)
  loop
    v_money := v_money + o.micro * o.minor_per_credit;
    v_currency := o.currency;
    update overage_periods set billed_micro = billed_micro + o.micro
    where tenant_id = a.tenant_id and period = o.period and currency = o.currency
      and minor_per_credit = o.minor_per_credit;
  end loop;
  update overage_bills set currency = v_currency, minor = floor(v_money / 1000000)
  where tenant_id = a.tenant_id and ref = p_ref;
end $$;

-- A statement was closed that bills so many µcr of overage, returns subtracted (negative when more was
-- given back than used), for so much money. It is written down by its ref; what is billed is still
-- unpaid. `p_lines` says of which months at which prices they are; null as the version before tells it.
-- False for a repeat, and for who has no account. A statement that is carried is not said: the one
-- by which it is collected bills both; one that is written off while it is carried is billed, then void.
drop function if exists credit_overage_billed(uuid, text, bigint);
create or replace function credit_overage_billed(
  p_tenant uuid, p_ref text, p_micro bigint, p_currency text default null, p_minor bigint default null,
  p_lines jsonb default null
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  l record;
begin
  a := credit_account(p_tenant);
  if a.tenant_id is null then return false; end if;
  insert into overage_bills (tenant_id, ref, micro, state, billed_at, changed_at, currency, minor)
  values (p_tenant, p_ref, p_micro, 'billed', now(), now(), p_currency, p_minor)
  on conflict do nothing;
  if not found then return false; end if;
  -- It asks for what was rounded off before.
  a := credit_unload(a);
  if p_lines is null then perform credit_bill_price(a, p_ref, p_micro); end if;
  for l in
    select * from jsonb_to_recordset(p_lines) as x(period text, price numeric, micro bigint)
  loop
    update overage_periods set billed_micro = billed_micro + l.micro
    where tenant_id = p_tenant and period = l.period and currency = p_currency
      and minor_per_credit = l.price;
    if not found then raise exception 'no overage was taken of % at %', l.period, l.price; end if;
  end loop;
  perform credit_keep(a, a.updated_at);
  return true;
end $$;

-- Those that were billed before.
do $$
declare
  a credit_accounts;
  b record;
begin
  for b in
    select tenant_id, ref, micro from overage_bills where minor is null order by tenant_id, billed_at, ref
  loop
    select * into a from credit_accounts where tenant_id = b.tenant_id;
    continue when a.tenant_id is null;
    perform credit_bill_price(a, b.ref, b.micro);
  end loop;
end $$;
