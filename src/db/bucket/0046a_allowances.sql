-- Allowances: signed changes of one month's quota of a resource, and what of a month rolls over into the
-- running one as such. A month's limit is that of the plan (or of what of it is paid) and the sum of its
-- allowances; admission goes on reading the limit alone.

-- All of these or none, before anybody who waits for one of them takes us for a deadlock.
set local statement_timeout = 400;
lock table usage_tenants, usage_totals in access exclusive mode;
set local statement_timeout = 0;

-- `rollover` is resource → percent of the quota that may roll over; {} for none. `since` is when what the
-- tenant may use was last changed; null where nobody said so.
alter table usage_tenants add column if not exists rollover jsonb not null default '{}';
alter table usage_tenants add column if not exists since timestamptz;

-- `allowance` is what allowances make of the limit, so that `limit - allowance` is the plan's own: their
-- sum, but no more taken away than the plan gives, and 0 where it is unlimited or not included.
-- `rollover_percent` is of the plan of the month. `closed_at`: what rolls over of the month is decided.
alter table usage_totals add column if not exists allowance bigint not null default 0;
alter table usage_totals add column if not exists rollover_percent smallint not null default 0;
alter table usage_totals add column if not exists closed_at timestamptz;
create index if not exists usage_totals_rollover_idx on usage_totals (period, tenant_id)
  where rollover_percent > 0 and closed_at is null;

-- Written under the lock of the tenant's copy, and never changed. A ref makes one, whoever comes again.
create table if not exists allowances (
  tenant_id uuid not null,
  ref text not null,
  period text not null,
  resource_type resource_type not null,
  kind text not null,
  units bigint not null,
  actor text not null,
  reason text not null,
  created_at timestamptz not null,
  constraint allowances_pkey primary key (tenant_id, ref),
  constraint allowances_units check (units <> 0),
  constraint allowances_kind check (kind in ('goodwill', 'promotion', 'override', 'rollover'))
);
create index if not exists allowances_month_idx on allowances (tenant_id, period, resource_type);

-- What a sum of allowances makes of a limit of the plan. The same rule as `allowanceIn` of the domain.
create or replace function usage_allowance_in(p_limit bigint, p_units bigint) returns bigint
language sql immutable as $$
  select case when p_limit > 0 then greatest(-p_limit, p_units) else 0 end;
$$;

-- Writes a counter's limit, the plan's own and the month's allowances; its lock is held.
create or replace function usage_write_limit(
  p_tenant uuid, p_period text, p_resource resource_type, p_limit bigint
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_units bigint;
  v_allowance bigint;
begin
  select coalesce(sum(units), 0) into v_units from allowances
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  v_allowance := usage_allowance_in(p_limit, v_units);
  update usage_totals set "limit" = p_limit + v_allowance, allowance = v_allowance
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and ("limit" is distinct from p_limit + v_allowance or allowance <> v_allowance);
end $$;

-- Changes a month's quota by `p_units`, once a ref: a repeat answers what the ref has made and changes
-- nothing. What is used stays, also above a limit that is lowered. Nulls when the tenant is not here.
create or replace function usage_allow(
  p_tenant uuid, p_ref text, p_period text, p_resource resource_type, p_kind text, p_units bigint,
  p_actor text, p_reason text, p_now timestamptz, out is_new boolean, out made jsonb
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_limit bigint;
begin
  -- So that the month is not opened meanwhile.
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return; end if;
  perform from allowances where tenant_id = p_tenant and ref = p_ref;
  is_new := not found;
  if is_new then
    select "limit" - allowance into v_limit from usage_totals
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    for update;
    insert into allowances (tenant_id, ref, period, resource_type, kind, units, actor, reason, created_at)
    values (p_tenant, p_ref, p_period, p_resource, p_kind, p_units, p_actor, p_reason, p_now);
    perform usage_write_limit(p_tenant, p_period, p_resource, v_limit);
  end if;
  select jsonb_build_object('ref', ref, 'period', period, 'resourceType', resource_type, 'kind', kind,
    'units', units, 'createdAt', created_at)
  into made
  from allowances where tenant_id = p_tenant and ref = p_ref;
end $$;

-- Rolls what a month that is over left of its quota into the running one, each resource once, whoever calls
-- it how often: `min(percent of the plan's quota, what is left, the plan's quota)`, rounded down, so that
-- what came by an allowance does not roll. What rolls is taken off the month that it comes from, or work
-- told of late could use it twice. False while work of the month is open, which may yet use it.
create or replace function usage_roll_over(
  p_tenant uuid, p_period text, p_into text, p_actor text, p_now timestamptz
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  t usage_totals;
  v_limit bigint;
  v_units bigint;
  v_into bigint;
  v_ref text;
  v_resource resource_type;
begin
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return false; end if;
  perform from usage_totals where tenant_id = p_tenant and period in (p_period, p_into)
  order by period, resource_type
  for update;
  perform from usage_reservations
  where tenant_id = p_tenant and period = p_period and state = 'open'
  limit 1;
  if found then return false; end if;
  for t in
    select * from usage_totals
    where tenant_id = p_tenant and period = p_period and rollover_percent > 0 and closed_at is null
  loop
    v_resource := t.resource_type;
    v_limit := t."limit" - t.allowance;
    v_units := coalesce(greatest(0, least(v_limit * t.rollover_percent / 100,
      t."limit" - (t.used - t.beyond), v_limit)), 0);
    update usage_totals set closed_at = p_now
    where tenant_id = p_tenant and period = p_period and resource_type = v_resource;
    continue when v_units = 0;
    v_ref := 'rollover:' || p_period || ':' || v_resource;
    insert into allowances (tenant_id, ref, period, resource_type, kind, units, actor, reason, created_at)
    values (p_tenant, v_ref, p_into, v_resource, 'rollover', v_units, p_actor,
        'Left of ' || p_period, p_now),
      (p_tenant, v_ref || ':out', p_period, v_resource, 'rollover', -v_units, p_actor,
        'Rolled over into ' || p_into, p_now)
    on conflict do nothing;
    perform usage_write_limit(p_tenant, p_period, v_resource, v_limit);
    -- Nobody is told that so much of a month is used which is over.
    update usage_totals set threshold = 100
    where tenant_id = p_tenant and period = p_period and resource_type = v_resource;
    select "limit" - allowance into v_into from usage_totals
    where tenant_id = p_tenant and period = p_into and resource_type = v_resource;
    perform usage_write_limit(p_tenant, p_into, v_resource, v_into);
  end loop;
  return true;
end $$;
