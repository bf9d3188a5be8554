-- A call that several grants pay wrote each grant two or three times, and each time all seven indexes of the
-- table, for two of them are of the grants that have something left or held: whatever moved either moved the row in
-- all. Which grants are held is known without an index of its own: the reservations' sources name them. So what
-- moves is mostly `held_micro`, of which no index knows, and the row's next version lies beside it on its page.
--
-- A hold and its end wrote and read each source by itself, too, and who looked for the next grant looked once
-- for those whose time is over and once for it; all of that is once now.
drop index if exists credit_grants_held_idx;
alter table credit_grants set (fillfactor = 70);

-- What reservations hold of grants that would be drawn again if they gave it back now.
create or replace function credit_held(p_tenant uuid, p_now timestamptz) returns bigint
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_held bigint;
begin
  select coalesce(sum(held_micro - revoke_due_micro), 0) into v_held from credit_grants
  where tenant_id = p_tenant and frozen_at is null and expires_at > p_now
    and id = any(array(select distinct s.grant_id from reservation_sources s
      where s.tenant_id = p_tenant and s.grant_id is not null));
  return v_held;
end $$;

-- What accounts can pay for work of a month, in µcr: `means` now, and `later` if everything came back that
-- is held. `marks`: a refusal would be the cap's last mark, and that is not written down yet. The accounts
-- exist, are locked and written, and their heads are in force.
create or replace function credit_means(
  p_tenants uuid[], p_period text, p_now timestamptz,
  out means numeric[], out later numeric[], out marks boolean[]
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_rooms record;
begin
  v_rooms := credit_rooms(p_tenants, array_fill(p_period, array[cardinality(p_tenants)]));
  select array_agg(b.grants + case when b.is_on then greatest(0, b.room_now) else 0 end order by b.n),
    array_agg(b.grants + b.held + case when b.is_on then greatest(0, b.room) else 0 end order by b.n),
    array_agg(b.mark_ref is not null and not exists (
      select from overage_notices o where o.tenant_id = b.tenant and o.ref = b.mark_ref) order by b.n)
  into means, later, marks
  from (
    select w.n, w.tenant, a.head_left + g.behind as grants, h.held, a.is_on,
      least(w.capped_now, w.trusted_now) as room_now, least(w.capped, w.trusted) as room,
      -- As `credit_mark` names it; null where the cap is not in the way, or who is told of none.
      case when a.is_on and w.capped <= w.trusted then 'cap/' || p_period || '/' || a.overage_currency
        || '/' || a.overage_cap_minor || '/' || a.alert end as mark_ref
    from unnest(p_tenants, v_rooms.capped, v_rooms.capped_now, v_rooms.trusted, v_rooms.trusted_now)
      with ordinality as w(tenant, capped, capped_now, trusted, trusted_now, n)
    cross join lateral (
      select c.*, c.overage_on and c.overage_paused is null and c.overage_suspended is null as is_on,
        (select max(s.percent) from unnest(c.overage_alerts) as s(percent)) as alert
      from credit_accounts c
      where c.tenant_id = w.tenant
    ) as a
    cross join lateral (
      select coalesce(sum(left_micro), 0) as behind from credit_grants
      where a.head_grant is not null and tenant_id = w.tenant and left_micro > 0 and frozen_at is null
        and effective_at <= p_now and expires_at > p_now
    ) as g
    cross join lateral (
      select coalesce(sum(held_micro - revoke_due_micro), 0) as held from credit_grants
      where tenant_id = w.tenant and frozen_at is null and expires_at > p_now
        and id = any(array(select distinct s.grant_id from reservation_sources s
          where s.tenant_id = w.tenant and s.grant_id is not null))
    ) as h
    offset 0
  ) as b;
end $$;

-- Puts what the head still has back into its grant, and what is loaded of overage into its month: nothing
-- is being drawn then.
create or replace function credit_put_back(a credit_accounts) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  if a.head_grant is not null and a.head_left > 0 then
    update credit_grants set left_micro = left_micro + a.head_left
    where tenant_id = a.tenant_id and id = a.head_grant;
  end if;
  a.head_grant := null;
  a.head_left := 0;
  a.head_until := '-infinity';
  return credit_unload(a);
end $$;

-- Books what is left of grants whose time is over, and takes the first grant of the order for the head.
create or replace function credit_rehead(a credit_accounts, p_now timestamptz) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  g credit_grants;
  v_next timestamptz;
  v_found boolean;
begin
  a := credit_put_back(a);
  loop
    select * into g from credit_grants
    where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at <= p_now
    order by expires_at, class, effective_at, id
    limit 1;
    v_found := found;
    exit when not v_found;
    update credit_grants set left_micro = 0 where tenant_id = a.tenant_id and id = g.id;
    exit when g.expires_at > p_now;
    a := credit_note(a, 'expired', g.id, g.left_micro, p_now);
  end loop;

  select min(effective_at) into v_next from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at > p_now;
  a.head_until := coalesce(v_next, 'infinity');
  if v_found then
    a.head_grant := g.id;
    a.head_left := g.left_micro;
    a.head_until := least(a.head_until, g.expires_at);
  end if;
  return a;
end $$;

-- Holds credits for a reservation, from its sources in their order; there is as much.
--
-- Overage is loaded up to the next mark of the cap, so that who passes one is told. A mark is of what is used, and
-- what is held is not: however often a hold loaded, it came no nearer to one that was a microcredit away, and took
-- so much each time. What is not loaded it takes of the room at once; settling tells of the marks.
create or replace function credit_hold(
  a credit_accounts, p_reservation uuid, p_micro bigint, p_now timestamptz, p_period text default null
) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_due bigint := p_micro;
  v_taken bigint;
  -- By source; those of overage have no grant.
  v_grants uuid[] := '{}';
  v_micros bigint[] := '{}';
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    if a.head_grant is null and a.overage_left < v_due then
      a := credit_unload(a);
      v_taken := least(v_due, credit_room(a, p_period));
    else
      v_taken := least(v_due, a.head_left + a.overage_left);
    end if;
    if v_taken = 0 then raise exception 'more is held than there is'; end if;
    v_due := v_due - v_taken;
    v_grants := v_grants || a.head_grant;
    v_micros := v_micros || v_taken;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_taken;
      update credit_grants set held_micro = held_micro + v_taken
      where tenant_id = a.tenant_id and id = a.head_grant;
    elsif a.overage_period is null then
      perform credit_overage_add(a, p_period, a.overage_currency, a.overage_price, 0, v_taken);
    else
      a.overage_left := a.overage_left - v_taken;
      a.unpaid_micro := a.unpaid_micro - v_taken;
      perform credit_overage_add(a, p_period, a.overage_currency, a.overage_price, -v_taken, v_taken);
    end if;
  end loop;
  insert into reservation_sources (tenant_id, reservation_id, n, grant_id, micro, currency,
    minor_per_credit)
  select a.tenant_id, p_reservation, s.n, s.grant_id, s.micro,
    case when s.grant_id is null then a.overage_currency end,
    case when s.grant_id is null then a.overage_price end
  from unnest(v_grants, v_micros) with ordinality as s(grant_id, micro, n);
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
  v_due bigint := p_units * r.rate_micro;
  v_marks boolean := false;
  -- By source: what it held, what of that is drawn, and at which price where it is overage.
  v_grants uuid[];
  v_micros bigint[];
  v_paid bigint[] := '{}';
  v_currencies text[];
  v_prices numeric[];
  v_held bigint;
begin
  with ended as (
    delete from reservation_sources
    where tenant_id = r.tenant_id and reservation_id = r.id
    returning n, grant_id, micro, currency, minor_per_credit
  )
  select array_agg(grant_id order by n), array_agg(micro order by n), array_agg(currency order by n),
    array_agg(minor_per_credit order by n)
  into v_grants, v_micros, v_currencies, v_prices
  from ended;
  for i in 1 .. coalesce(cardinality(v_micros), 0) loop
    v_paid := v_paid || least(v_due, v_micros[i]);
    v_due := v_due - v_paid[i];
  end loop;

  if v_paid[1] > 0 then
    insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
      micro, drawn_at, currency, minor_per_credit, model, rate_card)
    select a.tenant_id, a.last_seq + s.n, r.period,
      case when s.grant_id is null then 'overage' else 'grant' end, s.grant_id, r.resource_type,
      r.rate_micro, case when s.n = 1 then p_units else 0 end, s.paid, p_now, s.currency, s.price,
      usage_model(r.metadata), usage_card(r.metadata)
    from unnest(v_grants, v_paid, v_currencies, v_prices) with ordinality
      as s(grant_id, paid, currency, price, n)
    where s.paid > 0;
    a.last_seq := a.last_seq + cardinality(array_remove(v_paid, 0));
  end if;

  for i in 1 .. cardinality(v_paid) loop
    v_held := v_micros[i];
    if v_grants[i] is null then
      -- How far it is to the next mark is another by now.
      a := credit_unload(a);
      perform credit_overage_add(a, r.period, v_currencies[i], v_prices[i], v_paid[i], -v_held);
      a.unpaid_micro := a.unpaid_micro + v_paid[i];
      v_marks := v_marks or v_paid[i] > 0;
    elsif v_paid[i] < v_held then
      a := credit_give_back(a, v_grants[i], v_held, v_held - v_paid[i], p_now);
    else
      -- Nothing comes back, so nobody has to look at what becomes of it.
      update credit_grants
      set held_micro = held_micro - v_held,
        revoke_due_micro = case when revoked_at is not null then held_micro - v_held
          else least(revoke_due_micro, held_micro - v_held) end
      where tenant_id = a.tenant_id and id = v_grants[i];
    end if;
  end loop;
  if v_marks then perform credit_mark(a, r.period, false, p_now); end if;
  return a;
end $$;

-- A tenant's credits now, brought up before, all of one instant: what can be drawn, the grants, what is
-- agreed and used of overage, and for each counter of the month what the next call can take. Nulls for who
-- never had a grant. Of the grants those with something in them, what ends first before, a hundred at most,
-- and behind them the ten of the others that ended last: whoever asks wants what there is, and a list that
-- is filled up with what is over costs more than all the rest of the answer. The history has them all.
--
-- The plans are those for any tenant: made anew for each one, they take longer than the look itself.
create or replace function credit_view(
  p_tenant uuid, p_period text, p_now timestamptz,
  out balance bigint, out held bigint, out grants json, out spendable jsonb, out overage jsonb
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
  a credit_accounts;
  t usage_totals;
  v_room bigint;
  v_live uuid[];
begin
  select * into a from credit_accounts where tenant_id = p_tenant;
  balance := credit_balance(a, p_now);
  v_room := credit_room(a, p_period);
  spendable := '{}';
  for t in select * from usage_totals where tenant_id = p_tenant and period = p_period loop
    spendable := spendable || jsonb_build_object(t.resource_type, credit_spendable(t, balance + v_room));
  end loop;
  overage := credit_overage_view(a, p_tenant, p_period, v_room);
  if a.tenant_id is null then return; end if;
  held := (select coalesce(sum(micro), 0) from reservation_sources
    where tenant_id = p_tenant and grant_id is not null);
  select coalesce(array_agg(l.id order by l.id), '{}') into v_live
  from (
    select id from credit_grants where tenant_id = p_tenant and left_micro > 0
    union select grant_id from reservation_sources
      where tenant_id = p_tenant and grant_id is not null
    union select id from credit_grants where tenant_id = p_tenant and id = a.head_grant
  ) as l;
  with counted as (
    (select * from credit_grants
      where tenant_id = p_tenant and id = any(v_live)
      order by expires_at, id
      limit 100)
    union all
    (select * from credit_grants
      where tenant_id = p_tenant and id <> all(v_live)
      order by expires_at desc, id
      limit greatest(0, least(10, 100 - cardinality(v_live))))
  ), named as (
    select c.*, c.left_micro + case when c.id = a.head_grant then a.head_left else 0 end as "left"
    from counted c
  ), stated as (
    select n.*, case when n.revoked_at is not null then 'revoked'
      when n.frozen_at is not null then 'frozen'
      when n.expires_at <= p_now then 'expired'
      when n."left" + n.held_micro = 0 then 'used'
      when n.effective_at > p_now then 'scheduled'
      else 'active' end as state
    from named n
  )
  -- Plain JSON is written several times as fast as the other, and is not read once more before it goes.
  select coalesce(json_agg(json_build_object('id', s.id, 'origin', s.origin, 'class', s.class,
    'amount', s.amount_micro, 'left', s."left", 'held', s.held_micro,
    'effectiveAt', s.effective_at, 'expiresAt', s.expires_at, 'state', s.state)
    order by s.state in ('used', 'expired', 'revoked'), s.expires_at, s.class, s.effective_at,
      s.id), '[]')
  into grants
  from stated s;
end $$;
