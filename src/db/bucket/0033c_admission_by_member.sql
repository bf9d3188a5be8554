-- Admission, with limits of members.

-- Admits a batch of consumptions and reservations, exactly, in one transaction.
--
-- Beyond the quota of a group that has a rate the tenant's credits pay: a call takes what is left of the
-- quota, then grant after grant, then overage, all of it or nothing. Accounts are locked after all
-- counters, in order, and only of groups that do not fit their quota.
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
-- Answers `outcomes` null when everything was accepted within the quotas: each answer then follows from
-- its group's counters after the batch (`group_aside` is what of used and held is beyond). Otherwise
-- every call's outcome: 0 accepted, 1 rejected, 2 a repeat of an accepted, 3 a repeat of a rejected,
-- 4 a key that was used with another body, 5 rejected by the limit of the member whom the call names: its
-- counters are then the member's. A key is used by what was refused for good; what only holds stood in
-- the way of (`call_waits`), or a member's limit, may come again with it.
create or replace function usage_admit_batch(
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
  out group_aside bigint[],
  out outcomes int[],
  out call_used bigint[],
  out call_limits bigint[],
  out call_remaining bigint[],
  out call_reservations uuid[],
  out call_held bigint[],
  out call_waits boolean[],
  out call_beyond bigint[]
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
  v_crossed usage_totals;
  v_none credit_accounts;
  v_accounts credit_accounts[];
  v_asked boolean[];
  v_owner int[];
  v_beyond bigint[];
  v_held_beyond bigint[];
  v_rates bigint[];
  v_plan_units bigint[];
  v_draw_seq bigint[];
  v_draw_count bigint[];
  v_per_member boolean[];
  m record;
  v_full boolean;
  a credit_accounts;
  v_room bigint;
  v_need bigint;
  v_pays boolean;
  v_before bigint;
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
    where t.day = v_day and not t.per_member
      and (t."limit" is null or t.used - t.beyond + t.held - t.held_beyond + excluded.used
        + excluded.held <= t."limit")
    returning tenant_id, resource_type, used, held, beyond, held_beyond, "limit", threshold
  )
  select array_agg(used order by tenant_id, resource_type),
    array_agg(held order by tenant_id, resource_type),
    array_agg("limit" order by tenant_id, resource_type),
    array_agg(beyond + held_beyond order by tenant_id, resource_type),
    coalesce(bool_or("limit" = -1), false),
    coalesce(bool_or("limit" > 0 and (used - beyond) * 100 >= "limit" * 80
      and threshold < case when used - beyond >= "limit" then 100 else 80 end), false)
  into group_used, group_held, group_limits, group_aside, v_unopened, v_crossing
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
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp] + group_aside[c.grp]
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
      array_agg(t."limit" order by w.n), array_agg(t.beyond order by w.n),
      array_agg(t.held_beyond order by w.n), array_agg(t.rate_micro order by w.n),
      array_agg(t.per_member order by w.n),
      coalesce(array_agg(w.n order by w.n) filter (where t.xmin <> v_self), '{}')
    into group_used, group_held, group_limits, v_beyond, v_held_beyond, v_rates, v_per_member,
      v_apart
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select xmin, used, held, "limit", beyond, held_beyond, rate_micro, per_member
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
    call_beyond := array_fill(0::bigint, array[cardinality(p_groups)]);
    call_waits := array_fill(false, array[cardinality(p_groups)]);
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);
    v_plan_units := call_used;
    v_draw_seq := call_used;
    v_draw_count := call_used;

    v_owner := array_fill(0, array[cardinality(p_group_tenants)]);
    v_asked := array_fill(false, array[cardinality(p_group_tenants)]);
    v_accounts := array_fill(v_none, array[cardinality(p_group_tenants)]);
    for g in 1 .. cardinality(p_group_tenants) loop
      v_owner[g] := case when g > 1 and p_group_tenants[g] = p_group_tenants[g - 1]
        then v_owner[g - 1] else g end;
      if not v_asked[v_owner[g]] and g = any(v_apart)
        and (v_rates[g] is not null or v_held_beyond[g] > 0)
        and group_used[g] - v_beyond[g] + group_held[g] - v_held_beyond[g] + p_group_used[g]
          + p_group_held[g] > group_limits[g]
      then
        v_asked[v_owner[g]] := true;
        v_accounts[v_owner[g]] := credit_account(p_group_tenants[g]);
      end if;
    end loop;

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if g <> all(v_apart) then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + v_beyond[g] + v_held_beyond[g]
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

      v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      v_full := false;
      if v_per_member[g] then
        m := usage_member(p_group_tenants[g], p_period, p_group_resources[g],
          p_metadata[n] ->> 'userId');
        v_full := p_enforce[n] and coalesce(m.used + m.held + p_amounts[n] > m.month_max, false);
      end if;
      if p_amounts[n] > v_room or v_full then
        a := v_accounts[v_owner[g]];
        if a.head_until <= p_now then a := credit_rehead(a, p_now); end if;
        v_need := greatest(0, p_amounts[n] - v_room);
        v_pays := v_need = 0 or credit_pays(a, v_rates[g], v_need, 0, p_now, p_period);
        -- Before refusing: holds past their time keep nobody out.
        if p_enforce[n] and (v_full or not v_pays) and g <> all(v_swept) and group_held[g] > 0 then
          if a.tenant_id is not null then perform credit_keep(a, p_now); end if;
          v_expired := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
          group_held[g] := group_held[g] - v_expired.freed;
          group_used[g] := group_used[g] + v_expired.counted;
          v_held_beyond[g] := v_held_beyond[g] - v_expired.freed_beyond;
          v_beyond[g] := v_beyond[g] + v_expired.counted_beyond;
          v_swept := v_swept || g;
          if a.tenant_id is not null then
            a := credit_rehead(credit_account(p_group_tenants[g]), p_now);
          end if;
          v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
            group_held[g] - v_held_beyond[g]);
          v_need := greatest(0, p_amounts[n] - v_room);
          v_pays := v_need = 0 or credit_pays(a, v_rates[g], v_need, 0, p_now, p_period);
          if v_full then
            m := usage_member(p_group_tenants[g], p_period, p_group_resources[g],
              p_metadata[n] ->> 'userId');
            v_full := m.used + m.held + p_amounts[n] > m.month_max;
          end if;
        end if;
        if v_full then
          outcomes[n] := 5;
          call_waits[n] := m.used + p_amounts[n] <= m.month_max;
        elsif v_need > 0 and not v_pays and p_enforce[n] then
          outcomes[n] := 1;
          -- Whether it would fit if everything came back that is held.
          v_need := p_amounts[n]
            - usage_remaining(group_limits[g], group_used[g] - v_beyond[g], 0);
          call_waits[n] := v_need <= 0 or credit_pays(a, v_rates[g], v_need,
            credit_held(a.tenant_id, p_now) + credit_room(a, p_period, false)
              - credit_room(a, p_period), p_now, p_period);
          if not call_waits[n] and v_rates[g] is not null and a.overage_on then
            perform credit_refused(a, p_period, p_now);
          end if;
        elsif v_need > 0 and a.tenant_id is not null and v_rates[g] is not null
          and v_need <= credit_call_max() / v_rates[g]
        then
          call_beyond[n] := v_need;
          if p_reservations[n] is null then
            v_before := a.last_seq;
            a := credit_pay(a, p_period, p_group_resources[g], v_rates[g], v_need, p_now);
            v_draw_seq[n] := v_before + 1;
            v_draw_count[n] := a.last_seq - v_before;
            v_beyond[g] := v_beyond[g] + v_need;
          else
            a := credit_hold(a, p_reservations[n], v_need * v_rates[g], p_now, p_period);
            v_plan_units[n] := p_amounts[n] - v_need;
            v_held_beyond[g] := v_held_beyond[g] + v_need;
          end if;
        end if;
        v_accounts[v_owner[g]] := a;
      end if;

      if outcomes[n] = 0 then
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
        if v_per_member[g] then
          perform usage_member_add(p_group_tenants[g], p_period, p_group_resources[g],
            p_metadata[n] ->> 'userId',
            case when p_reservations[n] is null then p_amounts[n] else 0 end,
            case when p_reservations[n] is null then 0 else p_amounts[n] end);
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      if v_full then
        call_used[n] := m.used;
        call_held[n] := m.held;
        call_limits[n] := m.month_max;
        call_remaining[n] := usage_remaining(m.month_max, m.used, m.held);
      end if;
    end loop;

    foreach a in array v_accounts loop
      if a.tenant_id is not null then perform credit_keep(a, p_now); end if;
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at, draw_seq, draw_count)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now, c.draw_seq, c.draw_count
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started,
      v_draw_seq, v_draw_count)
      as c(grp, amount, key, metadata, reservation, outcome, started, draw_seq, draw_count)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at, plan_units, rate_micro)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at), c.plan_units,
        case when c.plan_units is not null then v_rates[c.grp] end
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started, v_plan_units)
        as c(grp, amount, metadata, reservation, expires_at, outcome, started, plan_units)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, call_waits)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, waits)
      where c.key is not null and (c.outcome = 0 or (c.outcome = 1 and not c.waits));

      -- What only holds or a member's limit stood in the way of takes no key, so the primary key says
      -- nothing of it.
      perform
      from unnest(p_groups, p_keys, outcomes, call_waits) as c(grp, key, outcome, waits)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found
      where c.outcome = 1 and c.waits or c.outcome = 5;
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
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
          v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
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
      where t."limit" > 0 and (t.used - t.beyond) * 100 >= t."limit" * 80
        and t.threshold < case when t.used - t.beyond >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used - v_crossed.beyond, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $$;
