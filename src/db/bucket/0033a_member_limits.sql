-- A monthly limit for a member of a team, by resource, enforced by admission itself. Who used something is
-- what the metadata of a call says (`userId`). Only counters whose tenant has such limits (`per_member`) are
-- looked at more closely: their calls are admitted one by one.

-- All of these or none, before anybody who waits for one of them takes us for a deadlock.
set local statement_timeout = 400;
lock table usage_tenants, usage_totals in access exclusive mode;
set local statement_timeout = 0;

-- Whether some member has a limit of this resource.
alter table usage_totals add column if not exists per_member boolean not null default false;

-- Units that a member may use in a month; who has no row has no limit of their own.
create table if not exists usage_member_limits (
  tenant_id uuid not null,
  member_id text not null,
  resource_type resource_type not null,
  month_max bigint not null,
  constraint usage_member_limits_pkey primary key (tenant_id, member_id, resource_type),
  constraint usage_member_limits_month_max check (month_max >= 0)
);

-- What members with a limit used and hold, as `usage_totals` has it of all: the sums of the ledger's rows
-- and of the open reservations that name them. A row is made when it is first asked for, from both.
-- Written under the lock of the counter.
create table if not exists usage_member_totals (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  member_id text not null,
  used bigint not null,
  held bigint not null,
  constraint usage_member_totals_pkey primary key (tenant_id, period, resource_type, member_id)
) with (fillfactor = 40);

-- A member's limit of a resource and what of it is used and held, the counter's lock held; nulls for who
-- has none.
create or replace function usage_member(
  p_tenant uuid, p_period text, p_resource resource_type, p_member text,
  out member text, out used bigint, out held bigint, out month_max bigint
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_used bigint;
  v_held bigint;
begin
  select l.month_max into month_max from usage_member_limits l
  where l.tenant_id = p_tenant and l.member_id = p_member and l.resource_type = p_resource;
  if not found then return; end if;
  member := p_member;
  select t.used, t.held into used, held from usage_member_totals t
  where t.tenant_id = p_tenant and t.period = p_period and t.resource_type = p_resource
    and t.member_id = p_member;
  if found then return; end if;
  select coalesce(sum(u.amount), 0) into v_used from usage u
  where u.tenant_id = p_tenant and u.period = p_period and u.resource_type = p_resource
    and u.metadata ->> 'userId' = p_member;
  select coalesce(sum(r.amount), 0) into v_held from usage_reservations r
  where r.tenant_id = p_tenant and r.period = p_period and r.resource_type = p_resource
    and r.state = 'open' and r.metadata ->> 'userId' = p_member;
  insert into usage_member_totals (tenant_id, period, resource_type, member_id, used, held)
  values (p_tenant, p_period, p_resource, p_member, v_used, v_held);
  used := v_used;
  held := v_held;
end $$;

-- Adds to what a member used and holds, the counter's lock held. Who has no row is counted by nobody.
create or replace function usage_member_add(
  p_tenant uuid, p_period text, p_resource resource_type, p_member text, p_used bigint, p_held bigint
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  update usage_member_totals set used = used + p_used, held = held + p_held
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and member_id = p_member;
end $$;

-- Gives a member these limits, resource → units a month, in the place of those before; {} takes them all
-- away. They hold for every call that is admitted after the caller's commit, whatever was used already.
-- False when the tenant is not here.
create or replace function usage_limit_member(
  p_tenant uuid, p_member text, p_limits jsonb, p_now timestamptz
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  -- Work may be told of so late.
  v_since text := to_char((p_now - interval '35 days') at time zone 'UTC', 'YYYY-MM');
  t usage_totals;
  v_limited boolean;
begin
  -- So that no month is opened meanwhile.
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return false; end if;
  perform from usage_totals where tenant_id = p_tenant and period >= v_since
  order by period, resource_type
  for update;
  delete from usage_member_limits where tenant_id = p_tenant and member_id = p_member;
  delete from usage_member_totals where tenant_id = p_tenant and member_id = p_member
    and p_limits ->> resource_type::text is null;
  insert into usage_member_limits (tenant_id, member_id, resource_type, month_max)
  select p_tenant, p_member, e.key::resource_type, e.value::bigint
  from jsonb_each_text(p_limits) as e(key, value)
  where e.value is not null;
  for t in
    select * from usage_totals where tenant_id = p_tenant and period >= v_since
  loop
    perform from usage_member_limits
    where tenant_id = p_tenant and resource_type = t.resource_type
    limit 1;
    v_limited := found;
    if t.per_member <> v_limited then
      update usage_totals set per_member = v_limited
      where tenant_id = p_tenant and period = t.period and resource_type = t.resource_type;
    end if;
  end loop;
  return true;
end $$;

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
    v_limited := array(
      select resource_type from usage_member_limits where tenant_id = v_tenant.tenant_id);
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
