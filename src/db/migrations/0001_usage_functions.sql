-- Metering in the database.
--
-- Functions on the hot path turn sequential scans off: their plans are kept, and one made while a
-- table was small would go on reading the whole of it. `limit 1` keeps a look-up a look-up, where
-- the planner would else join.
--
-- Words: a *group* is one (tenant, resource) of the batch's period, and
-- has one row of usage_totals; *held* is what open reservations keep from others.
--
-- Locks are taken in one order everywhere, so that no two of these can deadlock: tenants by id,
-- then usage_totals by (tenant, period, resource), then reservations and keys below those rows.

-- Counters are rewritten all the time: leave room on each page for the next version of a row.
alter table usage_totals set (fillfactor = 40);
--> statement-breakpoint
alter sequence usage_id_seq cache 64;
--> statement-breakpoint

-- Makes a month's partition of the ledger. Attaching takes a lighter lock than `partition of`.
create function usage_ensure_partition(p_period text) returns void
language plpgsql as $$
declare
  v_name text := 'usage_' || replace(p_period, '-', '_');
begin
  if p_period !~ '^\d{4}-(0[1-9]|1[0-2])$' then
    raise exception 'not a period: %', p_period using errcode = 'invalid_parameter_value';
  end if;
  if to_regclass(v_name) is not null then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('usage_ensure_partition', 0));
  -- Asked of the table, because to_regclass answers from a cache that the lock does not freshen.
  perform from pg_class where relname = v_name and relnamespace = current_schema()::regnamespace;
  if found then return; end if;
  execute format('create table %I (like usage including all)', v_name);
  execute format('alter table %I add constraint %I check (period = %L)',
    v_name, v_name || '_period', p_period);
  execute format('alter table usage attach partition %I for values in (%L)', v_name, p_period);
  execute format('alter table %I drop constraint %I', v_name, v_name || '_period');
end $$;
--> statement-breakpoint

-- What a new call may still take: null without a limit. (`greatest` alone would make that 0.)
create function usage_remaining(p_limit bigint, p_used bigint, p_held bigint) returns bigint
language sql immutable as $$
  select case when p_limit is null then null else greatest(0, p_limit - p_used - p_held) end;
$$;
--> statement-breakpoint

-- Opens a period for tenants: all their counters, with the limits of their plan. Holding the
-- tenant's row keeps a plan change from passing between reading the plan and writing the limit.
create function usage_open(p_period text, p_tenants uuid[]) returns void
language plpgsql as $$
begin
  perform from tenants where id = any(p_tenants) and deleted_at is null order by id for share;
  insert into usage_totals (tenant_id, period, resource_type, "limit")
  select t.id, p_period, l.resource_type, l."limit"
  from tenants t
  join plan_limits l on l.plan = t.plan
  where t.id = any(p_tenants) and t.deleted_at is null
  order by t.id, l.resource_type
  on conflict do nothing;
end $$;
--> statement-breakpoint

-- A crossing of 80 or 100 percent: recorded once a period, with a mail to the owner about the
-- highest one crossed. The caller holds the row of usage_totals.
create function usage_cross_threshold(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_used bigint, p_limit bigint, p_before smallint, p_now timestamptz
) returns void
language plpgsql as $$
declare
  v_highest smallint := case when p_used >= p_limit then 100 else 80 end;
begin
  update usage_totals
  set threshold = v_highest
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;

  insert into usage_thresholds
    (tenant_id, period, resource_type, percent, used, "limit", crossed_at)
  select p_tenant, p_period, p_resource, percent, p_used, p_limit, p_now
  from (values (80::smallint), (100::smallint)) as t(percent)
  where percent > p_before and percent <= v_highest
  on conflict do nothing;

  insert into mail_outbox
    (tenant_id, kind, subject_id, recipient, locale, data, created_at)
  select p_tenant, 'usage_threshold',
    concat_ws(':', p_tenant, p_resource, p_period, v_highest), u.email, u.locale,
    jsonb_build_object('resourceType', p_resource, 'period', p_period, 'percent', v_highest,
      'used', p_used, 'limit', p_limit),
    p_now
  from users u
  where u.tenant_id = p_tenant and u.role = 'owner'
  order by u.created_at, u.id
  limit 1
  on conflict do nothing;
end $$;
--> statement-breakpoint

-- Adds to the counters of one group, whichever day of the month the work started on. The counters
-- keep the newest day; the days behind it are rows of usage_days.
create function usage_add(
  p_tenant uuid, p_period text, p_resource resource_type, p_day int,
  p_used bigint, p_held bigint, p_now timestamptz
) returns usage_totals
language plpgsql
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
--> statement-breakpoint

-- Releases a group's reservations that are past their time and answers how much they held. The
-- caller holds the row of usage_totals and takes the sum off it.
create function usage_expire_group(
  p_tenant uuid, p_period text, p_resource resource_type, p_now timestamptz
) returns bigint
language sql
set enable_seqscan = off
as $$
  with expired as (
    update usage_reservations
    set state = 'expired', closed_at = p_now
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
      and state = 'open' and expires_at <= p_now
    returning amount
  )
  select coalesce(sum(amount), 0)::bigint from expired;
$$;
--> statement-breakpoint

-- Undoes a batch that was tried as a whole and is not whole: the caller comes again, with
-- usage_admit. The statement that tries it is in the repository, for it is faster than a function.
create function usage_not_whole() returns boolean
language plpgsql as $$
begin
  raise exception 'the batch must be admitted call by call' using errcode = 'UB002';
end $$;
--> statement-breakpoint

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
-- Answers `outcomes` null when everything was accepted: each answer then follows from its group's
-- counters after the batch. Otherwise every call's outcome: 0 accepted, 1 rejected, 2 a repeat of
-- an accepted, 3 a repeat of a rejected, 4 a key that was used with another body.
create function usage_admit(
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
  out group_used bigint[],
  out group_held bigint[],
  out group_limits bigint[],
  out outcomes int[],
  out call_used bigint[],
  out call_limits bigint[],
  out call_remaining bigint[],
  out call_reservations uuid[]
)
language plpgsql
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

    select coalesce(array_agg(c.n), '{}'), coalesce(array_agg(distinct c.grp), '{}')
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
    returning used, held, "limit", threshold
  )
  select array_agg(used), array_agg(held), array_agg("limit"),
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
        p_occurred_at, p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations)
        as c(grp, amount, metadata, reservation)
      where c.reservation is null;
    else
      with calls as materialized (
        select *
        from unnest(p_groups, p_amounts, p_used_through, p_held_through, p_keys, p_fingerprints,
          p_metadata, p_reservations) as c(grp, amount, used_through, held_through, key,
          fingerprint, metadata, reservation)
      ), rows as (
        insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
          occurred_at, created_at)
        select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
          c.metadata, p_occurred_at, p_now
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
        c.expires_at, c.metadata, p_occurred_at
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at)
        as c(grp, amount, metadata, reservation, expires_at)
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
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if g <> all(v_apart) then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
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
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      if p_enforce[n] and group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
        -- Before refusing: holds past their time keep nobody out.
        if g <> all(v_swept) and group_held[g] > 0 then
          group_held[g] := group_held[g]
            - usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
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
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g], group_held[g]);
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      p_occurred_at, p_now
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes)
      as c(grp, amount, key, metadata, reservation, outcome)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, p_occurred_at
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes)
        as c(grp, amount, metadata, reservation, expires_at, outcome)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation)
      where c.key is not null and c.outcome in (0, 1);
    end if;

    perform usage_add(t.tenant_id, t.period, t.resource_type, v_day, after.used - t.used,
      after.held - t.held, p_now)
    from unnest(v_apart) as apart(n)
    cross join lateral (select group_used[n] as used, group_held[n] as held) as after
    cross join lateral (
      select * from usage_totals
      where tenant_id = p_group_tenants[n] and period = p_period
        and resource_type = p_group_resources[n]
      limit 1
    ) as t
    where t.used <> after.used or t.held <> after.held;
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
--> statement-breakpoint

-- Ends reservations: with an amount it is settled, with null released. What was really used is
-- recorded in full, also above what was held and also after the reservation expired; it belongs
-- to the month and the day in which the work started.
--
-- Outcomes: 0 done, 1 done before with the same result, 2 settled before with another amount,
-- 3 released before, 4 unknown.
create function usage_settle(
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
set enable_seqscan = off
as $$
declare
  r usage_reservations;
  t usage_totals;
  v_freed bigint;
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
    -- The counters' lock guards the reservations below them: none is changed without it.
    select * into r
    from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
    outcomes[n] := case
      when not found then 4
      when r.state = 'settled' and p_amounts[n] is distinct from r.settled_amount then 2
      when r.state = 'settled' then 1
      when r.state = 'released' and p_amounts[n] is not null then 3
      when r.state in ('released', 'expired') and p_amounts[n] is null then 1
      else 0 end;
    if outcomes[n] > 0 then
      used_after[n] := r.used_after;
      remaining_after[n] := r.remaining_after;
      continue;
    end if;

    v_freed := case when r.state = 'open' then r.amount else 0 end;
    t := usage_add(r.tenant_id, r.period, r.resource_type,
      extract(day from r.created_at at time zone 'UTC')::int, coalesce(p_amounts[n], 0), -v_freed,
      p_now);
    used_after[n] := t.used;
    remaining_after[n] := usage_remaining(t."limit", t.used, t.held);

    update usage_reservations
    set state = case when p_amounts[n] is null then 'released' else 'settled' end::reservation_state,
      settled_amount = p_amounts[n],
      used_after = t.used,
      remaining_after = usage_remaining(t."limit", t.used, t.held),
      closed_at = p_now
    where tenant_id = r.tenant_id and id = r.id;

    if p_amounts[n] > 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at)
      values (r.tenant_id, r.period, r.resource_type, p_amounts[n], r.id,
        coalesce(p_metadata[n], r.metadata), r.created_at, p_now);
      if t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < (case when t.used >= t."limit" then 100 else 80 end)
      then
        perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used, t."limit",
          t.threshold, p_now);
      end if;
    end if;
  end loop;
end $$;
--> statement-breakpoint

-- Looks at many counters at once; null where there is none yet.
create function usage_look_up(
  p_tenants uuid[], p_periods text[], p_resources resource_type[],
  out used bigint[], out held bigint[], out limits bigint[]
)
language plpgsql
set enable_seqscan = off
as $$
begin
  select array_agg(t.used), array_agg(t.held), array_agg(t."limit")
  into used, held, limits
  from unnest(p_tenants, p_periods, p_resources) as w(w_tenant, w_period, w_resource)
  left join lateral (
    select c.used, c.held, c."limit"
    from usage_totals c
    where c.tenant_id = w_tenant and c.period = w_period and c.resource_type = w_resource
    limit 1
  ) as t on true;
end $$;
--> statement-breakpoint

-- Releases reservations past their time, those of up to `p_groups_max` groups, and answers which
-- tenants they were of.
create function usage_expire(p_now timestamptz, p_groups_max int) returns setof uuid
language plpgsql as $$
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
    update usage_totals
    set held = held - usage_expire_group(r.tenant_id, r.period, r.resource_type, p_now),
      updated_at = p_now
    where tenant_id = r.tenant_id and period = r.period and resource_type = r.resource_type;
    return next r.tenant_id;
  end loop;
end $$;
--> statement-breakpoint

-- Corrects a counter by a ledger row with actor and reason, and answers `used` after. A correction
-- that would leave less than nothing is refused by the table's check.
create function usage_correct(
  p_tenant uuid, p_period text, p_resource resource_type, p_amount bigint,
  p_actor text, p_reason text, p_occurred_at timestamptz, p_now timestamptz
) returns bigint
language plpgsql as $$
begin
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at)
  values (p_tenant, p_period, p_resource, p_amount, p_actor, p_reason, p_occurred_at, p_now);
  return (usage_add(p_tenant, p_period, p_resource,
    extract(day from p_occurred_at at time zone 'UTC')::int, p_amount, 0, p_now)).used;
end $$;
--> statement-breakpoint

-- Takes a counter to zero: one correction a day, so that the daily chart empties too. Answers how
-- much was taken off.
create function usage_reset(
  p_tenant uuid, p_period text, p_resource resource_type,
  p_actor text, p_reason text, p_now timestamptz
) returns bigint
language plpgsql as $$
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
--> statement-breakpoint

-- A plan change reaches the counters of the tenant's newest period in its own transaction, so that
-- no call is admitted by the old limit after it; the processes hear of it when it commits.
create function tenants_plan_changed() returns trigger
language plpgsql as $$
declare
  v_period text := (select max(period) from usage_totals where tenant_id = new.id);
begin
  perform from usage_totals
  where tenant_id = new.id and period = v_period
  order by resource_type
  for update;
  update usage_totals t
  set "limit" = l."limit"
  from plan_limits l
  where t.tenant_id = new.id and t.period = v_period
    and l.plan = new.plan and l.resource_type = t.resource_type;
  perform pg_notify('tenant_plan', new.id::text);
  return null;
end $$;
--> statement-breakpoint
create trigger tenants_plan_changed
after update of plan, deleted_at on tenants
for each row
when (old.plan is distinct from new.plan or old.deleted_at is distinct from new.deleted_at)
execute function tenants_plan_changed();
--> statement-breakpoint

-- A release that changes the catalogue changes the limits of the running period.
create function plan_limits_changed() returns trigger
language plpgsql as $$
begin
  update usage_totals t
  set "limit" = new."limit"
  from tenants n
  where n.plan = new.plan and t.tenant_id = n.id and t.resource_type = new.resource_type
    and t."limit" is distinct from new."limit"
    and t.period = (select max(m.period) from usage_totals m where m.tenant_id = t.tenant_id);
  return null;
end $$;
--> statement-breakpoint
create trigger plan_limits_changed
after update on plan_limits
for each row
when (old."limit" is distinct from new."limit")
execute function plan_limits_changed();
