-- Ends reservations: with an amount it is settled, with null released. What was really used is
-- recorded in full, also above what was held and also after the reservation expired; it belongs
-- to the month and the day in which the work started. What an expired hold of begun work counted
-- already is brought to what it really was, or taken back.
--
-- Outcomes: 0 done, 1 done before with the same result, 2 settled before with another amount,
-- 3 released before, 4 unknown.
create or replace function usage_settle(
  p_now timestamptz,
  p_tenants uuid[],
  p_reservations uuid[],
  p_amounts bigint[],
  p_metadata jsonb[],
  out outcomes int[],
  out used_after bigint[],
  out remaining_after bigint[]
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  r usage_reservations;
  t usage_totals;
  v_freed bigint;
  v_counted bigint;
  v_change bigint;
  v_amount bigint;
  v_remaining bigint;
begin
  perform
  from (
    select distinct wanted_tenant as tenant_id, found.period, found.resource_type
    from unnest(p_tenants, p_reservations) as w(wanted_tenant, wanted_id)
    cross join lateral (
      select period, resource_type
      from usage_reservations
      where tenant_id = wanted_tenant and id = wanted_id
      limit 1
    ) as found
    order by 1, 2, 3
  ) as wanted
  cross join lateral (
    select from usage_totals c
    where c.tenant_id = wanted.tenant_id and c.period = wanted.period
      and c.resource_type = wanted.resource_type
    for update
  ) as locked;

  outcomes := array_fill(0, array[cardinality(p_reservations)]);
  used_after := array_fill(null::bigint, array[cardinality(p_reservations)]);
  remaining_after := used_after;

  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    -- The counters' lock guards the reservations below them: none is changed without it.
    select * into r
    from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
    v_counted := case when r.state = 'expired' then coalesce(r.begun_amount, 0) else 0 end;
    outcomes[n] := case
      when not found then 4
      when r.state = 'settled' and v_amount is distinct from r.settled_amount then 2
      when r.state = 'settled' then 1
      when r.state = 'released' and v_amount is not null then 3
      when r.state in ('released', 'expired') and v_amount is null and v_counted = 0 then 1
      else 0 end;
    if outcomes[n] > 0 then
      used_after[n] := r.used_after;
      remaining_after[n] := r.remaining_after;
      continue;
    end if;

    v_freed := case when r.state = 'open' then r.amount else 0 end;
    v_change := coalesce(v_amount, 0) - v_counted;
    t := usage_add(r.tenant_id, r.period, r.resource_type,
      extract(day from r.created_at at time zone 'UTC')::int, v_change, -v_freed,
      p_now);
    v_remaining := usage_remaining(t."limit", t.used, t.held);
    used_after[n] := t.used;
    remaining_after[n] := v_remaining;

    update usage_reservations
    set state = case when v_amount is null then 'released' else 'settled' end::reservation_state,
      settled_amount = v_amount,
      used_after = t.used,
      remaining_after = v_remaining,
      closed_at = p_now
    where tenant_id = r.tenant_id and id = r.id;

    if v_change <> 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        actor, reason, occurred_at, created_at)
      values (r.tenant_id, r.period, r.resource_type, v_change, r.id,
        coalesce(p_metadata[n], r.metadata),
        case when v_change < 0 then 'system:settlement' end,
        case when v_change < 0 then 'Settled after the hold had expired and was counted.' end,
        r.created_at, p_now);
      if t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < (case when t.used >= t."limit" then 100 else 80 end)
      then
        perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used, t."limit",
          t.threshold, p_now);
      end if;
    end if;
  end loop;
end $$;

-- Notes of reservations that their work began and how much of it is owed by now, so that an expired
-- one is counted; with `p_expires_at` the hold lives longer. What is written never falls. The
-- counters stay as they are, so their lock is not needed.
create or replace function usage_begin(
  p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamptz[]
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_amount bigint;
  v_expires_at timestamptz;
begin
  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    v_expires_at := p_expires_at[n];
    update usage_reservations
    set begun_amount = greatest(begun_amount, v_amount),
      expires_at = greatest(expires_at, v_expires_at)
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
  end loop;
end $$;

-- Looks at many counters at once; null where there is none yet.
create or replace function usage_look_up(
  p_tenants uuid[], p_periods text[], p_resources resource_type[],
  out used bigint[], out held bigint[], out limits bigint[]
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
    array_agg(t."limit" order by w.n)
  into used, held, limits
  from unnest(p_tenants, p_periods, p_resources) with ordinality
    as w(w_tenant, w_period, w_resource, n)
  left join lateral (
    select c.used, c.held, c."limit"
    from usage_totals c
    where c.tenant_id = w_tenant and c.period = w_period and c.resource_type = w_resource
    limit 1
  ) as t on true;
end $$;

-- Ends reservations past their time, those of up to `p_groups_max` groups, and answers which
-- tenants they were of.
create or replace function usage_expire(p_now timestamptz, p_groups_max int) returns setof uuid
language plpgsql
set search_path from current
as $$
declare
  r record;
begin
  for r in
    select tenant_id, period, resource_type
    from (
      select distinct tenant_id, period, resource_type
      from usage_reservations
      where state = 'open' and expires_at <= p_now
      limit p_groups_max
    ) as due
    order by tenant_id, period, resource_type
  loop
    perform from usage_totals
    where tenant_id = r.tenant_id and period = r.period and resource_type = r.resource_type
    for update;
    perform usage_expire_group(r.tenant_id, r.period, r.resource_type, p_now);
    return next r.tenant_id;
  end loop;
end $$;

-- Deletes reservations that were closed before `p_closed_before` (those that expired: before
-- `p_expired_before`, for they may be settled late), at most `p_max`, and answers how many.
create or replace function usage_prune(
  p_closed_before timestamptz, p_expired_before timestamptz, p_max int
) returns bigint
language sql
set search_path from current
as $$
  with due as (
    select tenant_id, id
    from usage_reservations
    where closed_at < p_closed_before
      and (state <> 'expired' or closed_at < p_expired_before)
    limit p_max
    for update skip locked
  ), deleted as (
    delete from usage_reservations r
    using due
    where r.tenant_id = due.tenant_id and r.id = due.id
    returning 1
  )
  select count(*) from deleted;
$$;

-- Corrects a counter by a ledger row with actor and reason, and answers `used` after. A correction
-- that would leave less than nothing is refused by the table's check.
create or replace function usage_correct(
  p_tenant uuid, p_period text, p_resource resource_type, p_amount bigint,
  p_actor text, p_reason text, p_occurred_at timestamptz, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
as $$
declare
  t usage_totals;
begin
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at)
  values (p_tenant, p_period, p_resource, p_amount, p_actor, p_reason, p_occurred_at, p_now);
  t := usage_add(p_tenant, p_period, p_resource,
    extract(day from p_occurred_at at time zone 'UTC')::int, p_amount, 0, p_now);
  return t.used;
end $$;

-- Takes a counter to zero: one correction a day, so that the daily chart empties too. Answers how
-- much was taken off.
create or replace function usage_reset(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_actor text, p_reason text, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
as $$
declare
  t usage_totals;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then return 0; end if;
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at)
  select p_tenant, p_period, p_resource, -d.amount, p_actor, p_reason,
    (p_period || '-' || lpad(d.day::text, 2, '0'))::timestamp at time zone 'UTC', p_now
  from (
    select day, amount from usage_days
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    union all
    select t.day, t.day_used
  ) as d
  where d.amount <> 0;
  delete from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_totals
  set used = 0, day_used = 0, updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  return t.used;
end $$;

-- A crossing is once per limit: whoever changes the limit, its crossings begin anew.
create or replace function usage_totals_limit_changed() returns trigger
language plpgsql as $$
begin
  new.threshold := 0;
  return new;
end $$;

create or replace trigger usage_totals_limit_changed
before update of "limit" on usage_totals
for each row
when (old."limit" is distinct from new."limit")
execute function usage_totals_limit_changed();
