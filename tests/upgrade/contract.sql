-- What the next release's first migration takes away: all that was left for the version before when
-- metering moved into a schema of its own (ADR 32).
drop view usage, usage_totals, usage_days, usage_reservations, usage_idempotency, usage_thresholds,
  usage_archives;
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select oid from pg_proc where pronamespace = 'public'::regnamespace and proname like 'usage\_%'
  loop
    execute format('drop function %s', v_function);
  end loop;
end $$;
alter table plan_limits alter column resource_type type text;
drop domain resource_type, reservation_state;
-- The beginnings of work (0015), admission without credits (0026) and without what it charged (0060), as the
-- version before asks for them, in every bucket.
do $$
declare
  v_schema text;
begin
  for v_schema in select nspname from pg_namespace where nspname ~ '^u\d\d$' loop
    execute format('drop function %I.usage_begin', v_schema);
    execute format('drop function %I.usage_admit', v_schema);
    execute format('drop function %I.usage_admit_batch', v_schema);
  end loop;
end $$;
