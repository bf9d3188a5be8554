CREATE TABLE "plan_prices" (
	"stripe_price_id" text PRIMARY KEY NOT NULL,
	"plan" "plan" NOT NULL,
	"version" integer NOT NULL,
	"bound_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "plan_versions" (
	"plan" "plan" NOT NULL,
	"version" integer NOT NULL,
	"name" text NOT NULL,
	"features" jsonb NOT NULL,
	"limits" jsonb NOT NULL,
	"published_at" timestamp with time zone NOT NULL,
	"carried_at" timestamp with time zone,
	CONSTRAINT "plan_versions_plan_version_pk" PRIMARY KEY("plan","version"),
	CONSTRAINT "plan_versions_version" CHECK ("plan_versions"."version" > 0)
);
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "plan_version" integer;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "raised_from_version" integer;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "plan_version" integer;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "base_plan_version" integer;--> statement-breakpoint
ALTER TABLE "plan_prices" ADD CONSTRAINT "plan_prices_plan_version_plan_versions_plan_version_fk" FOREIGN KEY ("plan","version") REFERENCES "public"."plan_versions"("plan","version") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
-- Who bought by a version keeps it: only that it has reached everybody may be noted.
create function plan_versions_stay() returns trigger
language plpgsql as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'carried_at' = to_jsonb(old) - 'carried_at' then
    return new;
  end if;
  raise exception 'a published version of a plan never changes' using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger plan_versions_stay
before update or delete on plan_versions
for each row
execute function plan_versions_stay();
--> statement-breakpoint
create function plan_versions_published() returns trigger
language plpgsql as $$
begin
  perform pg_notify('plans_published', '');
  return null;
end $$;
--> statement-breakpoint
create trigger plan_versions_published
after insert on plan_versions
for each statement
execute function plan_versions_published();
--> statement-breakpoint
-- A plan's limits in one of its versions; null asks for the newest, and so does one that is not there.
-- Until the first is published they are those of the version before, which had them in its code.
create function plan_limits_of(p_plan plan, p_version int) returns jsonb
language sql stable as $$
  select case when p_plan is null then null else coalesce(
    (select limits from plan_versions where plan = p_plan and version = p_version),
    (select limits from plan_versions where plan = p_plan order by version desc limit 1),
    plan_limits_of(p_plan)) end;
$$;
--> statement-breakpoint
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  v_base plan := case when new.base_plan <= new.plan then new.base_plan end;
begin
  execute format('select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    bucket_schema(new.usage_bucket))
  using new.id, new.entitlement_version, new.plan::text,
    plan_limits_of(new.plan, new.plan_version), v_base::text,
    plan_limits_of(v_base, new.base_plan_version), new.share_from, new.share_until, new.deleted_at;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
--> statement-breakpoint
drop trigger tenants_metered on tenants;
--> statement-breakpoint
create trigger tenants_metered
after update of plan, plan_version, deleted_at, base_plan, base_plan_version, share_from,
  share_until, entitlement_version on tenants
for each row
when (old.entitlement_version < new.entitlement_version)
execute function tenants_metered();
--> statement-breakpoint
drop trigger tenants_entitlement_version on tenants;
--> statement-breakpoint
create trigger tenants_entitlement_version
before update of plan, plan_version, deleted_at, base_plan, base_plan_version, share_from,
  share_until on tenants
for each row
when (old.plan is distinct from new.plan or old.plan_version is distinct from new.plan_version
  or old.deleted_at is distinct from new.deleted_at or old.base_plan is distinct from new.base_plan
  or old.base_plan_version is distinct from new.base_plan_version
  or old.share_from is distinct from new.share_from
  or old.share_until is distinct from new.share_until)
execute function tenants_entitlement_version();
