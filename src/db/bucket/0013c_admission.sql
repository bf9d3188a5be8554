-- A crossing of 80 or 100 percent: recorded once a period and limit. A mail is due about the highest
-- one crossed; whoever knows people and their languages makes it. The caller holds the counter's row.
create or replace function usage_cross_threshold(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_used bigint, p_limit bigint, p_before smallint, p_now timestamptz
) returns void
language plpgsql
set search_path from current
as $$
declare
  v_highest smallint := case when p_used >= p_limit then 100 else 80 end;
begin
  update usage_totals
  set threshold = v_highest
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;

  insert into usage_thresholds
    (tenant_id, period, resource_type, percent, used, "limit", crossed_at, mail_due)
  select p_tenant, p_period, p_resource, percent, p_used, p_limit, p_now, percent = v_highest
  from (values (80::smallint), (100::smallint)) as t(percent)
  where percent > p_before and percent <= v_highest
  on conflict do nothing;
end $$;

-- Adds to the counters of one group, whichever day of the month the work started on. The counters
-- keep the newest day; the days behind it are rows of usage_days.
create or replace function usage_add(
  p_tenant uuid, p_period text, p_resource resource_type, p_day int,
  p_used bigint, p_held bigint, p_now timestamptz
) returns usage_totals
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  t usage_totals;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then
    raise exception 'period % is not open for tenant %', p_period, p_tenant using errcode = 'UB001';
  end if;

  if p_day > t.day and t.day_used <> 0 then
    insert into usage_days (tenant_id, period, resource_type, day, amount)
    values (p_tenant, p_period, p_resource, t.day, t.day_used)
    on conflict (tenant_id, period, resource_type, day) do update
    set amount = usage_days.amount + excluded.amount;
  elsif p_day < t.day and p_used <> 0 then
    insert into usage_days (tenant_id, period, resource_type, day, amount)
    values (p_tenant, p_period, p_resource, p_day, p_used)
    on conflict (tenant_id, period, resource_type, day) do update
    set amount = usage_days.amount + excluded.amount;
  end if;

  update usage_totals
  set used = used + p_used,
    held = held + p_held,
    day = greatest(day, p_day),
    day_used = case
      when p_day > day then p_used
      when p_day = day then day_used + p_used
      else day_used end,
    updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  returning * into strict t;
  return t;
end $$;

-- Ends a group's reservations that are past their time, and answers how much they held and how much
-- of that was counted: begun work is owed, by what was last written of it; the rest is given back.
-- The caller holds the row of usage_totals, which is brought up to date here.
create or replace function usage_expire_group(
  p_tenant uuid, p_period text, p_resource resource_type, p_now timestamptz,
  out freed bigint, out counted bigint
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_day record;
  t usage_totals;
begin
  freed := 0;
  counted := 0;
  for v_day in
    with expired as (
      update usage_reservations
      set state = 'expired', closed_at = p_now
      where tenant_id = p_tenant and period = p_period and resource_type = p_resource
        and state = 'open' and expires_at <= p_now
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
    freed := freed + v_day.freed;
    counted := counted + v_day.counted;
  end loop;
  if counted > 0 and t."limit" > 0 and t.used * 100 >= t."limit" * 80
    and t.threshold < (case when t.used >= t."limit" then 100 else 80 end)
  then
    perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used, t."limit",
      t.threshold, p_now);
  end if;
end $$;

-- Undoes a batch that was tried as a whole and is not whole: the caller comes again, with
-- usage_admit. The statement that tries it is in the repository, for it is faster than a function.
create or replace function usage_not_whole() returns boolean
language plpgsql as $$
begin
  raise exception 'the batch must be admitted call by call' using errcode = 'UB002';
end $$;

-- Admits a batch of consumptions and reservations, exactly, in one transaction.
--
-- Groups come sorted and distinct; each call names its group by position. `p_used_through` and
-- `p_held_through` are the sums of its group's recorded and reserved amounts up to and including
-- the call, so that a batch in which every group fits needs no loop here.
--
-- A key that was used before is refused by the primary key of usage_idempotency; the caller then
-- comes again with `p_careful`, which looks for such keys first. Looking is as dear as inserting,
-- so it is not done for nothing.
--
-- `p_started` has the instants of calls that name their own, all on the day of `p_occurred_at`; the
-- others started then.
--
-- Answers `outcomes` null when everything was accepted: each answer then follows from its group's
-- counters after the batch. Otherwise every call's outcome: 0 accepted, 1 rejected, 2 a repeat of
-- an accepted, 3 a repeat of a rejected, 4 a key that was used with another body. A key is used by
-- what was refused for good; what only holds stood in the way of may come again with it.
create or replace function usage_admit(
  p_careful boolean,
  p_period text,
  p_occurred_at timestamptz,
  p_now timestamptz,
  p_group_tenants uuid[],
  p_group_resources resource_type[],
  p_group_used bigint[],
  p_group_held bigint[],
  p_groups int[],
  p_amounts bigint[],
  p_used_through bigint[],
  p_held_through bigint[],
  p_enforce boolean[],
  p_keys text[],
  p_fingerprints bigint[],
  p_metadata jsonb[],
  p_reservations uuid[],
  p_expires_at timestamptz[],
  p_started timestamptz[] default null,
  out group_used bigint[],
  out group_held bigint[],
  out group_limits bigint[],
  out outcomes int[],
  out call_used bigint[],
  out call_limits bigint[],
  out call_remaining bigint[],
  out call_reservations uuid[],
  out call_held bigint[]
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_apart int[] := '{}';
  v_unopened boolean;
  v_self xid;
  v_crossing boolean;
  v_swept int[] := '{}';
  v_first usage_idempotency;
  v_counter usage_totals;
  v_expired record;
  v_crossed record;
  g int;
begin
  if p_careful then
    -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
    -- Where they do not (another resource, another month) the primary key still refuses.
    perform
    from unnest(p_group_tenants, p_group_resources) as wanted(g_tenant, g_resource)
    cross join lateral (
      select from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as locked;

    select coalesce(array_agg(c.n order by c.n), '{}'), coalesce(array_agg(distinct c.grp), '{}')
    into v_repeated, v_apart
    from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
    cross join lateral (
      select from usage_idempotency
      where tenant_id = p_group_tenants[c.grp] and key = c.key
      limit 1
    ) as found;
  end if;

  -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
  -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
  -- shows only in a row that did not exist, and then the whole transaction is undone.
  with moved as (
    insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
    select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
    from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
      with ordinality as w(tenant_id, resource_type, used, held, n)
    where w.n <> all(v_apart)
    on conflict (tenant_id, period, resource_type) do update
    set used = t.used + excluded.used,
      held = t.held + excluded.held,
      day_used = t.day_used + excluded.used,
      updated_at = p_now
    where t.day = v_day
      and (t."limit" is null or t.used + t.held + excluded.used + excluded.held <= t."limit")
    returning tenant_id, resource_type, used, held, "limit", threshold
  )
  select array_agg(used order by tenant_id, resource_type),
    array_agg(held order by tenant_id, resource_type),
    array_agg("limit" order by tenant_id, resource_type),
    coalesce(bool_or("limit" = -1), false),
    coalesce(bool_or("limit" > 0 and used * 100 >= "limit" * 80
      and threshold < case when used >= "limit" then 100 else 80 end), false)
  into group_used, group_held, group_limits, v_unopened, v_crossing
  from moved;

  if v_unopened then
    raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
  end if;

  if cardinality(group_used) = cardinality(p_group_tenants) then
    if p_keys is null then
      insert into usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
        created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.metadata,
        coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_started)
        as c(grp, amount, metadata, reservation, started)
      where c.reservation is null;
    else
      with calls as materialized (
        select *
        from unnest(p_groups, p_amounts, p_used_through, p_held_through, p_keys, p_fingerprints,
          p_metadata, p_reservations, p_started) as c(grp, amount, used_through, held_through, key,
          fingerprint, metadata, reservation, started)
      ), rows as (
        insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
          occurred_at, created_at)
        select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
          c.metadata, coalesce(c.started, p_occurred_at), p_now
        from calls c
        where c.reservation is null
      )
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from calls c
      where c.key is not null;
    end if;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, p_started)
        as c(grp, amount, metadata, reservation, expires_at, started)
      where c.reservation is not null;
    end if;
  else
    -- Something does not fit, or was answered before, or is the first of its day: call by call, in
    -- the order of arrival. One that is refused takes nothing, so a smaller one behind it may fit.
    -- Groups that moved above are those whose row this transaction wrote.
    v_self := pg_current_xact_id()::xid;
    select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n),
      coalesce(array_agg(w.n order by w.n) filter (where t.xmin <> v_self), '{}')
    into group_used, group_held, group_limits, v_apart
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select xmin, used, held, "limit"
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      limit 1
    ) as t;

    if cardinality(group_used) < cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if g <> all(v_apart) then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
        call_held[n] := group_held[g] - p_group_held[g] + p_held_through[n];
        call_reservations[n] := p_reservations[n];
        continue;
      end if;

      if n = any(v_repeated) then
        select * into strict v_first
        from usage_idempotency where tenant_id = p_group_tenants[g] and key = p_keys[n];
        outcomes[n] := case
          when v_first.fingerprint <> p_fingerprints[n] then 4
          when v_first.accepted then 2
          else 3 end;
        call_used[n] := v_first.used;
        call_limits[n] := v_first."limit";
        call_remaining[n] := v_first.remaining;
        call_held[n] := coalesce(greatest(0,
          v_first."limit" - v_first.used - v_first.remaining), 0);
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      if p_enforce[n] and group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
        -- Before refusing: holds past their time keep nobody out.
        if g <> all(v_swept) and group_held[g] > 0 then
          v_expired := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
          group_held[g] := group_held[g] - v_expired.freed;
          group_used[g] := group_used[g] + v_expired.counted;
          v_swept := v_swept || g;
        end if;
        if group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
          outcomes[n] := 1;
        end if;
      end if;

      if outcomes[n] = 0 then
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g], group_held[g]);
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started)
      as c(grp, amount, key, metadata, reservation, outcome, started)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started) as c(grp, amount, metadata, reservation, expires_at, outcome, started)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, p_amounts)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, amount)
      where c.key is not null
        and (c.outcome = 0 or (c.outcome = 1 and c.used + c.amount > c.lim));

      -- What only holds stood in the way of takes no key, so the primary key says nothing of it.
      perform
      from unnest(p_groups, p_keys, outcomes, call_used, call_limits, p_amounts)
        as c(grp, key, outcome, used, lim, amount)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found
      where c.outcome = 1 and c.used + c.amount <= c.lim;
      if found then
        raise exception 'a key that answered before' using errcode = 'unique_violation';
      end if;
    end if;

    foreach g in array v_apart loop
      select * into strict v_counter from usage_totals
      where tenant_id = p_group_tenants[g] and period = p_period
        and resource_type = p_group_resources[g];
      if v_counter.used <> group_used[g] or v_counter.held <> group_held[g] then
        perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now);
      end if;
    end loop;
    v_crossing := true;
  end if;

  if v_crossing then
    for v_crossed in
      select t.*
      from unnest(p_group_tenants, p_group_resources) as w(g_tenant, g_resource)
      cross join lateral (
        select * from usage_totals
        where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        limit 1
      ) as t
      where t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < case when t.used >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $$;
