-- How credits are drawn, held, and given back. As everywhere with accounts, these take the locked row
-- and answer it changed; `credit_keep` writes it.

-- Which draws an expired hold of begun work was counted by: settled late it may give some back.
alter table usage_reservations
  add column if not exists draw_seq bigint,
  add column if not exists draw_count bigint;

-- Checks are asked by name: that a correction would leave less than nothing is said by the older one.
alter table usage_totals rename constraint usage_totals_beyond to usage_totals_within;

-- Adds to the counters of one group, whichever day of the month the work started on. The counters
-- keep the newest day; the days behind it are rows of usage_days. `p_beyond` and `p_held_beyond` are
-- what of it the quota does not pay.
drop function if exists usage_add(uuid, text, resource_type, int, bigint, bigint, timestamptz);
create or replace function usage_add(
  p_tenant uuid, p_period text, p_resource resource_type, p_day int,
  p_used bigint, p_held bigint, p_now timestamptz, p_beyond bigint default 0,
  p_held_beyond bigint default 0
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
    beyond = beyond + p_beyond,
    held_beyond = held_beyond + p_held_beyond,
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

-- What one call may cost at most, in µcr: a thousand of them still add up exactly.
create or replace function credit_call_max() returns bigint
language sql immutable as $$ select 9000000000000::bigint; $$;

-- Of units that are taken whatever is left: how many the quota does not pay. All count against it for
-- who has no credits or no rate, and where the charge would be more than the books can add up.
create or replace function credit_beyond(t usage_totals, a credit_accounts, p_units bigint)
returns bigint
language sql immutable as $$
  select case when b.units <= credit_call_max() / t.rate_micro then b.units else 0 end
  from (select case
    when t."limit" is null or t.rate_micro is null or a.tenant_id is null then 0
    else greatest(0, p_units - usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond))
    end as units) as b;
$$;

-- Pays for units beyond the quota: grant after grant, split by µcr. What no grant can pay is uncovered.
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
    if a.head_until <= p_now or a.head_left = 0 and a.head_grant is not null then
      a := credit_rehead(a, p_now);
    end if;
    exit when a.head_grant is null;
    v_paid := least(v_due, a.head_left);
    a.head_left := a.head_left - v_paid;
    a := credit_note(a, 'grant', a.head_grant, v_paid, p_now, p_period, p_resource, p_rate, v_units);
    v_due := v_due - v_paid;
    v_units := 0;
  end loop;
  if v_due > 0 then
    a := credit_note(a, 'uncovered', null, v_due, p_now, p_period, p_resource, p_rate, v_units);
  end if;
  return a;
end $$;

-- Keeps µcr for a reservation, of grant after grant. The balance has them.
create or replace function credit_hold(
  a credit_accounts, p_reservation uuid, p_micro bigint, p_now timestamptz
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
    if a.head_until <= p_now or a.head_left = 0 then
      a := credit_rehead(a, p_now);
    end if;
    if a.head_grant is null then raise exception 'more is held than there is'; end if;
    v_taken := least(v_due, a.head_left);
    a.head_left := a.head_left - v_taken;
    v_due := v_due - v_taken;
    v_n := v_n + 1;
    update credit_grants set held_micro = held_micro + v_taken
    where tenant_id = a.tenant_id and id = a.head_grant;
    insert into reservation_sources (tenant_id, reservation_id, n, grant_id, micro)
    values (a.tenant_id, p_reservation, v_n, a.head_grant, v_taken);
  end loop;
  return a;
end $$;

-- Gives µcr back to a grant: of `p_held` that a reservation had of it, or of a draw (0). What is to be
-- revoked is, and what came too late lapses; both show as draws.
create or replace function credit_give_back(
  a credit_accounts, p_grant uuid, p_held bigint, p_micro bigint, p_now timestamptz
) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  g credit_grants;
  v_revoked bigint;
  v_back bigint;
  v_lapsed bigint := 0;
begin
  select * into strict g from credit_grants where tenant_id = a.tenant_id and id = p_grant;
  v_revoked := case when p_held = 0 and g.revoked_at is not null then p_micro
    else least(p_micro, g.revoke_due_micro) end;
  v_back := p_micro - v_revoked;
  if g.frozen_at is null and g.expires_at <= p_now then
    v_lapsed := v_back;
    v_back := 0;
  end if;
  update credit_grants
  set held_micro = held_micro - p_held,
    left_micro = left_micro + case when id = a.head_grant then 0 else v_back end,
    revoke_due_micro = least(revoke_due_micro - least(v_revoked, revoke_due_micro),
      held_micro - p_held)
  where tenant_id = a.tenant_id and id = p_grant;
  if p_grant = a.head_grant then
    a.head_left := a.head_left + v_back;
  elsif v_back > 0 then
    -- It may come before the head: who draws next looks.
    a.head_until := '-infinity';
  end if;
  if v_revoked > 0 then a := credit_note(a, 'revoked', p_grant, v_revoked, p_now); end if;
  if v_lapsed > 0 then a := credit_note(a, 'expired', p_grant, v_lapsed, p_now); end if;
  return a;
end $$;

-- Ends what a reservation holds of grants: `p_units` of it are drawn, the first source first, and the
-- rest goes back to each.
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
      a := credit_note(a, 'grant', s.grant_id, v_paid, p_now, r.period, r.resource_type,
        r.rate_micro, v_units);
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
    a := credit_give_back(a, s.grant_id, s.micro, s.micro - v_paid, p_now);
  end loop;
  delete from reservation_sources where tenant_id = r.tenant_id and reservation_id = r.id;
  return a;
end $$;

-- Gives back up to `p_units` of the draws of a group from `p_from` to `p_to`: the newest call first,
-- and of a call the last source first. Answers how many units these were.
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
    where n.tenant_id = a.tenant_id and n.kind in ('grant', 'uncovered')
      and (n.seq between c.seq and v_last or n.reverses_seq between c.seq and v_last);
    v_now := least(p_units - units, v_left / c.rate_micro);
    continue when v_now = 0;
    units := units + v_now;
    v_due := v_now * c.rate_micro;
    for d in
      select * from credit_draws
      where tenant_id = a.tenant_id and seq between c.seq and v_last
        and kind in ('grant', 'uncovered')
      order by seq desc
    loop
      select d.micro + coalesce(sum(n.micro), 0) into v_left from credit_draws n
      where n.tenant_id = a.tenant_id and n.reverses_seq = d.seq;
      v_back := least(v_due, v_left);
      continue when v_back = 0;
      a := credit_note(a, d.kind, d.grant_id, -v_back, p_now, d.period, d.resource_type,
        d.rate_micro, -v_now, d.seq);
      v_now := 0;
      v_due := v_due - v_back;
      if d.kind = 'grant' then
        a := credit_give_back(a, d.grant_id, 0, v_back, p_now);
      end if;
    end loop;
  end loop;
end $$;
