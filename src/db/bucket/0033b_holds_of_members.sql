-- Holds of members who have a limit give it back, and count what they used.

-- Ends a group's reservations that are past their time, and answers how much they held and how much
-- of that was counted: begun work is owed, by what was last written of it; the rest is given back. The
-- last two are what of these is beyond the quota. The caller holds the row of usage_totals, which is
-- brought up to date here, and has written the account.
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
        and state = 'open' and expires_at <= p_now and plan_units is null and not v_before.per_member
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

  -- Those that hold credits, or whose work went beyond what they hold; where members have limits, all.
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
    if v_before.per_member then
      perform usage_member_add(p_tenant, p_period, p_resource, r.metadata ->> 'userId',
        coalesce(r.begun_amount, 0), -r.amount);
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

    if t.per_member then
      perform usage_member_add(r.tenant_id, r.period, r.resource_type, r.metadata ->> 'userId', 0,
        case when r.state = 'open' then -r.amount else 0 end);
      perform usage_member_add(r.tenant_id, r.period, r.resource_type,
        coalesce(p_metadata[n], r.metadata) ->> 'userId', v_change, 0);
    end if;
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
