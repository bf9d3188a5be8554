-- On free, where no price says which version somebody has, what is announced is nobody's until it is due.
create function plan_version_in_force(p_plan plan) returns integer
language sql stable as $$
  select max(v.version) from plan_versions v
  where v.plan = p_plan
    and not (v.plan = 'free' and exists (
      select from plan_announcements a
      where a.plan = v.plan and a.version = v.version and a.carried_at is null));
$$;
--> statement-breakpoint
create or replace function plan_limits_of(p_plan plan, p_version integer) returns jsonb
language sql stable as $$
  select case when p_plan is null then null else coalesce(
    (select limits from plan_versions where plan = p_plan and version = p_version),
    (select limits from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    plan_limits_of(p_plan)) end;
$$;
--> statement-breakpoint
create or replace function plan_overage_of(p_plan plan, p_version integer, p_currency text) returns numeric
language sql stable as $$
  select (coalesce(
    (select overage from plan_versions where plan = p_plan and version = p_version),
    (select overage from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}') ->> p_currency)::numeric;
$$;
--> statement-breakpoint
create or replace function plan_rates_of(p_plan plan, p_version integer) returns jsonb
language sql stable as $$
  select coalesce(
    (select rates from plan_versions where plan = p_plan and version = p_version),
    (select rates from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}');
$$;
--> statement-breakpoint
create or replace function plan_rollover_of(p_plan plan, p_version integer) returns jsonb
language sql stable as $$
  select coalesce(
    (select rollover from plan_versions where plan = p_plan and version = p_version),
    (select rollover from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}');
$$;
--> statement-breakpoint
create or replace function plan_seats_of(p_plan plan, p_version integer) returns integer
language sql stable as $$
  select coalesce(
    (select seats from plan_versions where plan = p_plan and version = p_version),
    (select seats from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    1);
$$;
