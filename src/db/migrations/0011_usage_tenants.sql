-- Metering moves into a schema of its own, in three steps, while processes of the version before
-- serve. The first: from now on everything that changes what a tenant may use is written to both
-- places. The second copies what was there, the third moves the tables.
ALTER TABLE "tenants" ADD COLUMN "entitlement_version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
create schema u00;
--> statement-breakpoint
create table u00.usage_tenants (
  tenant_id uuid not null,
  version bigint not null,
  plan text not null,
  limits jsonb not null,
  base_plan text,
  base_limits jsonb,
  share_from timestamptz,
  share_until timestamptz,
  deleted_at timestamptz,
  constraint usage_tenants_pkey primary key (tenant_id)
);
--> statement-breakpoint
-- A plan's limits: resource → units a month, null without a limit.
create function plan_limits_of(p_plan plan) returns jsonb
language sql stable as $$
  select jsonb_object_agg(resource_type, "limit") from plan_limits where plan = p_plan;
$$;
--> statement-breakpoint
create function tenants_entitlement_version() returns trigger
language plpgsql as $$
begin
  new.entitlement_version := old.entitlement_version + 1;
  return new;
end $$;
--> statement-breakpoint
create trigger tenants_entitlement_version
before update of plan, deleted_at, base_plan, share_from, share_until on tenants
for each row
when (old.plan is distinct from new.plan or old.deleted_at is distinct from new.deleted_at
  or old.base_plan is distinct from new.base_plan or old.share_from is distinct from new.share_from
  or old.share_until is distinct from new.share_until)
execute function tenants_entitlement_version();
--> statement-breakpoint
create function tenants_metered() returns trigger
language plpgsql as $$
declare
  v_base plan := case when new.base_plan < new.plan then new.base_plan end;
begin
  insert into u00.usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at)
  values (new.id, new.entitlement_version, new.plan, plan_limits_of(new.plan), v_base,
    plan_limits_of(v_base), new.share_from, new.share_until, new.deleted_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at
  where t.version < excluded.version;
  return null;
end $$;
--> statement-breakpoint
create trigger tenants_metered_new
after insert on tenants
for each row
execute function tenants_metered();
--> statement-breakpoint
create trigger tenants_metered
after update of plan, deleted_at, base_plan, share_from, share_until on tenants
for each row
when (old.entitlement_version < new.entitlement_version)
execute function tenants_metered();
