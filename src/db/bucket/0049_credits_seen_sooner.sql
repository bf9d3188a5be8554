-- A tenant's credits now, brought up before, all of one instant: what can be drawn, the grants, what is
-- agreed and used of overage, and for each counter of the month what the next call can take. Nulls for who
-- never had a grant. Of the grants those with something in them, what ends first before, a hundred at most,
-- and behind them the ten of the others that ended last: whoever asks wants what there is, and a list that
-- is filled up with what is over costs more than all the rest of the answer. The history has them all.
--
-- The plans are those for any tenant: made anew for each one, they take longer than the look itself.
drop function if exists credit_view(uuid, text, timestamptz);
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
  held := (select coalesce(sum(held_micro), 0) from credit_grants
    where tenant_id = p_tenant and held_micro > 0);
  select coalesce(array_agg(l.id order by l.id), '{}') into v_live
  from (
    select id from credit_grants where tenant_id = p_tenant and left_micro > 0
    union select id from credit_grants where tenant_id = p_tenant and held_micro > 0
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
