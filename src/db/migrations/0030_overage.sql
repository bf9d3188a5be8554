ALTER TABLE "plan_versions" ADD COLUMN "overage" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "overage_currency" text;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "overage_suspended" text;
--> statement-breakpoint
-- What overage a plan sells in a currency, asked as `plan_rates_of` is; null for none.
create function plan_overage_of(p_plan plan, p_version int, p_currency text) returns numeric
language sql stable as $$
  select (coalesce(
    (select overage from plan_versions where plan = p_plan and version = p_version),
    (select overage from plan_versions where plan = p_plan order by version desc limit 1),
    '{}') ->> p_currency)::numeric;
$$;
--> statement-breakpoint
drop function tenant_entitlement(uuid);
--> statement-breakpoint
-- What a bucket is told about a tenant, and which bucket that is. `overage` is what is sold to it:
-- {currency, minorPerCredit}, with `suspended` while it must not be used; {} for nothing.
create function tenant_entitlement(
  p_tenant uuid, out bucket int, out version bigint, out plan text, out limits jsonb,
  out base_plan text, out base_limits jsonb, out share_from timestamptz, out share_until timestamptz,
  out deleted_at timestamptz, out rates jsonb, out overage jsonb
)
language sql stable as $$
  select t.usage_bucket, t.entitlement_version, t.plan::text, plan_limits_of(t.plan, t.plan_version),
    b.plan::text, plan_limits_of(b.plan, t.base_plan_version), t.share_from, t.share_until,
    t.deleted_at, plan_rates_of(t.plan, t.plan_version),
    case when o.price is null or t.deleted_at is not null then '{}'
      else jsonb_strip_nulls(jsonb_build_object('currency', t.overage_currency,
        'minorPerCredit', o.price::text, 'suspended', t.overage_suspended)) end
  from tenants t
  cross join lateral (select case when t.base_plan <= t.plan then t.base_plan end as plan) b
  cross join lateral (
    select plan_overage_of(t.plan, t.plan_version, t.overage_currency) as price
  ) o
  where t.id = p_tenant;
$$;
--> statement-breakpoint
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  e record;
begin
  if exists (select from bucket_nodes() n where n.number = new.usage_bucket and n.node is not null)
  then
    insert into metering_copies (tenant_id, version) values (new.id, new.entitlement_version)
    on conflict (tenant_id) do update set version = excluded.version;
    perform pg_notify('metering_copies', '');
  else
    e := tenant_entitlement(new.id);
    execute format('select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
      bucket_schema(new.usage_bucket))
    using new.id, e.version, e.plan, e.limits, e.base_plan, e.base_limits, e.share_from,
      e.share_until, e.deleted_at, e.rates, e.overage;
  end if;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
--> statement-breakpoint
drop trigger tenants_metered on tenants;
--> statement-breakpoint
create trigger tenants_metered
after update of plan, plan_version, deleted_at, base_plan, base_plan_version, share_from,
  share_until, overage_currency, overage_suspended, entitlement_version on tenants
for each row
when (old.entitlement_version < new.entitlement_version)
execute function tenants_metered();
--> statement-breakpoint
drop trigger tenants_entitlement_version on tenants;
--> statement-breakpoint
create trigger tenants_entitlement_version
before update of plan, plan_version, deleted_at, base_plan, base_plan_version, share_from,
  share_until, overage_currency, overage_suspended on tenants
for each row
when (old.plan is distinct from new.plan or old.plan_version is distinct from new.plan_version
  or old.deleted_at is distinct from new.deleted_at or old.base_plan is distinct from new.base_plan
  or old.base_plan_version is distinct from new.base_plan_version
  or old.share_from is distinct from new.share_from
  or old.share_until is distinct from new.share_until
  or old.overage_currency is distinct from new.overage_currency
  or old.overage_suspended is distinct from new.overage_suspended)
execute function tenants_entitlement_version();
