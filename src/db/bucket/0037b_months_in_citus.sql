-- A worker that a bucket has just left hands on what its functions ask, and what is assigned there of a
-- table, by the field of a row, cannot be handed on: it is selected into the variable.

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
  v_limited resource_type[];
  v_per_member boolean[] := '{}';
begin
  for v_tenant in
    select * from usage_tenants
    where tenant_id = any(p_tenants) and deleted_at is null
    order by tenant_id
    for share
  loop
    select coalesce(array_agg(resource_type order by resource_type), '{}') into v_limited
    from usage_member_limits where tenant_id = v_tenant.tenant_id;
    foreach v_resource in array enum_range(null::resource_type) loop
      continue when not v_tenant.limits ? v_resource::text;
      v_tenants := v_tenants || v_tenant.tenant_id;
      v_resources := v_resources || v_resource;
      v_limits := v_limits || usage_limit_of(v_tenant, p_period, v_resource);
      v_rates := v_rates || (v_tenant.rates ->> v_resource::text)::bigint;
      v_per_member := v_per_member || (v_resource = any(v_limited));
    end loop;
  end loop;
  insert into usage_totals (tenant_id, period, resource_type, "limit", rate_micro,
    per_member)
  select o.tenant, p_period, o.resource, o.units, o.rate, o.per_member
  from unnest(v_tenants, v_resources, v_limits, v_rates, v_per_member)
    with ordinality as o(tenant, resource, units, rate, per_member, n)
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
      update usage_totals set "limit" = v_limit
      where tenant_id = v_tenant.tenant_id and period = v_period and resource_type = v_resource
        and "limit" is distinct from v_limit;
    end loop;
  end loop;
end $$;
