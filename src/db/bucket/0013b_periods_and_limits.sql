-- Makes a month's partition of the ledger. Attaching takes a lighter lock than `partition of`.
create or replace function usage_ensure_partition(p_period text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_schema text := current_schema();
  v_name text := 'usage_' || replace(p_period, '-', '_');
begin
  if p_period !~ '^\d{4}-(0[1-9]|1[0-2])$' then
    raise exception 'not a period: %', p_period using errcode = 'invalid_parameter_value';
  end if;
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then return; end if;
  -- The lock that attaching takes too: makers of partitions take turns, calls go on.
  lock table only usage in share update exclusive mode;
  -- Asked of the table, because to_regclass answers from a cache that the lock does not freshen.
  perform from pg_class where relname = v_name and relnamespace = v_schema::regnamespace;
  if found then return; end if;
  execute format('create table %1$I.%2$I (like %1$I.usage including all)', v_schema, v_name);
  execute format('alter table %I.%I add constraint %I check (period = %L)',
    v_schema, v_name, v_name || '_period', p_period);
  execute format('alter table %1$I.usage attach partition %1$I.%2$I for values in (%3$L)',
    v_schema, v_name, p_period);
  execute format('alter table %I.%I drop constraint %I', v_schema, v_name, v_name || '_period');
end $$;

-- What a new call may still take: null without a limit. (`greatest` alone would make that 0.)
create or replace function usage_remaining(p_limit bigint, p_used bigint, p_held bigint) returns bigint
language sql immutable as $$
  select case when p_limit is null then null else greatest(0, p_limit - p_used - p_held) end;
$$;

-- A month's limit of a tenant: its plan's, or, while only a part of a period of that plan is paid,
-- the base plan's and of the difference what the paid seconds are of the month's, rounded up. The
-- same rule as `shareOfLimit` of the domain. Reads the row that it is given and nothing else.
create or replace function usage_limit_of(
  p_tenant usage_tenants, p_period text, p_resource resource_type
) returns bigint
language sql stable as $$
  with month as (
    select (p_period || '-01')::timestamp at time zone 'UTC' as starts_at,
      ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC' as ends_at
  ), limits as (
    select (p_tenant.limits ->> p_resource::text)::bigint as whole,
      (p_tenant.base_limits ->> p_resource::text)::bigint as base,
      floor(greatest(0, extract(epoch from least(p_tenant.share_until, ends_at)
        - greatest(p_tenant.share_from, starts_at)))) as seconds,
      extract(epoch from ends_at - starts_at) as total
    from month
  )
  select case
    when p_tenant.base_limits is null or p_tenant.share_from is null then whole
    when base is null or whole is null or whole <= base then base
    else least(whole, base + ceil((whole - base) * seconds / total)::bigint)
  end
  from limits;
$$;

-- Takes over what a tenant may use, from whoever decides it. What is not newer than what is here
-- changes nothing, so it may come twice and out of order. The new limits stand in the counters of the
-- tenant's newest period in the caller's transaction: no call is admitted by the old ones after it.
create or replace function usage_put_tenant(
  p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text,
  p_base_limits jsonb, p_share_from timestamptz, p_share_until timestamptz,
  p_deleted_at timestamptz
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
begin
  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at
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
    update usage_totals set "limit" = v_limit
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and "limit" is distinct from v_limit;
  end loop;
end $$;

-- A catalogue that changed: the new limits of a plan, for all who are on it or pay a step up from it.
create or replace function usage_put_plan(p_plan text, p_limits jsonb) returns void
language plpgsql
set search_path from current
as $$
declare
  v_resource resource_type;
begin
  -- Everything in the order in which admission locks it.
  perform from usage_tenants where p_plan in (plan, base_plan) order by tenant_id for update;
  update usage_tenants set limits = p_limits where plan = p_plan;
  update usage_tenants set base_limits = p_limits where base_plan = p_plan;
  perform from usage_totals c
  join usage_tenants n on n.tenant_id = c.tenant_id
  where p_plan in (n.plan, n.base_plan)
    and c.period = (select max(m.period) from usage_totals m where m.tenant_id = n.tenant_id)
  order by c.tenant_id, c.resource_type
  for update of c;
  foreach v_resource in array enum_range(null::resource_type) loop
    update usage_totals c
    set "limit" = usage_limit_of(n, c.period, v_resource)
    from usage_tenants n
    where p_plan in (n.plan, n.base_plan) and c.tenant_id = n.tenant_id
      and c.resource_type = v_resource
      and c.period = (select max(m.period) from usage_totals m where m.tenant_id = n.tenant_id)
      and c."limit" is distinct from usage_limit_of(n, c.period, v_resource);
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
  insert into usage_totals (tenant_id, period, resource_type, "limit")
  select t.tenant_id, p_period, r.resource, usage_limit_of(t, p_period, r.resource)
  from usage_tenants t
  cross join lateral (
    select name::resource_type as resource from jsonb_object_keys(t.limits) as k(name)
  ) as r
  where t.tenant_id = any(p_tenants) and t.deleted_at is null
  order by t.tenant_id, r.resource
  on conflict do nothing;
end $$;
