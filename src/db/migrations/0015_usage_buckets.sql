-- Metering may lie in several buckets, each tenant's in one. Whoever runs the version before finds
-- everything in the first, where it stays until `npm run usage:spread` makes more.
lock table tenants in access exclusive mode;
--> statement-breakpoint
CREATE TABLE "metering_buckets" (
	"number" smallint PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "usage_bucket" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
insert into metering_buckets (number) values (0);
--> statement-breakpoint
-- Number 3 is the schema u03.
create function bucket_schema(p_number int) returns text
language sql immutable as $$
  select 'u' || lpad(p_number::text, 2, '0');
$$;
--> statement-breakpoint
-- A new tenant comes into one of the buckets by its id: evenly, and without asking how full they are.
create function tenants_placed() returns trigger
language plpgsql as $$
declare
  v_buckets int := (select count(*) from metering_buckets);
begin
  new.usage_bucket := (
    select number from metering_buckets
    order by number
    offset (hashtext(new.id::text) & 2147483647) % v_buckets
    limit 1
  );
  return new;
end $$;
--> statement-breakpoint
create trigger tenants_placed
before insert on tenants
for each row
execute function tenants_placed();
--> statement-breakpoint
-- Processes that remember where a tenant's metering lies hear of its move when it commits.
create function tenants_moved() returns trigger
language plpgsql as $$
begin
  perform pg_notify('tenant_bucket', new.id::text || ' ' || new.usage_bucket);
  return null;
end $$;
--> statement-breakpoint
create trigger tenants_moved
after update of usage_bucket on tenants
for each row
when (old.usage_bucket is distinct from new.usage_bucket)
execute function tenants_moved();
--> statement-breakpoint
-- As before, in the bucket in which the tenant's metering lies. Whoever changes what a tenant may use
-- holds its row, and so does whoever moves it.
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  v_base plan := case when new.base_plan < new.plan then new.base_plan end;
begin
  execute format('select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    bucket_schema(new.usage_bucket))
  using new.id, new.entitlement_version, new.plan::text, plan_limits_of(new.plan), v_base::text,
    plan_limits_of(v_base), new.share_from, new.share_until, new.deleted_at;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
--> statement-breakpoint
-- As before, in every bucket. No tenant is moved meanwhile: that takes a lock on plan_limits.
create or replace function plan_limits_changed() returns trigger
language plpgsql as $$
declare
  v_number int;
begin
  for v_number in select number from metering_buckets order by number loop
    execute format('select %I.usage_put_plan($1, $2)', bucket_schema(v_number))
    using new.plan::text, plan_limits_of(new.plan);
  end loop;
  return null;
end $$;
