-- Movements of use name the model, and the version of the rate card, that the ledger notes of it: a page of
-- movements and a statement are read without the ledger, which is archived one day.
alter table credit_draws
  add column if not exists model text,
  add column if not exists rate_card int;

-- The model in what the ledger notes of a call.
create or replace function usage_model(p_metadata jsonb) returns text
language sql
immutable
as $$
  select nullif(p_metadata ->> 'model', '')
$$;

-- The version of the card by which it was weighed; null of units that were counted elsewhere.
create or replace function usage_card(p_metadata jsonb) returns int
language sql
immutable
as $$
  select case when p_metadata -> 'rated' ->> 'card' ~ '^\d{1,9}$'
    then (p_metadata -> 'rated' ->> 'card')::int end
$$;

-- Writes the next draw of an account; of overage with the price at which it is billed, and of use with the
-- model and the card of what the ledger notes of it.
drop function if exists credit_note(credit_accounts, text, uuid, bigint, timestamptz, text,
  resource_type, bigint, bigint, bigint, text, numeric);
create or replace function credit_note(
  a credit_accounts, p_kind text, p_grant uuid, p_micro bigint, p_now timestamptz,
  p_period text default null, p_resource resource_type default null, p_rate bigint default null,
  p_units bigint default 0, p_reverses bigint default null, p_currency text default null,
  p_price numeric default null, p_work jsonb default null
) returns credit_accounts
language plpgsql
set search_path from current
as $$
begin
  a.last_seq := a.last_seq + 1;
  insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
    micro, reverses_seq, drawn_at, currency, minor_per_credit, model, rate_card)
  values (a.tenant_id, a.last_seq, coalesce(p_period, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
    p_kind, p_grant, p_resource, p_rate, p_units, p_micro, p_reverses, p_now, p_currency, p_price,
    usage_model(p_work), usage_card(p_work));
  return a;
end $$;

-- Pays for units beyond the quota: grant after grant, then overage, split by µcr. What none can pay is
-- uncovered. However many marks of the cap that passes, one mail is due. `p_work` is what the ledger notes.
drop function if exists credit_pay(credit_accounts, text, resource_type, bigint, bigint, timestamptz);
create or replace function credit_pay(
  a credit_accounts, p_period text, p_resource resource_type, p_rate bigint, p_units bigint,
  p_now timestamptz, p_work jsonb default null
) returns credit_accounts
language plpgsql
set search_path from current
as $$
declare
  v_due bigint := p_units * p_rate;
  v_units bigint := p_units;
  v_paid bigint;
  v_marks boolean := false;
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    v_paid := least(v_due, a.head_left + a.overage_left);
    exit when v_paid = 0;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_paid;
      a := credit_note(a, 'grant', a.head_grant, v_paid, p_now, p_period, p_resource, p_rate, v_units,
        p_work => p_work);
    else
      a.overage_left := a.overage_left - v_paid;
      a := credit_note(a, 'overage', null, v_paid, p_now, p_period, p_resource, p_rate, v_units, null,
        a.overage_currency, a.overage_price, p_work);
      v_marks := v_marks or a.overage_left = 0;
    end if;
    v_due := v_due - v_paid;
    v_units := 0;
  end loop;
  if v_marks then perform credit_mark(a, p_period, false, p_now); end if;
  if v_due > 0 then
    a := credit_note(a, 'uncovered', null, v_due, p_now, p_period, p_resource, p_rate, v_units,
      p_work => p_work);
  end if;
  return a;
end $$;

-- Ends what a reservation holds: `p_units` of it are drawn, the first source first, and the rest goes back
-- to each. `r.metadata` is what the ledger notes of the work. What it has of overage is drawn at the price at which it was held.
create or replace function credit_end_hold(
  a credit_accounts, r usage_reservations, p_units bigint, p_now timestamptz
) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  s reservation_sources;
  v_due bigint := p_units * r.rate_micro;
  v_units bigint := p_units;
  v_paid bigint;
  v_marks boolean := false;
begin
  for s in
    select * from reservation_sources
    where tenant_id = r.tenant_id and reservation_id = r.id
    order by n
  loop
    v_paid := least(v_due, s.micro);
    if v_paid > 0 then
      a := credit_note(a, case when s.grant_id is null then 'overage' else 'grant' end, s.grant_id,
        v_paid, p_now, r.period, r.resource_type, r.rate_micro, v_units, null, s.currency,
        s.minor_per_credit, r.metadata);
      v_due := v_due - v_paid;
      v_units := 0;
    end if;
  end loop;
  v_due := p_units * r.rate_micro;
  for s in
    select * from reservation_sources
    where tenant_id = r.tenant_id and reservation_id = r.id
    order by n
  loop
    v_paid := least(v_due, s.micro);
    v_due := v_due - v_paid;
    if s.grant_id is not null then
      a := credit_give_back(a, s.grant_id, s.micro, s.micro - v_paid, p_now);
    else
      -- How far it is to the next mark is another by now.
      a := credit_unload(a);
      perform credit_overage_add(a, r.period, s.currency, s.minor_per_credit, v_paid, -s.micro);
      a.unpaid_micro := a.unpaid_micro + v_paid;
      v_marks := v_marks or v_paid > 0;
    end if;
  end loop;
  if v_marks then perform credit_mark(a, r.period, false, p_now); end if;
  delete from reservation_sources where tenant_id = r.tenant_id and reservation_id = r.id;
  return a;
end $$;

-- Gives back up to `p_units` of the draws of a group from `p_from` to `p_to`: the newest call first,
-- and of a call the last source first. Answers how many units these were. What comes back of overage can
-- be used again, and of a statement that is closed it is taken off the next.
create or replace function credit_return(
  inout a credit_accounts, p_from bigint, p_to bigint, p_period text, p_resource resource_type,
  p_units bigint, p_now timestamptz, out units bigint
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  c credit_draws;
  d credit_draws;
  v_last bigint;
  v_left bigint;
  v_due bigint;
  v_back bigint;
  v_now bigint;
begin
  units := 0;
  for c in
    select * from credit_draws
    where tenant_id = a.tenant_id and seq between p_from and p_to and period = p_period
      and resource_type = p_resource and credit_draws.units > 0 and reverses_seq is null
    order by seq desc
  loop
    exit when units = p_units;
    -- The other sources of a call follow its first, without units.
    select min(seq) - 1 into v_last from credit_draws n
    where tenant_id = a.tenant_id and seq > c.seq
      and (n.units <> 0 or n.reverses_seq is not null or n.kind in ('granted', 'revoked'));
    v_last := coalesce(v_last, a.last_seq);
    select coalesce(sum(n.micro), 0) into v_left from credit_draws n
    where n.tenant_id = a.tenant_id and n.kind in ('grant', 'overage', 'uncovered')
      and (n.seq between c.seq and v_last or n.reverses_seq between c.seq and v_last);
    v_now := least(p_units - units, v_left / c.rate_micro);
    continue when v_now = 0;
    units := units + v_now;
    v_due := v_now * c.rate_micro;
    for d in
      select * from credit_draws
      where tenant_id = a.tenant_id and seq between c.seq and v_last
        and kind in ('grant', 'overage', 'uncovered')
      order by seq desc
    loop
      select d.micro + coalesce(sum(n.micro), 0) into v_left from credit_draws n
      where n.tenant_id = a.tenant_id and n.reverses_seq = d.seq;
      v_back := least(v_due, v_left);
      continue when v_back = 0;
      a := credit_note(a, d.kind, d.grant_id, -v_back, p_now, d.period, d.resource_type,
        d.rate_micro, -v_now, d.seq, d.currency, d.minor_per_credit,
        jsonb_build_object('model', d.model, 'rated', jsonb_build_object('card', d.rate_card)));
      v_now := 0;
      v_due := v_due - v_back;
      if d.kind = 'grant' then
        a := credit_give_back(a, d.grant_id, 0, v_back, p_now);
      elsif d.kind = 'overage' then
        perform credit_overage_add(a, d.period, d.currency, d.minor_per_credit, -v_back, 0);
        a.unpaid_micro := a.unpaid_micro - v_back;
      end if;
    end loop;
  end loop;
end $$;

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
      a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_more, p_now,
        r.metadata);
    end if;
    t := usage_add(r.tenant_id, r.period, r.resource_type, v_day, v_surplus, 0, p_now, v_more);
  end if;
  if v_beyond + v_more > 0 then
    draw_seq := v_before + 1;
    draw_count := a.last_seq - v_before;
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
