-- Moves metering into the schema `u00`, the first bucket, together with the functions of
-- `../bucket/0013…`, in one transaction. Nothing is copied: it takes as long as its locks.
--
-- What the version before calls stays in `public` until every process runs this one: its functions,
-- as they were, and views with the tables' names through which they read and write the same rows.
-- A later migration takes them away (ADR 31).
lock table tenants, plan_limits, usage_totals, usage, usage_days, usage_reservations,
  usage_idempotency, usage_thresholds, usage_archives in access exclusive mode;
--> statement-breakpoint
drop trigger usage_totals_limit_changed on usage_totals;
--> statement-breakpoint
drop function usage_totals_limit_changed();
--> statement-breakpoint
alter table usage_totals drop constraint usage_totals_tenant_id_tenants_id_fk;
--> statement-breakpoint
alter table usage_thresholds drop constraint usage_thresholds_tenant_id_tenants_id_fk;
--> statement-breakpoint
-- Crossings of before have their mail, and so have those that the version before records.
alter table usage_thresholds add column mail_due boolean not null default false;
--> statement-breakpoint
alter type resource_type set schema u00;
--> statement-breakpoint
alter type reservation_state set schema u00;
--> statement-breakpoint
do $$
declare
  v_table text;
begin
  for v_table in
    select inhrelid::regclass::text from pg_inherits where inhparent = 'usage'::regclass
  loop
    execute format('alter table %s set schema u00', v_table);
  end loop;
  foreach v_table in array array['usage', 'usage_totals', 'usage_days', 'usage_reservations',
    'usage_idempotency', 'usage_thresholds', 'usage_archives']
  loop
    execute format('alter table %I set schema u00', v_table);
  end loop;
end $$;
--> statement-breakpoint
create domain resource_type as u00.resource_type;
--> statement-breakpoint
create domain reservation_state as u00.reservation_state;
--> statement-breakpoint
create view usage as select * from u00.usage;
--> statement-breakpoint
-- `usage_admit` of the version before asks which rows its transaction wrote.
create view usage_totals as select *, xmin from u00.usage_totals;
--> statement-breakpoint
create view usage_days as select * from u00.usage_days;
--> statement-breakpoint
create view usage_reservations as select * from u00.usage_reservations;
--> statement-breakpoint
create view usage_idempotency as select * from u00.usage_idempotency;
--> statement-breakpoint
create view usage_thresholds as
select tenant_id, period, resource_type, percent, used, "limit", crossed_at from u00.usage_thresholds;
--> statement-breakpoint
create view usage_archives as select * from u00.usage_archives;
--> statement-breakpoint
-- These two of the version before would not find their way through the views. Neither waits for the
-- locks above in the middle of its work, so they may become others.
create or replace function usage_add(
  p_tenant uuid, p_period text, p_resource u00.resource_type, p_day int,
  p_used bigint, p_held bigint, p_now timestamptz
) returns u00.usage_totals
language plpgsql as $$
declare
  t u00.usage_totals;
begin
  t := u00.usage_add(p_tenant, p_period, p_resource, p_day, p_used, p_held, p_now);
  return t;
end $$;
--> statement-breakpoint
create or replace function usage_ensure_partition(p_period text) returns void
language plpgsql as $$
begin
  perform u00.usage_ensure_partition(p_period);
end $$;
--> statement-breakpoint
drop trigger tenants_plan_changed on tenants;
--> statement-breakpoint
drop function tenants_plan_changed();
--> statement-breakpoint
-- A change of the plan, or of what of it is paid, reaches metering in its own transaction, so that no
-- call is admitted by the old limit after it; the processes hear of it when it commits.
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  v_base plan := case when new.base_plan < new.plan then new.base_plan end;
begin
  perform u00.usage_put_tenant(new.id, new.entitlement_version, new.plan::text,
    plan_limits_of(new.plan), v_base::text, plan_limits_of(v_base), new.share_from, new.share_until,
    new.deleted_at);
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
--> statement-breakpoint
-- A release that changes the catalogue changes the limits of the running period.
create or replace function plan_limits_changed() returns trigger
language plpgsql as $$
begin
  perform u00.usage_put_plan(new.plan::text, plan_limits_of(new.plan));
  return null;
end $$;
--> statement-breakpoint
drop trigger plan_limits_changed on plan_limits;
--> statement-breakpoint
create trigger plan_limits_changed
after insert or update on plan_limits
for each row
execute function plan_limits_changed();
