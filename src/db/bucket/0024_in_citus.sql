-- So that a bucket may be a schema of Citus. What is selected from tables goes into arrays before it is
-- inserted: to an insert that selects from tables Citus (13 and 14) adds a filter that is no SQL where
-- a table has no column that it is distributed by. A function that takes a row of a table is called with
-- a variable: in a query the row is one of another table, the one that is on the worker.

-- Opens a period for tenants: all their counters, with the limits that they have paid. Holding the
-- tenant's row keeps a plan change from passing between reading its limits and writing them.
create or replace function usage_open(p_period text, p_tenants uuid[]) returns void
language plpgsql
set search_path from current
as $$
declare
  v_tenant usage_tenants;
  v_resource resource_type;
  v_tenants uuid[] := '{}';
  v_resources resource_type[] := '{}';
  v_limits bigint[] := '{}';
  v_rates bigint[] := '{}';
begin
  for v_tenant in
    select * from usage_tenants
    where tenant_id = any(p_tenants) and deleted_at is null
    order by tenant_id
    for share
  loop
    foreach v_resource in array enum_range(null::resource_type) loop
      continue when not v_tenant.limits ? v_resource::text;
      v_tenants := v_tenants || v_tenant.tenant_id;
      v_resources := v_resources || v_resource;
      v_limits := v_limits || usage_limit_of(v_tenant, p_period, v_resource);
      v_rates := v_rates || (v_tenant.rates ->> v_resource::text)::bigint;
    end loop;
  end loop;
  insert into usage_totals (tenant_id, period, resource_type, "limit", rate_micro)
  select o.tenant, p_period, o.resource, o.units, o.rate
  from unnest(v_tenants, v_resources, v_limits, v_rates)
    with ordinality as o(tenant, resource, units, rate, n)
  order by o.n
  on conflict do nothing;
end $$;

-- A catalogue that changed: the new limits of a plan, for all who are on it or pay a step up from it.
create or replace function usage_put_plan(p_plan text, p_limits jsonb) returns void
language plpgsql
set search_path from current
as $$
declare
  v_tenant usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
begin
  -- Everything in the order in which admission locks it.
  perform from usage_tenants where p_plan in (plan, base_plan) order by tenant_id for update;
  update usage_tenants set limits = p_limits where plan = p_plan;
  update usage_tenants set base_limits = p_limits where base_plan = p_plan;
  for v_tenant in
    select * from usage_tenants where p_plan in (plan, base_plan) order by tenant_id
  loop
    v_period := (select max(period) from usage_totals where tenant_id = v_tenant.tenant_id);
    for v_resource in
      select resource_type from usage_totals
      where tenant_id = v_tenant.tenant_id and period = v_period
      order by resource_type
      for update
    loop
      v_limit := usage_limit_of(v_tenant, v_period, v_resource);
      update usage_totals set "limit" = v_limit
      where tenant_id = v_tenant.tenant_id and period = v_period and resource_type = v_resource
        and "limit" is distinct from v_limit;
    end loop;
  end loop;
end $$;

-- Takes a counter to zero: one correction a day, so that the daily chart empties too. Answers how
-- much was taken off.
create or replace function usage_reset(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_actor text, p_reason text, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
as $$
declare
  t usage_totals;
  v_days smallint[];
  v_amounts bigint[];
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then return 0; end if;
  select array_agg(day order by day), array_agg(amount order by day)
  into v_days, v_amounts
  from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at, created_at)
  select p_tenant, p_period, p_resource, -d.amount, p_actor, p_reason,
    (p_period || '-' || lpad(d.day::text, 2, '0'))::timestamp at time zone 'UTC', p_now
  from unnest(v_days || t.day, v_amounts || t.day_used) as d(day, amount)
  where d.amount <> 0;
  delete from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_totals
  set used = 0, day_used = 0, updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  return t.used;
end $$;

-- A tenant's credits now, brought up before, all of one instant: what can be drawn, the grants, and
-- for each counter of the month what the next call can take. Nulls for who never had a grant.
create or replace function credit_view(
  p_tenant uuid, p_period text, p_now timestamptz,
  out balance bigint, out grants jsonb, out spendable jsonb
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  t usage_totals;
begin
  select * into a from credit_accounts where tenant_id = p_tenant;
  balance := credit_balance(a, p_now);
  spendable := '{}';
  for t in select * from usage_totals where tenant_id = p_tenant and period = p_period loop
    spendable := spendable || jsonb_build_object(t.resource_type, credit_spendable(t, balance));
  end loop;
  if a.tenant_id is null then return; end if;
  with counted as (
    select g.*, g.left_micro + case when g.id = a.head_grant then a.head_left else 0 end as "left"
    from credit_grants g
    where g.tenant_id = p_tenant
    -- Those with something in them, and of the others the latest.
    order by g.left_micro + g.held_micro > 0 or g.id = a.head_grant desc, g.expires_at desc
    limit 100
  ), named as (
    select c.*, case when c.revoked_at is not null then 'revoked'
      when c.frozen_at is not null then 'frozen'
      when c.expires_at <= p_now then 'expired'
      when c."left" + c.held_micro = 0 then 'used'
      when c.effective_at > p_now then 'scheduled'
      else 'active' end as state
    from counted c
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'origin', n.origin, 'class', n.class,
    'amount', n.amount_micro, 'left', n."left", 'held', n.held_micro,
    'effectiveAt', n.effective_at, 'expiresAt', n.expires_at, 'state', n.state)
    order by n.state in ('used', 'expired', 'revoked'), n.expires_at, n.class, n.effective_at,
      n.id), '[]')
  into grants
  from named n;
end $$;
