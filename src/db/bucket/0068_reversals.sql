-- A correction that takes one row of the ledger back, exactly.

-- The row that a correction takes back, of the same tenant and month; null of every other row.
alter table usage add column if not exists reverses_id bigint;

-- Lets the grants that were drawn from `p_from` to `p_to` and have ended since live until `p_until`. What
-- was left of them at their end lapses first: only what comes back from now on has the longer life.
create or replace function credit_extend(
  a credit_accounts, p_from bigint, p_to bigint, p_until timestamptz, p_now timestamptz
) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_drawn uuid[];
begin
  select array_agg(distinct grant_id) into v_drawn from credit_draws
  where tenant_id = a.tenant_id and seq between p_from and p_to and kind = 'grant';
  perform from credit_grants
  where tenant_id = a.tenant_id and id = any(v_drawn) and expires_at <= p_now
    and frozen_at is null and revoked_at is null;
  if not found then return a; end if;
  a := credit_rehead(a, p_now);
  update credit_grants set expires_at = p_until, ending_told_at = null
  where tenant_id = a.tenant_id and id = any(v_drawn) and expires_at <= p_now
    and frozen_at is null and revoked_at is null;
  return a;
end $$;

-- Takes a row of the ledger back by another, on the same day: its draws go back to the grants that they
-- are of, the last first; one that ended meanwhile takes them until `p_extend_to`, or they lapse. What an
-- earlier correction gave back of these draws already comes from the newest of the month. Answers `used`
-- after it, or why it is refused: there is no such row, it is itself a `correction`, it was `reversed`, or
-- a late settlement took some of it back (`resettled`). One that would leave less than nothing is refused
-- by the table's check. What an expired hold counted by the row is not counted any more: work that is
-- settled after this is recorded in full.
create or replace function usage_reverse(
  p_tenant uuid, p_period text, p_row bigint, p_extend_to timestamptz, p_actor text, p_reason text,
  p_now timestamptz, out refused text, out used_after bigint
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  u usage;
  t usage_totals;
  a credit_accounts;
  v_returned record;
  v_metadata jsonb;
  v_drawn bigint := 0;
  v_units bigint := 0;
  v_back bigint := 0;
  v_before bigint;
begin
  select * into u from usage where tenant_id = p_tenant and period = p_period and id = p_row;
  if not found then refused := 'unknown'; return; end if;
  select * into strict t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = u.resource_type
  for update;
  -- Nobody adds a row of this counter meanwhile.
  select case when u.actor is not null then 'correction'
    when count(*) filter (where reverses_id = p_row) > 0 then 'reversed'
    when count(*) filter (where reservation_id = u.reservation_id and amount < 0) > 0
    then 'resettled' end
  into refused
  from usage where tenant_id = p_tenant and period = p_period;
  if refused is not null then return; end if;

  if u.draw_seq is not null then
    select coalesce(sum(units), 0) into v_drawn from credit_draws
    where tenant_id = p_tenant and seq between u.draw_seq and u.draw_seq + u.draw_count - 1
      and period = p_period and resource_type = u.resource_type and reverses_seq is null;
  end if;
  -- What the quota cannot give, after corrections that took of it, the draws of others do.
  if u.amount <= t.used then
    v_units := least(t.beyond, greatest(v_drawn, u.amount - (t.used - t.beyond)));
  end if;
  if v_units > 0 then
    a := credit_account(p_tenant);
    if v_drawn > 0 and p_extend_to is not null then
      a := credit_extend(a, u.draw_seq, u.draw_seq + u.draw_count - 1, p_extend_to, p_now);
    end if;
    v_before := a.last_seq;
    if v_drawn > 0 then
      v_returned := credit_return(a, u.draw_seq, u.draw_seq + u.draw_count - 1, p_period,
        u.resource_type, least(v_units, v_drawn), p_now);
      a := v_returned.a;
      v_back := v_returned.units;
    end if;
    if v_back < v_units then
      v_returned := credit_return(a, 1, a.last_seq, p_period, u.resource_type, v_units - v_back,
        p_now);
      a := v_returned.a;
      v_back := v_back + v_returned.units;
    end if;
    perform credit_keep(a, p_now);
  end if;

  -- Whose it was and what answered, so that both add up to nothing everywhere; not how it was weighed.
  v_metadata := nullif(u.metadata - array['rated', 'settledBy'], '{}');
  insert into usage (tenant_id, period, resource_type, amount, metadata, actor, reason, occurred_at,
    created_at, draw_seq, draw_count, reverses_id)
  values (p_tenant, p_period, u.resource_type, -u.amount, v_metadata, p_actor, p_reason,
    u.occurred_at, p_now, case when a.last_seq > v_before then v_before + 1 end,
    case when a.last_seq > v_before then least(a.last_seq - v_before, 32767) end, p_row);
  t := usage_add(p_tenant, p_period, u.resource_type,
    extract(day from u.occurred_at at time zone 'UTC')::int, -u.amount, 0, p_now, -v_back);
  if t.per_member then
    perform usage_member_add(p_tenant, p_period, u.resource_type, u.metadata ->> 'userId',
      -u.amount, 0);
  end if;
  if u.reservation_id is not null then
    update usage_reservations set begun_amount = 0, draw_seq = null, draw_count = null
    where tenant_id = p_tenant and id = u.reservation_id and state = 'expired';
  end if;
  used_after := t.used;
end $$;
