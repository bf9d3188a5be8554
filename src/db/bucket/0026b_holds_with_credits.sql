-- Ends an open hold by what its work used: the quota's part first, then what it holds of grants, and
-- what is beyond the hold in the ordinary order. `draw_seq` is the first draw, null when there is none.
create or replace function usage_end_hold(
  inout t usage_totals, inout a credit_accounts, r usage_reservations, p_units bigint,
  p_now timestamptz, out draw_seq bigint, out draw_count bigint
)
language plpgsql
set search_path from current
as $$
declare
  v_day int := extract(day from r.created_at at time zone 'UTC');
  v_plan bigint := coalesce(r.plan_units, r.amount);
  v_beyond bigint := least(greatest(0, p_units - v_plan), r.amount - v_plan);
  v_surplus bigint := p_units - r.amount;
  v_more bigint := 0;
  v_before bigint := a.last_seq;
begin
  if r.plan_units is not null then a := credit_end_hold(a, r, v_beyond, p_now); end if;
  t := usage_add(r.tenant_id, r.period, r.resource_type, v_day, least(p_units, r.amount), -r.amount,
    p_now, v_beyond, v_plan - r.amount);
  if v_surplus > 0 then
    v_more := credit_beyond(t, a, v_surplus);
    if v_more > 0 then
      a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_more, p_now);
    end if;
    t := usage_add(r.tenant_id, r.period, r.resource_type, v_day, v_surplus, 0, p_now, v_more);
  end if;
  if v_beyond + v_more > 0 then
    draw_seq := v_before + 1;
    draw_count := a.last_seq - v_before;
  end if;
end $$;

-- Whether a counter has come over a threshold that is not recorded yet.
create or replace function usage_crosses(t usage_totals) returns boolean
language sql immutable as $$
  select coalesce(t."limit" > 0 and (t.used - t.beyond) * 100 >= t."limit" * 80
    and t.threshold < case when t.used - t.beyond >= t."limit" then 100 else 80 end, false);
$$;

-- Ends a group's reservations that are past their time, and answers how much they held and how much
-- of that was counted: begun work is owed, by what was last written of it; the rest is given back. The
-- last two are what of these is beyond the quota. The caller holds the row of usage_totals, which is
-- brought up to date here, and has written the account.
drop function if exists usage_expire_group(uuid, text, resource_type, timestamptz);
create or replace function usage_expire_group(
  p_tenant uuid, p_period text, p_resource resource_type, p_now timestamptz,
  out freed bigint, out counted bigint, out freed_beyond bigint, out counted_beyond bigint
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_day record;
  v_ended record;
  r usage_reservations;
  t usage_totals;
  a credit_accounts;
  v_before usage_totals;
begin
  select * into strict v_before from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  t := v_before;
  for v_day in
    with expired as (
      update usage_reservations
      set state = 'expired', closed_at = p_now
      where tenant_id = p_tenant and period = p_period and resource_type = p_resource
        and state = 'open' and expires_at <= p_now and plan_units is null
        and coalesce(begun_amount, 0) <= amount
      returning id, amount, begun_amount, metadata, created_at
    ), recorded as (
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at)
      select p_tenant, p_period, p_resource, begun_amount, id,
        coalesce(metadata, '{}') || '{"settledBy": "expiry"}', created_at, p_now
      from expired
      where begun_amount > 0
    )
    select extract(day from created_at at time zone 'UTC')::int as day, sum(amount)::bigint as freed,
      coalesce(sum(begun_amount), 0)::bigint as counted
    from expired
    group by 1
  loop
    t := usage_add(p_tenant, p_period, p_resource, v_day.day, v_day.counted, -v_day.freed, p_now);
  end loop;

  -- Those that hold credits, or whose work went beyond what they hold.
  for r in
    select * from usage_reservations
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
      and state = 'open' and expires_at <= p_now
    order by id
  loop
    if a.tenant_id is null then a := credit_account(p_tenant); end if;
    v_ended := usage_end_hold(t, a, r, coalesce(r.begun_amount, 0), p_now);
    t := v_ended.t;
    a := v_ended.a;
    update usage_reservations
    set state = 'expired', closed_at = p_now, draw_seq = v_ended.draw_seq,
      draw_count = v_ended.draw_count
    where tenant_id = p_tenant and id = r.id;
    if r.begun_amount > 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at, draw_seq, draw_count)
      values (p_tenant, p_period, p_resource, r.begun_amount, r.id,
        coalesce(r.metadata, '{}') || '{"settledBy": "expiry"}', r.created_at, p_now,
        v_ended.draw_seq, v_ended.draw_count);
    end if;
  end loop;
  if a.tenant_id is not null then perform credit_keep(a, p_now); end if;

  freed := v_before.held - t.held;
  counted := t.used - v_before.used;
  freed_beyond := v_before.held_beyond - t.held_beyond;
  counted_beyond := t.beyond - v_before.beyond;
  if counted > 0 and usage_crosses(t) then
    perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used - t.beyond,
      t."limit", t.threshold, p_now);
  end if;
end $$;

-- Ends reservations past their time, those of up to `p_groups_max` groups, and answers which
-- tenants they were of.
create or replace function usage_expire(p_now timestamptz, p_groups_max int) returns setof uuid
language plpgsql
set search_path from current
as $$
declare
  v_tenants uuid[];
  v_periods text[];
  v_resources resource_type[];
begin
  select array_agg(tenant_id order by tenant_id, period, resource_type),
    array_agg(period order by tenant_id, period, resource_type),
    array_agg(resource_type order by tenant_id, period, resource_type)
  into v_tenants, v_periods, v_resources
  from (
    select distinct tenant_id, period, resource_type
    from usage_reservations
    where state = 'open' and expires_at <= p_now
    limit p_groups_max
  ) as due;
  if v_tenants is null then return; end if;
  -- All counters, then all accounts: as everybody does.
  perform
  from unnest(v_tenants, v_periods, v_resources) as w(w_tenant, w_period, w_resource)
  cross join lateral (
    select from usage_totals
    where tenant_id = w_tenant and period = w_period and resource_type = w_resource
    for update
  ) as locked;
  perform usage_lock_accounts(v_tenants);
  for n in 1 .. cardinality(v_tenants) loop
    perform usage_expire_group(v_tenants[n], v_periods[n], v_resources[n], p_now);
    return next v_tenants[n];
  end loop;
end $$;

-- Locks the accounts of those who have one, in order.
create or replace function usage_lock_accounts(p_tenants uuid[]) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  perform
  from (select distinct w_tenant from unnest(p_tenants) as w(w_tenant) order by 1) as wanted
  cross join lateral (
    select from credit_accounts where tenant_id = w_tenant for update
  ) as locked;
end $$;

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
  a credit_accounts;
  v_ended record;
  v_counted bigint;
  v_change bigint;
  v_amount bigint;
  v_remaining bigint;
  v_before bigint;
  v_beyond bigint;
  v_draw_seq bigint;
  v_draw_count bigint;
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
  perform usage_lock_accounts(p_tenants);

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

    v_change := coalesce(v_amount, 0) - v_counted;
    v_draw_seq := null;
    v_draw_count := null;
    select * into strict t from usage_totals
    where tenant_id = r.tenant_id and period = r.period and resource_type = r.resource_type;
    a := null;
    -- Without credits, without a rate and within what is held there is nothing to draw.
    if r.plan_units is not null or r.draw_seq is not null
      or t.rate_micro is not null and v_change > (case when r.state = 'open' then r.amount else 0 end)
    then
      a := credit_account(r.tenant_id);
    end if;
    v_before := a.last_seq;
    if r.state = 'open' then
      v_ended := usage_end_hold(t, a, r, v_change, p_now);
      t := v_ended.t;
      a := v_ended.a;
      v_draw_seq := v_ended.draw_seq;
      v_draw_count := v_ended.draw_count;
    else
      v_beyond := 0;
      if v_change > 0 then
        v_beyond := credit_beyond(t, a, v_change);
        if v_beyond > 0 then
          a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_beyond, p_now);
        end if;
      elsif v_change < 0 and r.draw_seq is not null then
        v_ended := credit_return(a, r.draw_seq, r.draw_seq + r.draw_count - 1, r.period,
          r.resource_type, -v_change, p_now);
        a := v_ended.a;
        v_beyond := -v_ended.units;
      end if;
      t := usage_add(r.tenant_id, r.period, r.resource_type,
        extract(day from r.created_at at time zone 'UTC')::int, v_change, 0, p_now, v_beyond);
      if v_beyond <> 0 then
        v_draw_seq := v_before + 1;
        v_draw_count := a.last_seq - v_before;
      end if;
    end if;
    if a.last_seq > v_before or r.plan_units is not null then perform credit_keep(a, p_now); end if;
    v_remaining := usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond);
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
        actor, reason, occurred_at, created_at, draw_seq, draw_count)
      values (r.tenant_id, r.period, r.resource_type, v_change, r.id,
        coalesce(p_metadata[n], r.metadata),
        case when v_change < 0 then 'system:settlement' end,
        case when v_change < 0 then 'Settled after the hold had expired and was counted.' end,
        r.created_at, p_now, v_draw_seq, v_draw_count);
      if usage_crosses(t) then
        perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used - t.beyond,
          t."limit", t.threshold, p_now);
      end if;
    end if;
  end loop;
end $$;

-- Corrects a counter by a ledger row with actor and reason, and answers `used` after. Usage that is
-- taken off gives back the newest draws of its month first, then the quota. A correction that would
-- leave less than nothing is refused by the table's check.
create or replace function usage_correct(
  p_tenant uuid, p_period text, p_resource resource_type, p_amount bigint,
  p_actor text, p_reason text, p_occurred_at timestamptz, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
as $$
declare
  t usage_totals;
  v_returned record;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  v_returned := usage_return(t, case when t.used + p_amount >= 0 then -p_amount else 0 end, p_now);
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at, draw_seq, draw_count)
  values (p_tenant, p_period, p_resource, p_amount, p_actor, p_reason, p_occurred_at, p_now,
    v_returned.draw_seq, v_returned.draw_count);
  t := usage_add(p_tenant, p_period, p_resource,
    extract(day from p_occurred_at at time zone 'UTC')::int, p_amount, 0, p_now,
    -v_returned.units);
  return t.used;
end $$;

-- Gives back up to `p_units` of what a counter's group drew, and answers how many units that were. The
-- caller holds the counter and changes it.
create or replace function usage_return(
  t usage_totals, p_units bigint, p_now timestamptz,
  out units bigint, out draw_seq bigint, out draw_count bigint
)
language plpgsql
set search_path from current
as $$
declare
  a credit_accounts;
  v_returned record;
begin
  units := 0;
  if p_units <= 0 or coalesce(t.beyond, 0) = 0 then return; end if;
  a := credit_account(t.tenant_id);
  draw_seq := a.last_seq + 1;
  v_returned := credit_return(a, 1, a.last_seq, t.period, t.resource_type,
    least(p_units, t.beyond), p_now);
  a := v_returned.a;
  units := v_returned.units;
  -- A ledger row counts no further.
  draw_count := least(a.last_seq + 1 - draw_seq, 32767);
  perform credit_keep(a, p_now);
end $$;

-- Takes a counter to zero: one correction a day, so that the daily chart empties too. What was drawn
-- is given back. Answers how much was taken off.
create or replace function usage_reset(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_actor text, p_reason text, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
as $$
declare
  t usage_totals;
  v_days smallint[];
  v_amounts bigint[];
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then return 0; end if;
  perform usage_return(t, t.beyond, p_now);
  select array_agg(day order by day), array_agg(amount order by day)
  into v_days, v_amounts
  from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at, created_at)
  select p_tenant, p_period, p_resource, -d.amount, p_actor, p_reason,
    (p_period || '-' || lpad(d.day::text, 2, '0'))::timestamp at time zone 'UTC', p_now
  from unnest(v_days || t.day, v_amounts || t.day_used) as d(day, amount)
  where d.amount <> 0;
  delete from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_totals
  set used = 0, beyond = 0, day_used = 0, updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  return t.used;
end $$;
