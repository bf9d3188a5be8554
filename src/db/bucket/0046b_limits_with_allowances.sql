-- Opens a period for tenants: all their counters, with the limits that they have paid and the month's
-- allowances. Holding the tenant's row keeps a plan change, or an allowance, from passing between reading
-- its limits and writing them. Nothing rolls over of a month that was over before the tenant had its plan.
create or replace function usage_open(p_period text, p_tenants uuid[]) returns void
language plpgsql
set search_path from current
as $$
declare
  v_ends_at timestamptz := ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC';
  v_tenant usage_tenants;
  v_resource resource_type;
  v_tenants uuid[] := '{}';
  v_resources resource_type[] := '{}';
  v_limits bigint[] := '{}';
  v_allowances bigint[] := '{}';
  v_rates bigint[] := '{}';
  v_rollovers smallint[] := '{}';
  v_limited resource_type[];
  v_per_member boolean[] := '{}';
  v_units jsonb;
  v_limit bigint;
  v_allowance bigint;
begin
  for v_tenant in
    select * from usage_tenants
    where tenant_id = any(p_tenants) and deleted_at is null
    order by tenant_id
    for share
  loop
    select coalesce(array_agg(resource_type order by resource_type), '{}') into v_limited
    from usage_member_limits where tenant_id = v_tenant.tenant_id;
    select coalesce(jsonb_object_agg(s.resource_type, s.units), '{}') into v_units
    from (
      select resource_type, sum(units) as units from allowances
      where tenant_id = v_tenant.tenant_id and period = p_period
      group by resource_type
    ) as s;
    foreach v_resource in array enum_range(null::resource_type) loop
      continue when not v_tenant.limits ? v_resource::text;
      v_limit := usage_limit_of(v_tenant, p_period, v_resource);
      v_allowance := usage_allowance_in(v_limit, coalesce((v_units ->> v_resource::text)::bigint, 0));
      v_tenants := v_tenants || v_tenant.tenant_id;
      v_resources := v_resources || v_resource;
      v_limits := v_limits || (v_limit + v_allowance);
      v_allowances := v_allowances || v_allowance;
      v_rates := v_rates || (v_tenant.rates ->> v_resource::text)::bigint;
      v_rollovers := v_rollovers || case when v_tenant.since >= v_ends_at then 0::smallint
        else coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint) end;
      v_per_member := v_per_member || (v_resource = any(v_limited));
    end loop;
  end loop;
  insert into usage_totals (tenant_id, period, resource_type, "limit", allowance, rate_micro,
    rollover_percent, per_member)
  select o.tenant, p_period, o.resource, o.units, o.allowance, o.rate, o.percent, o.per_member
  from unnest(v_tenants, v_resources, v_limits, v_allowances, v_rates, v_rollovers, v_per_member)
    with ordinality as o(tenant, resource, units, allowance, rate, percent, per_member, n)
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
    select max(period) into v_period from usage_totals where tenant_id = v_tenant.tenant_id;
    for v_resource in
      select resource_type from usage_totals
      where tenant_id = v_tenant.tenant_id and period = v_period
      order by resource_type
      for update
    loop
      v_limit := usage_limit_of(v_tenant, v_period, v_resource);
      perform usage_write_limit(v_tenant.tenant_id, v_period, v_resource, v_limit);
    end loop;
  end loop;
end $$;

-- Takes over what a tenant may use, from whoever decides it. What is not newer than what is here
-- changes nothing, so it may come twice and out of order. The new limits and rates stand in the
-- counters of the tenant's newest period in the caller's transaction, and so does what overage is sold in
-- the account: no call is admitted by the old ones after it. Whoever calls it as the version before did says
-- nothing of overage or of what rolls over, nor when it changed.
--
-- A month that was over at `p_at` stays as it was, for what rolls over of it. Where something may and the
-- tenant used nothing in it, it is opened by what the tenant had.
drop function if exists usage_put_tenant(uuid, bigint, text, jsonb, text, jsonb, timestamptz,
  timestamptz, timestamptz, jsonb, jsonb);
create or replace function usage_put_tenant(
  p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text,
  p_base_limits jsonb, p_share_from timestamptz, p_share_until timestamptz,
  p_deleted_at timestamptz, p_rates jsonb default '{}', p_overage jsonb default null,
  p_rollover jsonb default null, p_at timestamptz default null
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_month text := to_char(p_at at time zone 'UTC', 'YYYY-MM');
  v_month_starts_at timestamptz := date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC';
  v_tenant usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
  v_rate bigint;
  v_rollover smallint;
  a credit_accounts;
begin
  select * into v_tenant from usage_tenants where tenant_id = p_tenant for update;
  if v_tenant.version < p_version and v_tenant.rollover <> '{}'
    and coalesce(v_tenant.since < v_month_starts_at, v_month is not null)
  then
    perform usage_open(to_char((v_month || '-01')::date - 1, 'YYYY-MM'), array[p_tenant]);
  end if;

  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at, rates, overage, rollover, since)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at, p_rates, p_overage, coalesce(p_rollover, '{}'), p_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at, rates = excluded.rates,
    overage = coalesce(excluded.overage, t.overage), rollover = coalesce(p_rollover, t.rollover),
    since = coalesce(excluded.since, t.since)
  where t.version < excluded.version
  returning * into v_tenant;
  if not found then return; end if;

  v_period := (select max(period) from usage_totals where tenant_id = p_tenant);
  for v_resource in
    select resource_type from usage_totals
    where tenant_id = p_tenant and period = v_period and period >= coalesce(v_month, period)
    order by resource_type
    for update
  loop
    v_limit := usage_limit_of(v_tenant, v_period, v_resource);
    v_rate := (v_tenant.rates ->> v_resource::text)::bigint;
    v_rollover := coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint);
    perform usage_write_limit(p_tenant, v_period, v_resource, v_limit);
    update usage_totals set rate_micro = v_rate, rollover_percent = v_rollover
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and (rate_micro is distinct from v_rate or rollover_percent <> v_rollover);
  end loop;

  if p_overage is null then return; end if;
  a := credit_account(p_tenant);
  if a.overage_on or a.overage_paused is distinct from p_overage ->> 'suspended' then
    a := credit_offer(a, p_overage, p_version::text, coalesce(v_period, to_char(now(), 'YYYY-MM')), now());
    perform credit_keep(a, a.updated_at);
  end if;
end $$;
