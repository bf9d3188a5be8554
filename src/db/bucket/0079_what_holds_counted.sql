-- A hold whose work went on in the moment in which it was ended was ended all the same, and counted by what had been
-- written of it before: what was settled then came short by the difference. Ending looks at a hold once more when it
-- has it. A tenant that was moved meanwhile kept nobody else's from being ended.
--
-- What the end of a hold had counted and a correction took off was taken off a second time when it was settled
-- late, or the settlement was refused.
--
-- A copy that was written again without a change, as `usage:verify -- --rebuild` does, gave the limit of today to a month
-- that was over.
--
-- An end that moves is told of anew.

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
  select * into v_before from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  -- The tenant was moved since somebody saw its holds.
  if not found then return; end if;
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
    -- Whoever notes progress has no lock but that of its row.
    for update
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
-- already is brought to what it really was, or taken back, as far as corrections left anything of it.
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
  v_holder text;
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

    v_holder := r.metadata ->> 'userId';
    r.metadata := coalesce(p_metadata[n], r.metadata);
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
          a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_beyond, p_now,
            r.metadata);
        end if;
      elsif v_change < 0 then
        if r.draw_seq is not null then
          v_ended := credit_return(a, r.draw_seq, r.draw_seq + r.draw_count - 1, r.period,
            r.resource_type, -v_change, p_now);
          a := v_ended.a;
          v_beyond := -v_ended.units;
        end if;
        -- Beside what it drew it takes off the quota alone: what others drew stays theirs.
        if v_beyond - v_change > t.used - t.beyond then
          v_change := v_beyond - (t.used - t.beyond);
          -- The row is no longer what its weights make.
          r.metadata := nullif(r.metadata - 'rated', '{}');
        end if;
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
      perform usage_member_add(r.tenant_id, r.period, r.resource_type, v_holder, 0,
        case when r.state = 'open' then -r.amount else 0 end);
      perform usage_member_add(r.tenant_id, r.period, r.resource_type,
        r.metadata ->> 'userId', v_change, 0);
    end if;
    if v_change <> 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        actor, reason, occurred_at, created_at, draw_seq, draw_count)
      values (r.tenant_id, r.period, r.resource_type, v_change, r.id,
        r.metadata,
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

-- Takes a counter to zero: one correction a day, so that the daily chart empties too. What was drawn
-- is given back. Work that the end of its hold had counted is not counted any more, and counts in full when it is
-- settled late. Answers how much was taken off.
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
  update usage_reservations set begun_amount = 0, draw_seq = null, draw_count = null
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and state = 'expired' and begun_amount > 0;
  return t.used;
end $$;

-- Takes over what a tenant may use, from whoever decides it. What is not newer than what is here
-- changes nothing, so it may come twice and out of order. The new limits and rates stand in the
-- counters of the tenant's newest period in the caller's transaction, and so does what overage is sold in
-- the account: no call is admitted by the old ones after it. Whoever calls it as the version before did says
-- nothing of overage or of what rolls over, nor when it changed. What is left of a deleted tenant's credits
-- is taken back.
--
-- A month that was over at `p_at` stays as it was, for what rolls over of it; written again without a change, one
-- that was over at the last. Where something may and the
-- tenant used nothing in it, it is opened by what the tenant had.
create or replace function usage_put_tenant(
  p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text,
  p_base_limits jsonb, p_share_from timestamptz, p_share_until timestamptz,
  p_deleted_at timestamptz, p_rates jsonb default '{}', p_overage jsonb default null,
  p_rollover jsonb default null, p_at timestamptz default null
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_month text := to_char(p_at at time zone 'UTC', 'YYYY-MM');
  v_month_starts_at timestamptz := date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC';
  v_at timestamptz := p_at;
  v_tenant usage_tenants;
  v_before usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
  v_rate bigint;
  v_rollover smallint;
  a credit_accounts;
begin
  select * into v_tenant from usage_tenants where tenant_id = p_tenant for update;
  if v_tenant.version < p_version and v_tenant.rollover <> '{}'
    and coalesce(v_tenant.since < v_month_starts_at, v_month is not null)
  then
    perform usage_open(to_char((v_month || '-01')::date - 1, 'YYYY-MM'), array[p_tenant]);
  end if;

  v_before := v_tenant;
  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at, rates, overage, rollover, since)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at, p_rates, p_overage, coalesce(p_rollover, '{}'), p_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at, rates = excluded.rates,
    overage = coalesce(excluded.overage, t.overage), rollover = coalesce(p_rollover, t.rollover),
    since = coalesce(excluded.since, t.since)
  where t.version < excluded.version
  returning * into v_tenant;
  if not found then return; end if;
  if (v_before.limits, v_before.base_limits, v_before.share_from, v_before.share_until, v_before.rates,
      v_before.rollover)
    is not distinct from (v_tenant.limits, v_tenant.base_limits, v_tenant.share_from,
      v_tenant.share_until, v_tenant.rates, v_tenant.rollover)
  then
    v_at := v_tenant.since;
  end if;

  v_period := (select max(period) from usage_totals where tenant_id = p_tenant);
  for v_resource in
    select resource_type from usage_totals
    where tenant_id = p_tenant and period = v_period
      and period >= coalesce(to_char(v_at at time zone 'UTC', 'YYYY-MM'), period)
    order by resource_type
    for update
  loop
    v_limit := usage_limit_of(v_tenant, v_period, v_resource);
    v_rate := (v_tenant.rates ->> v_resource::text)::bigint;
    v_rollover := coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint);
    perform usage_write_limit(p_tenant, v_period, v_resource, v_limit);
    update usage_totals set rate_micro = v_rate, rollover_percent = v_rollover
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and (rate_micro is distinct from v_rate or rollover_percent <> v_rollover);
  end loop;

  if v_tenant.deleted_at is not null then
    perform credit_revoke_all(p_tenant, 'tenant-deleted', 'system:delete-tenant',
      'The team was deleted.', v_tenant.deleted_at);
  end if;

  if p_overage is null then return; end if;
  a := credit_account(p_tenant);
  if a.overage_on or a.overage_paused is distinct from p_overage ->> 'suspended' then
    a := credit_offer(a, p_overage, p_version::text, coalesce(v_period, to_char(now(), 'YYYY-MM')), now());
    perform credit_keep(a, a.updated_at);
  end if;
end $$;

-- Keeps a grant from being drawn, or lets it be drawn again and moves its end by the time it was
-- frozen (or by `p_extend`). What holds have of it they keep, and what lapsed before stays so. False for
-- a repeat. The owner is told of the new end as of the first. It is worked out before: Citus refuses to change rows by a time and an interval that
-- they have, which is for it a matter of settings.
create or replace function credit_freeze(
  p_tenant uuid, p_grant uuid, p_ref text, p_freeze boolean, p_extend interval, p_actor text,
  p_reason text, p_now timestamptz
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  v_ends_at timestamptz;
  v_verb text := case when p_freeze then 'freeze' else 'unfreeze' end;
begin
  a := credit_account(p_tenant);
  perform from credit_changes where tenant_id = p_tenant and verb = v_verb and ref = p_ref;
  if found then return false; end if;
  a := credit_put_back(credit_rehead(a, p_now));
  if p_freeze then
    update credit_grants set frozen_at = p_now
    where tenant_id = p_tenant and id = p_grant and frozen_at is null;
  else
    -- The account's lock guards its grants.
    select expires_at + coalesce(p_extend, p_now - frozen_at) into v_ends_at
    from credit_grants where tenant_id = p_tenant and id = p_grant and frozen_at is not null;
    if found then
      update credit_grants set expires_at = v_ends_at, frozen_at = null,
        ending_told_at = case when v_ends_at = expires_at then ending_told_at end
      where tenant_id = p_tenant and id = p_grant;
    end if;
  end if;
  insert into credit_changes (tenant_id, verb, ref, grant_id, actor, reason, made_at)
  values (p_tenant, v_verb, p_ref, p_grant, p_actor, p_reason, p_now);
  perform credit_keep(credit_rehead(a, p_now), p_now);
  return true;
end $$;
