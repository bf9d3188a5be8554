-- Takes over what a tenant may use, from whoever decides it. What is not newer than what is here
-- changes nothing, so it may come twice and out of order. The new limits and rates stand in the
-- counters of the tenant's newest period in the caller's transaction: no call is admitted by the old
-- ones after it. Without rates for who calls it as the version before did.
drop function if exists usage_put_tenant(uuid, bigint, text, jsonb, text, jsonb, timestamptz,
  timestamptz, timestamptz);
create or replace function usage_put_tenant(
  p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text,
  p_base_limits jsonb, p_share_from timestamptz, p_share_until timestamptz,
  p_deleted_at timestamptz, p_rates jsonb default '{}'
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_tenant usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
  v_rate bigint;
begin
  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at, rates)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at, p_rates)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at, rates = excluded.rates
  where t.version < excluded.version
  returning * into v_tenant;
  if not found then return; end if;

  v_period := (select max(period) from usage_totals where tenant_id = p_tenant);
  for v_resource in
    select resource_type from usage_totals
    where tenant_id = p_tenant and period = v_period
    order by resource_type
    for update
  loop
    v_limit := usage_limit_of(v_tenant, v_period, v_resource);
    v_rate := (v_tenant.rates ->> v_resource::text)::bigint;
    update usage_totals set "limit" = v_limit, rate_micro = v_rate
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and ("limit" is distinct from v_limit or rate_micro is distinct from v_rate);
  end loop;
end $$;

-- Opens a period for tenants: all their counters, with the limits that they have paid. Holding the
-- tenant's row keeps a plan change from passing between reading its limits and writing them.
create or replace function usage_open(p_period text, p_tenants uuid[]) returns void
language plpgsql
set search_path from current
as $$
begin
  perform from usage_tenants
  where tenant_id = any(p_tenants) and deleted_at is null
  order by tenant_id
  for share;
  insert into usage_totals (tenant_id, period, resource_type, "limit", rate_micro)
  select t.tenant_id, p_period, r.resource, usage_limit_of(t, p_period, r.resource),
    (t.rates ->> r.resource::text)::bigint
  from usage_tenants t
  cross join lateral (
    select name::resource_type as resource from jsonb_object_keys(t.limits) as k(name)
  ) as r
  where t.tenant_id = any(p_tenants) and t.deleted_at is null
  order by t.tenant_id, r.resource
  on conflict do nothing;
end $$;
