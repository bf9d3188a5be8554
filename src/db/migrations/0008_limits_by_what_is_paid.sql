ALTER TABLE "subscriptions" ADD COLUMN "raised_from" "plan";--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "raised_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "raised_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "base_plan" "plan";--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "share_from" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "share_until" timestamp with time zone;--> statement-breakpoint
-- A month's limit of a tenant: its plan's, or, while only a part of a period of that plan is paid,
-- the base plan's and of the difference what the paid seconds are of the month's, rounded up. The
-- same rule as `shareOfLimit` of the domain.
create function usage_limit_of(p_tenant tenants, p_period text, p_resource resource_type)
returns bigint
language sql stable as $$
  with month as (
    select (p_period || '-01')::timestamp at time zone 'UTC' as starts_at,
      ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC' as ends_at
  ), limits as (
    select
      (select "limit" from plan_limits where plan = p_tenant.plan and resource_type = p_resource)
        as whole,
      (select "limit" from plan_limits
       where plan = p_tenant.base_plan and resource_type = p_resource) as base,
      floor(greatest(0, extract(epoch from least(p_tenant.share_until, ends_at)
        - greatest(p_tenant.share_from, starts_at)))) as seconds,
      extract(epoch from ends_at - starts_at) as total
    from month
  )
  select case
    when p_tenant.base_plan is null or p_tenant.share_from is null
      or p_tenant.base_plan >= p_tenant.plan then whole
    when base is null or whole is null or whole <= base then base
    else least(whole, base + ceil((whole - base) * seconds / total)::bigint)
  end
  from limits;
$$;
--> statement-breakpoint
-- Opens a period for tenants: all their counters, with the limits that they have paid. Holding the
-- tenant's row keeps a plan change from passing between reading the plan and writing the limit.
create or replace function usage_open(p_period text, p_tenants uuid[]) returns void
language plpgsql as $$
begin
  perform from tenants where id = any(p_tenants) and deleted_at is null order by id for share;
  insert into usage_totals (tenant_id, period, resource_type, "limit")
  select t.id, p_period, l.resource_type, usage_limit_of(t, p_period, l.resource_type)
  from tenants t
  join plan_limits l on l.plan = t.plan
  where t.id = any(p_tenants) and t.deleted_at is null
  order by t.id, l.resource_type
  on conflict do nothing;
end $$;
--> statement-breakpoint
-- A change of the plan, or of what of it is paid, reaches the counters of the tenant's newest period
-- in its own transaction, so that no call is admitted by the old limit after it; the processes hear
-- of it when it commits.
create or replace function tenants_plan_changed() returns trigger
language plpgsql as $$
declare
  v_period text := (select max(period) from usage_totals where tenant_id = new.id);
begin
  perform from usage_totals
  where tenant_id = new.id and period = v_period
  order by resource_type
  for update;
  update usage_totals t
  set "limit" = usage_limit_of(new, v_period, t.resource_type)
  where t.tenant_id = new.id and t.period = v_period;
  perform pg_notify('tenant_plan', new.id::text);
  return null;
end $$;
--> statement-breakpoint
drop trigger tenants_plan_changed on tenants;
--> statement-breakpoint
create trigger tenants_plan_changed
after update of plan, deleted_at, base_plan, share_from, share_until on tenants
for each row
when (old.plan is distinct from new.plan or old.deleted_at is distinct from new.deleted_at
  or old.base_plan is distinct from new.base_plan or old.share_from is distinct from new.share_from
  or old.share_until is distinct from new.share_until)
execute function tenants_plan_changed();
--> statement-breakpoint
-- A release that changes the catalogue changes the limits of the running period.
create or replace function plan_limits_changed() returns trigger
language plpgsql as $$
begin
  update usage_totals t
  set "limit" = usage_limit_of(n, t.period, t.resource_type)
  from tenants n
  where new.plan in (n.plan, n.base_plan) and t.tenant_id = n.id
    and t.resource_type = new.resource_type
    and t.period = (select max(m.period) from usage_totals m where m.tenant_id = t.tenant_id);
  return null;
end $$;
