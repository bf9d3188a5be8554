-- A batch beyond the quota looked for each counter three times in its index (to try it, to read it, to write it), for
-- each account twice, and for a member's counter twice. A row that is locked stays where it lies until it is
-- changed: what was read of it is written to that place. And where nothing would fit, nothing is tried first.

-- Admits a batch of consumptions and reservations, exactly, in one transaction.
--
-- Beyond the quota of a group that has a rate the tenant's credits pay: a call takes what is left of the
-- quota, then grant after grant, then overage, all of it or nothing. Accounts are locked after all
-- counters, in order, and only of groups that do not fit their quota.
--
-- A call that the account's head (or what is loaded of overage) pays alone is a subtraction here, and so is
-- one that is refused: what the account can pay is asked once a batch, for all who may come to its end. What
-- is split, held, or comes to a mark of the cap goes through `credit_pay` and `credit_hold`.
--
-- Groups come sorted and distinct; each call names its group by position. `p_used_through` and
-- `p_held_through` are the sums of its group's recorded and reserved amounts up to and including
-- the call, so that a batch in which every group fits needs no loop here.
--
-- A batch is first tried as a whole, unless three of its groups, looked at before, would not fit.
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
-- the way of (`call_waits`), or a member's limit, may come again with it. `call_beyond` has the units of
-- each that the quota does not pay, `call_credits` and `call_overage` the µcr that grants and overage paid.
create or replace function usage_admit_calls(
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
  out call_beyond bigint[],
  out call_credits bigint[],
  out call_overage bigint[]
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_apart_all boolean := p_careful;
  v_unopened boolean;
  v_crossing boolean := false;
  v_first usage_idempotency;
  v_counter usage_totals;
  v_freed record;
  v_found record;
  v_crossed usage_totals;
  v_none credit_accounts;
  v_moved_tenants uuid[];
  v_moved_resources resource_type[];
  -- By group. A place is that of the row, null once more than this function may have changed it.
  v_places tid[];
  v_apart boolean[];
  v_moves boolean[];
  v_days int[];
  v_beyond bigint[];
  v_held_beyond bigint[];
  v_rates bigint[];
  v_per_member boolean[];
  v_thresholds int[];
  v_overdue int[] := '{}';
  v_owner int[];
  -- By tenant, at its first group. `v_left` and `v_seq` are ahead of the account: what its source (the
  -- head, or where `v_billed` what is loaded of overage) has left, and its last number.
  v_asking boolean[];
  v_account_places tid[];
  v_accounts credit_accounts[];
  v_known boolean[];
  v_grants uuid[];
  v_currencies text[];
  v_prices numeric[];
  v_billed boolean[];
  v_left bigint[];
  v_seq bigint[];
  v_drawn boolean[];
  v_changed boolean[];
  v_due_all numeric[];
  v_poor int[];
  v_poor_tenants uuid[];
  v_means numeric[];
  v_later numeric[];
  v_marks boolean[];
  -- By call.
  v_plan_units bigint[];
  v_draw_seq bigint[];
  v_draw_count bigint[];
  v_draw_micro bigint[];
  v_draw_grants uuid[];
  v_draw_currencies text[];
  v_draw_prices numeric[];
  v_split int[] := '{}';
  v_call_members int[];
  -- By member of a group, at the place that its calls name; what it may use is null where nothing limits it.
  -- What is added to its counters is kept apart, for they may move underneath.
  v_member_groups int[];
  v_members text[];
  v_member_places tid[];
  v_member_max bigint[];
  v_member_used bigint[];
  v_member_held bigint[];
  v_member_uses bigint[];
  v_member_holds bigint[];
  m record;
  k int;
  v_full boolean;
  a credit_accounts;
  v_room bigint;
  v_need bigint;
  v_due bigint;
  v_pays boolean;
  v_sweeps boolean;
  v_stale int[];
  v_written int;
  g int;
  o int;
begin
  if cardinality(p_group_tenants) >= 16 and not p_careful then
    select count(*) = 3 into v_apart_all
    from unnest(array[1, cardinality(p_group_tenants) / 2, cardinality(p_group_tenants)]) as w(n)
    cross join lateral (
      select from usage_totals
      where tenant_id = p_group_tenants[w.n] and period = p_period
        and resource_type = p_group_resources[w.n]
        and (per_member or used - beyond + held - held_beyond + p_group_used[w.n] + p_group_held[w.n]
          > "limit")
      limit 1
    ) as beyond;
  end if;

  if not v_apart_all then
    -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
    -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
    -- shows only in a row that did not exist, and then the whole transaction is undone.
    with moved as (
      insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
      select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
      from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
        with ordinality as w(tenant_id, resource_type, used, held, n)
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
      array_agg(tenant_id order by tenant_id, resource_type),
      array_agg(resource_type order by tenant_id, resource_type),
      coalesce(bool_or("limit" = -1), false),
      coalesce(bool_or("limit" > 0 and (used - beyond) * 100 >= "limit" * 80
        and threshold < case when used - beyond >= "limit" then 100 else 80 end), false)
    into group_used, group_held, group_limits, group_aside, v_moved_tenants, v_moved_resources,
      v_unopened, v_crossing
    from moved;

    if v_unopened then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;
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
      insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
        occurred_at, created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
        c.metadata, coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, p_started)
        as c(grp, amount, key, metadata, reservation, started)
      where c.reservation is null;
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp] + group_aside[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from unnest(p_groups, p_used_through, p_held_through, p_keys, p_fingerprints, p_reservations)
        as c(grp, used_through, held_through, key, fingerprint, reservation)
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
    -- Groups that moved above are those that it answered, in the order of the groups.
    v_apart := array_fill(true, array[cardinality(p_group_tenants)]);
    k := 1;
    for g in 1 .. cardinality(p_group_tenants) loop
      if v_moved_tenants[k] = p_group_tenants[g] and v_moved_resources[k] = p_group_resources[g] then
        v_apart[g] := false;
        k := k + 1;
      end if;
    end loop;
    select array_agg(t.place order by w.n), array_agg(t.used order by w.n),
      array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n), array_agg(t.beyond order by w.n),
      array_agg(t.held_beyond order by w.n), array_agg(t.rate_micro order by w.n),
      array_agg(t.per_member order by w.n), array_agg(t.threshold::int order by w.n),
      array_agg(t.day::int order by w.n)
    into v_places, group_used, group_held, group_limits, v_beyond, v_held_beyond, v_rates, v_per_member,
      v_thresholds, v_days
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select ctid as place, used, held, "limit", beyond, held_beyond, rate_micro, per_member, threshold, day
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as t;

    if cardinality(group_used) is distinct from cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    if p_careful then
      -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
      -- Where they do not (another resource, another month) the primary key still refuses.
      select coalesce(array_agg(c.n order by c.n), '{}') into v_repeated
      from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found;
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_beyond := array_fill(0::bigint, array[cardinality(p_groups)]);
    call_credits := call_beyond;
    call_overage := call_beyond;
    call_waits := array_fill(false, array[cardinality(p_groups)]);
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);
    v_plan_units := call_used;
    v_draw_seq := call_used;
    v_draw_count := call_used;
    v_draw_micro := call_used;
    v_draw_grants := call_reservations;
    v_draw_currencies := array_fill(null::text, array[cardinality(p_groups)]);
    v_draw_prices := array_fill(null::numeric, array[cardinality(p_groups)]);

    v_owner := array_fill(0, array[cardinality(p_group_tenants)]);
    v_due_all := array_fill(0::numeric, array[cardinality(p_group_tenants)]);
    v_asking := array_fill(false, array[cardinality(p_group_tenants)]);
    v_moves := v_asking;
    v_known := v_asking;
    v_billed := v_asking;
    v_drawn := v_asking;
    v_changed := v_asking;
    v_marks := v_asking;
    v_left := array_fill(0::bigint, array[cardinality(p_group_tenants)]);
    v_seq := v_left;
    v_means := array_fill(null::numeric, array[cardinality(p_group_tenants)]);
    v_later := v_means;
    v_accounts := array_fill(v_none, array[cardinality(p_group_tenants)]);
    for g in 1 .. cardinality(p_group_tenants) loop
      o := case when g > 1 and p_group_tenants[g] = p_group_tenants[g - 1] then o else g end;
      v_owner[g] := o;
      if v_apart[g] and (v_rates[g] is not null or v_held_beyond[g] > 0)
        and group_used[g] - v_beyond[g] + group_held[g] - v_held_beyond[g] + p_group_used[g]
          + p_group_held[g] > group_limits[g]
      then
        v_asking[o] := true;
        v_due_all[o] := v_due_all[o]
          + (p_group_used[g] + p_group_held[g])::numeric * coalesce(v_rates[g], 0);
      end if;
    end loop;

    -- The accounts, locked in order, with the heads that are in force.
    while true = any(v_asking) loop
      select array_agg(c.place order by w.n), array_agg(c.place is not null order by w.n),
        array_agg(c.head_grant order by w.n), array_agg(c.overage_currency order by w.n),
        array_agg(c.overage_price order by w.n), array_agg(c.is_billed is true order by w.n),
        array_agg(case when c.is_billed then c.overage_left else c.head_left end order by w.n),
        array_agg(c.last_seq order by w.n), array_agg(w.n::int order by w.n) filter (where c.head_until <= p_now)
      into v_account_places, v_known, v_grants, v_currencies, v_prices, v_billed, v_left, v_seq, v_stale
      from unnest(p_group_tenants, v_asking) with ordinality as w(tenant, asking, n)
      left join lateral (
        select ctid as place, head_grant, head_left, head_until, overage_currency, overage_price,
          overage_left, last_seq, head_grant is null and overage_period = p_period as is_billed
        from credit_accounts
        where w.asking and tenant_id = w.tenant
        for update
      ) as c on true;
      exit when v_stale is null;
      foreach o in array v_stale loop
        perform credit_keep(credit_rehead(credit_account(p_group_tenants[o]), p_now), p_now);
      end loop;
    end loop;

    -- Whoever asks for more than that has left may come to the end of what there is.
    select coalesce(array_agg(w.n::int order by w.n), '{}'), array_agg(w.tenant order by w.n)
    into v_poor, v_poor_tenants
    from unnest(p_group_tenants, v_known, v_due_all, v_left) with ordinality
      as w(tenant, known, due, rest, n)
    where w.known and w.due > w.rest;
    if cardinality(v_poor) > 0 then
      v_found := credit_means(v_poor_tenants, p_period, p_now);
      for i in 1 .. cardinality(v_poor) loop
        o := v_poor[i];
        v_means[o] := v_found.means[i];
        v_later[o] := v_found.later[i];
        v_marks[o] := v_found.marks[i];
      end loop;
    end if;

    -- Before a call is refused: holds past their time keep nobody out.
    select coalesce(array_agg(w.n::int order by w.n), '{}') into v_overdue
    from unnest(p_group_tenants, p_group_resources, group_held, v_apart) with ordinality
      as w(g_tenant, g_resource, held, apart, n)
    cross join lateral (
      select from usage_reservations
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        and state = 'open' and expires_at <= p_now
      limit 1
    ) as found
    where w.apart and w.held > 0;

    -- What each member used whose team limits members, once for all its calls.
    if true = any(v_per_member) then
      with named as materialized (
        select c.n, c.grp, c.metadata ->> 'userId' as member,
          dense_rank() over (order by c.grp, c.metadata ->> 'userId') as place
        from unnest(p_groups, p_metadata) with ordinality as c(grp, metadata, n)
      )
      select (select array_agg(place::int order by n) from named), array_agg(d.grp order by d.place),
        array_agg(d.member order by d.place), array_agg(l.month_max order by d.place),
        array_agg(t.used order by d.place), array_agg(t.held order by d.place),
        array_agg(t.place order by d.place)
      into v_call_members, v_member_groups, v_members, v_member_max, v_member_used, v_member_held,
        v_member_places
      from (select distinct place, grp, member from named) as d
      left join lateral (
        select month_max from usage_member_limits
        where v_per_member[d.grp] and tenant_id = p_group_tenants[d.grp] and member_id = d.member
          and resource_type = p_group_resources[d.grp]
        limit 1
      ) as l on true
      left join lateral (
        select ctid as place, used, held from usage_member_totals
        where l.month_max is not null and tenant_id = p_group_tenants[d.grp] and period = p_period
          and resource_type = p_group_resources[d.grp] and member_id = d.member
        limit 1
      ) as t on true;
      v_member_uses := array_fill(0::bigint, array[cardinality(v_members)]);
      v_member_holds := v_member_uses;
      for i in 1 .. cardinality(v_members) loop
        continue when v_member_max[i] is null or v_member_used[i] is not null;
        g := v_member_groups[i];
        m := usage_member(p_group_tenants[g], p_period, p_group_resources[g], v_members[i]);
        v_member_used[i] := m.used;
        v_member_held[i] := m.held;
      end loop;
    end if;

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if not v_apart[g] then
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
        k := v_call_members[n];
        v_full := p_enforce[n]
          and coalesce(v_member_used[k] + v_member_held[k] + p_amounts[n] > v_member_max[k], false);
      end if;
      if p_amounts[n] > v_room or v_full then
        o := v_owner[g];
        v_need := greatest(0, p_amounts[n] - v_room);
        -- Null: credits do not pay for it.
        v_due := case when v_known[o] and v_need <= credit_call_max() / v_rates[g]
          then v_need * v_rates[g] end;
        -- What comes to the end of what is loaded comes to a mark of the cap.
        if not v_full and p_reservations[n] is null
          and (v_due < v_left[o] or v_due = v_left[o] and not v_billed[o])
        then
          v_left[o] := v_left[o] - v_due;
          v_means[o] := v_means[o] - v_due;
          v_later[o] := v_later[o] - v_due;
          v_seq[o] := v_seq[o] + 1;
          v_drawn[o] := true;
          v_draw_micro[n] := v_due;
          v_draw_seq[n] := v_seq[o];
          v_draw_count[n] := 1;
          if v_billed[o] then
            call_overage[n] := v_due;
            v_draw_currencies[n] := v_currencies[o];
            v_draw_prices[n] := v_prices[o];
          else
            call_credits[n] := v_due;
            v_draw_grants[n] := v_grants[o];
          end if;
          call_beyond[n] := v_need;
          v_beyond[g] := v_beyond[g] + v_need;
        else
          v_pays := v_need = 0 or v_due <= greatest(v_means[o], v_left[o]) is true;
          v_sweeps := p_enforce[n] and (v_full or not v_pays) and g = any(v_overdue);
          -- The whole account, where more is done with it than to refuse.
          if v_known[o] and (v_changed[o] or v_pays or v_sweeps or v_marks[o] or not p_enforce[n]) then
            if not v_changed[o] then v_accounts[o] := credit_account(p_group_tenants[g]); end if;
            a := v_accounts[o];
            a.last_seq := v_seq[o];
            if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          end if;
          if v_sweeps then
            v_overdue := array_remove(v_overdue, g);
            -- What an overdue hold comes to depends on what the calls before took: it is written down first.
            if v_known[o] then perform credit_keep(a, p_now); end if;
            select * into strict v_counter from usage_totals
            where tenant_id = p_group_tenants[g] and period = p_period
              and resource_type = p_group_resources[g];
            perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
              group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
              v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
            v_freed := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
            group_held[g] := group_held[g] - v_freed.freed;
            group_used[g] := group_used[g] + v_freed.counted;
            v_held_beyond[g] := v_held_beyond[g] - v_freed.freed_beyond;
            v_beyond[g] := v_beyond[g] + v_freed.counted_beyond;
            -- What it counted may have been of another day, and its row is another.
            v_days[g] := null;
            v_places[g] := null;
            v_moves[g] := true;
            v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
              group_held[g] - v_held_beyond[g]);
            v_need := greatest(0, p_amounts[n] - v_room);
            if v_known[o] then
              v_changed[o] := true;
              a := credit_rehead(credit_account(p_group_tenants[g]), p_now);
              perform credit_keep(a, p_now);
              v_found := credit_means(array[a.tenant_id], p_period, p_now);
              v_means[o] := v_found.means[1];
              v_later[o] := v_found.later[1];
              v_marks[o] := v_found.marks[1];
              v_due := case when v_need <= credit_call_max() / v_rates[g] then v_need * v_rates[g] end;
            end if;
            v_pays := v_need = 0 or v_due <= v_means[o] is true;
            for i in 1 .. coalesce(cardinality(v_members), 0) loop
              continue when v_member_groups[i] <> g or v_member_max[i] is null;
              m := usage_member(p_group_tenants[g], p_period, p_group_resources[g], v_members[i]);
              v_member_used[i] := m.used + v_member_uses[i];
              v_member_held[i] := m.held + v_member_holds[i];
              v_member_places[i] := null;
            end loop;
            v_full := v_full and v_member_used[k] + v_member_held[k] + p_amounts[n] > v_member_max[k];
          end if;
          if v_full then
            outcomes[n] := 5;
            call_waits[n] := v_member_used[k] + p_amounts[n] <= v_member_max[k];
          elsif not v_pays and p_enforce[n] then
            outcomes[n] := 1;
            -- Whether it would fit if everything came back that is held.
            v_need := p_amounts[n]
              - usage_remaining(group_limits[g], group_used[g] - v_beyond[g], 0);
            call_waits[n] := v_need <= 0 or v_known[o]
              and case when v_need <= credit_call_max() / v_rates[g]
                then v_need * v_rates[g] <= v_later[o] end is true;
            if not call_waits[n] and v_marks[o] and v_rates[g] is not null then
              perform credit_refused(a, p_period, p_now);
              v_marks[o] := false;
            end if;
          elsif v_need > 0 and v_due is not null then
            call_beyond[n] := v_need;
            if p_reservations[n] is null then
              v_draw_seq[n] := a.last_seq + 1;
              a := credit_pay(a, p_period, p_group_resources[g], v_rates[g], v_need, p_now,
                p_metadata[n]);
              v_draw_count[n] := a.last_seq - v_draw_seq[n] + 1;
              v_split := v_split || n;
              v_beyond[g] := v_beyond[g] + v_need;
              v_later[o] := v_later[o] - least(v_due, v_means[o]);
            else
              a := credit_hold(a, p_reservations[n], v_due, p_now, p_period);
              v_plan_units[n] := p_amounts[n] - v_need;
              v_held_beyond[g] := v_held_beyond[g] + v_need;
            end if;
            v_means[o] := greatest(0, v_means[o] - v_due);
            v_changed[o] := true;
          end if;
          if v_changed[o] then
            v_accounts[o] := a;
            v_seq[o] := a.last_seq;
            v_grants[o] := a.head_grant;
            v_currencies[o] := a.overage_currency;
            v_prices[o] := a.overage_price;
            v_billed[o] := a.head_grant is null and a.overage_period = p_period is true;
            v_left[o] := case when v_billed[o] then a.overage_left else a.head_left end;
          end if;
        end if;
      end if;

      if outcomes[n] = 0 then
        v_moves[g] := true;
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
        if v_per_member[g] and p_reservations[n] is null then
          v_member_used[k] := v_member_used[k] + p_amounts[n];
          v_member_uses[k] := v_member_uses[k] + p_amounts[n];
        elsif v_per_member[g] then
          v_member_held[k] := v_member_held[k] + p_amounts[n];
          v_member_holds[k] := v_member_holds[k] + p_amounts[n];
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      if v_full then
        call_used[n] := v_member_used[k];
        call_held[n] := v_member_held[k];
        call_limits[n] := v_member_max[k];
        call_remaining[n] := usage_remaining(v_member_max[k], v_member_used[k], v_member_held[k]);
      end if;
    end loop;

    if true = any(v_per_member) then
      update usage_member_totals t
      set used = t.used + d.uses, held = t.held + d.holds
      from unnest(v_member_places, v_member_groups, v_members, v_member_uses, v_member_holds)
        as d(place, grp, member, uses, holds)
      where d.uses + d.holds > 0 and t.ctid = d.place and t.tenant_id = p_group_tenants[d.grp]
        and t.period = p_period and t.resource_type = p_group_resources[d.grp] and t.member_id = d.member;
      get diagnostics v_written = row_count;
      if v_written <> (
        select count(*) from unnest(v_member_places, v_member_uses, v_member_holds) as d(place, uses, holds)
        where d.place is not null and d.uses + d.holds > 0)
      then
        raise exception 'a member''s counter lies elsewhere' using errcode = 'serialization_failure';
      end if;
      for i in 1 .. cardinality(v_members) loop
        continue when v_member_places[i] is not null or v_member_uses[i] + v_member_holds[i] = 0;
        g := v_member_groups[i];
        perform usage_member_add(p_group_tenants[g], p_period, p_group_resources[g], v_members[i],
          v_member_uses[i], v_member_holds[i]);
      end loop;
    end if;

    -- Accounts: those whose source alone gave something, and one by one those with whom more was done.
    if true = any(v_drawn) then
      update credit_accounts c
      set head_left = case when d.billed then c.head_left else d.rest end,
        overage_left = case when d.billed then d.rest else c.overage_left end,
        last_seq = d.seq, updated_at = p_now
      from unnest(v_account_places, p_group_tenants, v_left, v_seq, v_billed, v_drawn, v_changed)
        as d(place, tenant, rest, seq, billed, drawn, changed)
      where d.drawn and not d.changed and c.ctid = d.place and c.tenant_id = d.tenant;
      get diagnostics v_written = row_count;
      if v_written <> (select count(*) from unnest(v_drawn, v_changed) as d(drawn, changed)
        where d.drawn and not d.changed)
      then
        raise exception 'an account lies elsewhere' using errcode = 'serialization_failure';
      end if;

      insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
        micro, drawn_at, currency, minor_per_credit, model, rate_card)
      select p_group_tenants[c.grp], c.seq, p_period,
        case when c.currency is null then 'grant' else 'overage' end, c.grant_id,
        p_group_resources[c.grp], v_rates[c.grp], c.micro / v_rates[c.grp], c.micro, p_now, c.currency,
        c.price, usage_model(c.metadata), usage_card(c.metadata)
      from unnest(p_groups, v_draw_seq, v_draw_micro, v_draw_grants, v_draw_currencies, v_draw_prices,
        p_metadata) as c(grp, seq, micro, grant_id, currency, price, metadata)
      where c.micro is not null;
    end if;
    if true = any(v_changed) then
      for o in 1 .. cardinality(v_changed) loop
        if v_changed[o] then
          a := v_accounts[o];
          a.last_seq := v_seq[o];
          if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          perform credit_keep(a, p_now);
        end if;
      end loop;
    end if;

    -- What several sources paid for one call, or fewer than all of it.
    for v_found in
      select s.n, d.credits, d.overage
      from unnest(v_split) as s(n)
      cross join lateral (
        select coalesce(sum(micro) filter (where kind = 'grant'), 0) as credits,
          coalesce(sum(micro) filter (where kind = 'overage'), 0) as overage
        from credit_draws
        where tenant_id = p_group_tenants[p_groups[s.n]]
          and seq between v_draw_seq[s.n] and v_draw_seq[s.n] + v_draw_count[s.n] - 1
      ) as d
    loop
      call_credits[v_found.n] := v_found.credits;
      call_overage[v_found.n] := v_found.overage;
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
      if true = any(call_waits) or 5 = any(outcomes) then
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
    end if;

    -- Counters: together those whose day it is, and the others one by one.
    update usage_totals t
    set used = d.used, held = d.held, beyond = d.beyond, held_beyond = d.held_beyond,
      day_used = t.day_used + d.used - t.used, updated_at = p_now
    from unnest(v_places, p_group_tenants, p_group_resources, group_used, group_held, v_beyond, v_held_beyond,
      v_moves, v_days) as d(place, tenant, resource, used, held, beyond, held_beyond, moves, day)
    where d.moves and d.day = v_day and t.ctid = d.place and t.tenant_id = d.tenant
      and t.period = p_period and t.resource_type = d.resource;
    get diagnostics v_written = row_count;
    for g in 1 .. cardinality(p_group_tenants) loop
      continue when not v_moves[g];
      v_crossing := v_crossing or group_limits[g] > 0
        and (group_used[g] - v_beyond[g]) * 100 >= group_limits[g] * 80
        and v_thresholds[g] < case when group_used[g] - v_beyond[g] >= group_limits[g] then 100 else 80 end;
      if v_days[g] = v_day then
        v_written := v_written - 1;
        continue;
      end if;
      select * into strict v_counter from usage_totals
      where tenant_id = p_group_tenants[g] and period = p_period
        and resource_type = p_group_resources[g];
      if v_counter.used <> group_used[g] or v_counter.held <> group_held[g] then
        perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
          v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
      end if;
    end loop;
    if v_written <> 0 then
      raise exception 'a counter lies elsewhere' using errcode = 'serialization_failure';
    end if;
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
