-- Draws, holds and returns, with overage as the last source.

-- Writes the next draw of an account; of overage with the price at which it is billed.
drop function if exists credit_note(credit_accounts, text, uuid, bigint, timestamptz, text,
  resource_type, bigint, bigint, bigint);
create or replace function credit_note(
  a credit_accounts, p_kind text, p_grant uuid, p_micro bigint, p_now timestamptz,
  p_period text default null, p_resource resource_type default null, p_rate bigint default null,
  p_units bigint default 0, p_reverses bigint default null, p_currency text default null,
  p_price numeric default null
) returns credit_accounts
language plpgsql
set search_path from current
as $$
begin
  a.last_seq := a.last_seq + 1;
  insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
    micro, reverses_seq, drawn_at, currency, minor_per_credit)
  values (a.tenant_id, a.last_seq, coalesce(p_period, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
    p_kind, p_grant, p_resource, p_rate, p_units, p_micro, p_reverses, p_now, p_currency, p_price);
  return a;
end $$;

-- Puts what the head still has back into its grant, and what is loaded of overage into its month: nothing
-- is being drawn then.
create or replace function credit_put_back(a credit_accounts) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  if a.head_grant is not null then
    update credit_grants set left_micro = left_micro + a.head_left
    where tenant_id = a.tenant_id and id = a.head_grant;
  end if;
  a.head_grant := null;
  a.head_left := 0;
  a.head_until := '-infinity';
  return credit_unload(a);
end $$;

-- Brings what can be drawn next of work of a month into the account: the head that is in force, or behind
-- the last grant what there is of overage. Neither has anything where there is nothing.
create or replace function credit_next(a credit_accounts, p_period text, p_now timestamptz)
returns credit_accounts
language plpgsql
set search_path from current
as $$
begin
  if a.head_until <= p_now or a.head_left = 0 and a.head_grant is not null then
    a := credit_rehead(a, p_now);
  end if;
  if a.head_grant is null and (a.overage_left = 0 or a.overage_period is distinct from p_period) then
    a := credit_load(a, p_period);
  end if;
  return a;
end $$;

-- Pays for units beyond the quota: grant after grant, then overage, split by µcr. What none can pay is
-- uncovered.
create or replace function credit_pay(
  a credit_accounts, p_period text, p_resource resource_type, p_rate bigint, p_units bigint,
  p_now timestamptz
) returns credit_accounts
language plpgsql
set search_path from current
as $$
declare
  v_due bigint := p_units * p_rate;
  v_units bigint := p_units;
  v_paid bigint;
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    v_paid := least(v_due, a.head_left + a.overage_left);
    exit when v_paid = 0;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_paid;
      a := credit_note(a, 'grant', a.head_grant, v_paid, p_now, p_period, p_resource, p_rate, v_units);
    else
      a.overage_left := a.overage_left - v_paid;
      a := credit_note(a, 'overage', null, v_paid, p_now, p_period, p_resource, p_rate, v_units, null,
        a.overage_currency, a.overage_price);
      if a.overage_left = 0 then perform credit_mark(a, p_period, false, p_now); end if;
    end if;
    v_due := v_due - v_paid;
    v_units := 0;
  end loop;
  if v_due > 0 then
    a := credit_note(a, 'uncovered', null, v_due, p_now, p_period, p_resource, p_rate, v_units);
  end if;
  return a;
end $$;

-- Keeps µcr for a reservation of a month, of grant after grant and then of overage. There is as much.
drop function if exists credit_hold(credit_accounts, uuid, bigint, timestamptz);
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
  v_n smallint := 0;
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    v_taken := least(v_due, a.head_left + a.overage_left);
    if v_taken = 0 then raise exception 'more is held than there is'; end if;
    v_due := v_due - v_taken;
    v_n := v_n + 1;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_taken;
      update credit_grants set held_micro = held_micro + v_taken
      where tenant_id = a.tenant_id and id = a.head_grant;
    else
      a.overage_left := a.overage_left - v_taken;
      a.unpaid_micro := a.unpaid_micro - v_taken;
      perform credit_overage_add(a, p_period, a.overage_currency, a.overage_price, -v_taken, v_taken);
    end if;
    insert into reservation_sources (tenant_id, reservation_id, n, grant_id, micro, currency,
      minor_per_credit)
    values (a.tenant_id, p_reservation, v_n, a.head_grant, v_taken,
      case when a.head_grant is null then a.overage_currency end,
      case when a.head_grant is null then a.overage_price end);
  end loop;
  return a;
end $$;

-- Ends what a reservation holds: `p_units` of it are drawn, the first source first, and the rest goes back
-- to each. What it has of overage is drawn at the price at which it was held.
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
        s.minor_per_credit);
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
      if v_paid > 0 then perform credit_mark(a, r.period, false, p_now); end if;
    end if;
  end loop;
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
        d.rate_micro, -v_now, d.seq, d.currency, d.minor_per_credit);
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
