-- Pays for units beyond the quota: grant after grant, then overage, split by µcr. What none can pay is
-- uncovered. However many marks of the cap that passes, one mail is due.
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
  v_marks boolean := false;
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
      v_marks := v_marks or a.overage_left = 0;
    end if;
    v_due := v_due - v_paid;
    v_units := 0;
  end loop;
  if v_marks then perform credit_mark(a, p_period, false, p_now); end if;
  if v_due > 0 then
    a := credit_note(a, 'uncovered', null, v_due, p_now, p_period, p_resource, p_rate, v_units);
  end if;
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
      v_marks := v_marks or v_paid > 0;
    end if;
  end loop;
  if v_marks then perform credit_mark(a, r.period, false, p_now); end if;
  delete from reservation_sources where tenant_id = r.tenant_id and reservation_id = r.id;
  return a;
end $$;
