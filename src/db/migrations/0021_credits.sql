ALTER TABLE "plan_versions" ADD COLUMN "rates" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
-- What a unit beyond the quota costs in one of a plan's versions, asked as `plan_limits_of` is.
create function plan_rates_of(p_plan plan, p_version int) returns jsonb
language sql stable as $$
  select coalesce(
    (select rates from plan_versions where plan = p_plan and version = p_version),
    (select rates from plan_versions where plan = p_plan order by version desc limit 1),
    '{}');
$$;
--> statement-breakpoint
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  v_base plan := case when new.base_plan <= new.plan then new.base_plan end;
begin
  execute format('select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    bucket_schema(new.usage_bucket))
  using new.id, new.entitlement_version, new.plan::text,
    plan_limits_of(new.plan, new.plan_version), v_base::text,
    plan_limits_of(v_base, new.base_plan_version), new.share_from, new.share_until, new.deleted_at,
    plan_rates_of(new.plan, new.plan_version);
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
