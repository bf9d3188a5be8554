ALTER TABLE "metering_copies" ADD COLUMN "changed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "plan_versions" ADD COLUMN "rollover" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
-- What of a month's quota may roll over in one of a plan's versions, asked as `plan_rates_of` is.
create function plan_rollover_of(p_plan plan, p_version int) returns jsonb
language sql stable as $$
  select coalesce(
    (select rollover from plan_versions where plan = p_plan and version = p_version),
    (select rollover from plan_versions where plan = p_plan order by version desc limit 1),
    '{}');
$$;
--> statement-breakpoint
drop function tenant_entitlement(uuid);
--> statement-breakpoint
-- What a bucket is told about a tenant, and which bucket that is. `overage` is what is sold to it:
-- {currency, minorPerCredit}, with `suspended` while it must not be used; {} for nothing.
create function tenant_entitlement(
  p_tenant uuid, out bucket int, out version bigint, out plan text, out limits jsonb,
  out base_plan text, out base_limits jsonb, out share_from timestamptz, out share_until timestamptz,
  out deleted_at timestamptz, out rates jsonb, out overage jsonb, out rollover jsonb
)
language sql stable as $$
  select t.usage_bucket, t.entitlement_version, t.plan::text, plan_limits_of(t.plan, t.plan_version),
    b.plan::text, plan_limits_of(b.plan, t.base_plan_version), t.share_from, t.share_until,
    t.deleted_at, plan_rates_of(t.plan, t.plan_version),
    case when o.price is null or t.deleted_at is not null then '{}'
      else jsonb_strip_nulls(jsonb_build_object('currency', t.overage_currency,
        'minorPerCredit', o.price::text, 'suspended', t.overage_suspended)) end,
    plan_rollover_of(t.plan, t.plan_version)
  from tenants t
  cross join lateral (select case when t.base_plan <= t.plan then t.base_plan end as plan) b
  cross join lateral (
    select plan_overage_of(t.plan, t.plan_version, t.overage_currency) as price
  ) o
  where t.id = p_tenant;
$$;
--> statement-breakpoint
-- When it changed is the row's own time, where whoever changed it wrote one.
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  e record;
  v_at timestamptz := new.created_at;
begin
  if tg_op = 'UPDATE' then
    v_at := case when new.updated_at is distinct from old.updated_at then new.updated_at end;
  end if;
  if exists (select from bucket_nodes() n where n.number = new.usage_bucket and n.node is not null)
  then
    insert into metering_copies as c (tenant_id, version, changed_at)
    values (new.id, new.entitlement_version, v_at)
    on conflict (tenant_id) do update
    set version = excluded.version, changed_at = coalesce(excluded.changed_at, c.changed_at);
    perform pg_notify('metering_copies', '');
  else
    e := tenant_entitlement(new.id);
    execute format(
      'select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
      bucket_schema(new.usage_bucket))
    using new.id, e.version, e.plan, e.limits, e.base_plan, e.base_limits, e.share_from,
      e.share_until, e.deleted_at, e.rates, e.overage, e.rollover, v_at;
  end if;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
