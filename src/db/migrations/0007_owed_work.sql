ALTER TABLE "usage_thresholds" DROP CONSTRAINT "usage_thresholds_tenant_id_period_resource_type_percent_pk";--> statement-breakpoint
ALTER TABLE "usage_thresholds" ADD CONSTRAINT "usage_thresholds_pk" PRIMARY KEY("tenant_id","period","resource_type","percent","limit");--> statement-breakpoint
ALTER TABLE "usage_reservations" ADD COLUMN "begun_amount" bigint;--> statement-breakpoint
CREATE INDEX "usage_reservations_closed_idx" ON "usage_reservations" USING brin ("closed_at");--> statement-breakpoint
ALTER TABLE "usage_reservations" ADD CONSTRAINT "usage_reservations_begun_amount" CHECK ("usage_reservations"."begun_amount" >= 0);
--> statement-breakpoint
-- A crossing of 80 or 100 percent: recorded once a period and limit, with a mail to the owner about
-- the highest one crossed. The caller holds the row of usage_totals.
create or replace function usage_cross_threshold(
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
    concat_ws(':', p_tenant, p_resource, p_period, v_highest, p_limit), u.email, u.locale,
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

drop function usage_expire_group(uuid, text, resource_type, timestamptz);
--> statement-breakpoint

-- Ends a group's reservations that are past their time, and answers how much they held and how much
-- of that was counted: begun work is owed, by what was last written of it; the rest is given back.
-- The caller holds the row of usage_totals, which is brought up to date here.
create function usage_expire_group(
  p_tenant uuid, p_period text, p_resource resource_type, p_now timestamptz,
  out freed bigint, out counted bigint
)
language plpgsql
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
--> statement-breakpoint

drop function usage_admit(boolean, text, timestamptz, timestamptz, uuid[], resource_type[], bigint[],
  bigint[], int[], bigint[], bigint[], bigint[], boolean[], text[], bigint[], jsonb[], uuid[],
  timestamptz[]);
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
-- `p_started` has the instants of calls that name their own, all on the day of `p_occurred_at`; the
-- others started then.
--
-- Answers `outcomes` null when everything was accepted: each answer then follows from its group's
-- counters after the batch. Otherwise every call's outcome: 0 accepted, 1 rejected, 2 a repeat of
-- an accepted, 3 a repeat of a rejected, 4 a key that was used with another body. A key is used by
-- what was refused for good; what only holds stood in the way of may come again with it.
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
set enable_seqscan = off
as $$
declare
  r usage_reservations;
  t usage_totals;
  v_freed bigint;
  v_counted bigint;
  v_change bigint;
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
    v_counted := case when r.state = 'expired' then coalesce(r.begun_amount, 0) else 0 end;
    outcomes[n] := case
      when not found then 4
      when r.state = 'settled' and p_amounts[n] is distinct from r.settled_amount then 2
      when r.state = 'settled' then 1
      when r.state = 'released' and p_amounts[n] is not null then 3
      when r.state in ('released', 'expired') and p_amounts[n] is null and v_counted = 0 then 1
      else 0 end;
    if outcomes[n] > 0 then
      used_after[n] := r.used_after;
      remaining_after[n] := r.remaining_after;
      continue;
    end if;

    v_freed := case when r.state = 'open' then r.amount else 0 end;
    v_change := coalesce(p_amounts[n], 0) - v_counted;
    t := usage_add(r.tenant_id, r.period, r.resource_type,
      extract(day from r.created_at at time zone 'UTC')::int, v_change, -v_freed,
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
--> statement-breakpoint

-- Ends reservations past their time, those of up to `p_groups_max` groups, and answers which
-- tenants they were of.
create or replace function usage_expire(p_now timestamptz, p_groups_max int) returns setof uuid
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
    perform usage_expire_group(r.tenant_id, r.period, r.resource_type, p_now);
    return next r.tenant_id;
  end loop;
end $$;
--> statement-breakpoint

-- Notes of reservations that their work began and how much of it is owed by now, so that an expired
-- one is counted; with `p_expires_at` the hold lives longer. What is written never falls. The
-- counters stay as they are, so their lock is not needed.
create function usage_begin(
  p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamptz[]
) returns void
language plpgsql
set enable_seqscan = off
as $$
begin
  for n in 1 .. cardinality(p_reservations) loop
    update usage_reservations
    set begun_amount = greatest(begun_amount, p_amounts[n]),
      expires_at = greatest(expires_at, p_expires_at[n])
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
  end loop;
end $$;
--> statement-breakpoint

-- Deletes reservations that were closed before `p_closed_before` (those that expired: before
-- `p_expired_before`, for they may be settled late), at most `p_max`, and answers how many.
create function usage_prune(
  p_closed_before timestamptz, p_expired_before timestamptz, p_max int
) returns bigint
language sql as $$
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
--> statement-breakpoint

-- A crossing is once per limit: whoever changes the limit, its crossings begin anew.
create function usage_totals_limit_changed() returns trigger
language plpgsql as $$
begin
  new.threshold := 0;
  return new;
end $$;
--> statement-breakpoint

create trigger usage_totals_limit_changed
before update of "limit" on usage_totals
for each row
when (old."limit" is distinct from new."limit")
execute function usage_totals_limit_changed();
