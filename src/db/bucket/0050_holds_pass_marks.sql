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
  v_n smallint := 0;
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
    v_n := v_n + 1;
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
    insert into reservation_sources (tenant_id, reservation_id, n, grant_id, micro, currency,
      minor_per_credit)
    values (a.tenant_id, p_reservation, v_n, a.head_grant, v_taken,
      case when a.head_grant is null then a.overage_currency end,
      case when a.head_grant is null then a.overage_price end);
  end loop;
  return a;
end $$;
