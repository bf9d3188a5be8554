-- Gives µcr back to a grant: of `p_held` that a reservation had of it, or of a draw (0). What is to be
-- revoked is, and what came too late lapses; both show as draws. Of a grant that is revoked as a whole
-- everything is, however much came back before.
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
  v_revoked := case when g.revoked_at is not null then p_micro
    else least(p_micro, g.revoke_due_micro) end;
  v_back := p_micro - v_revoked;
  if g.frozen_at is null and g.expires_at <= p_now then
    v_lapsed := v_back;
    v_back := 0;
  end if;
  update credit_grants
  set held_micro = held_micro - p_held,
    left_micro = left_micro + case when id = a.head_grant then 0 else v_back end,
    revoke_due_micro = case when revoked_at is not null then held_micro - p_held
      else least(revoke_due_micro - least(v_revoked, revoke_due_micro), held_micro - p_held) end
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

-- Takes back what is left of a grant, up to `p_micro` (null: all). What a reservation holds stays with
-- it, and is revoked when it comes back; the shortfall is what was used already, or lapsed: what time
-- has done is booked first.
create or replace function credit_revoke(
  p_tenant uuid, p_grant uuid, p_ref text, p_micro bigint, p_actor text, p_reason text,
  p_now timestamptz,
  out revoked_micro bigint, out pending_micro bigint, out shortfall_micro bigint, out is_new boolean
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  g credit_grants;
  v_wanted bigint;
begin
  a := credit_put_back(credit_rehead(credit_account(p_tenant), p_now));
  select c.revoked_micro, c.pending_micro, c.shortfall_micro
  into revoked_micro, pending_micro, shortfall_micro
  from credit_changes c where c.tenant_id = p_tenant and c.verb = 'revoke' and c.ref = p_ref;
  is_new := not found;
  if is_new then
    select * into strict g from credit_grants where tenant_id = p_tenant and id = p_grant;
    v_wanted := coalesce(p_micro, g.amount_micro);
    revoked_micro := least(v_wanted, g.left_micro);
    pending_micro := least(v_wanted - revoked_micro, g.held_micro - g.revoke_due_micro);
    shortfall_micro := v_wanted - revoked_micro - pending_micro;
    update credit_grants
    set left_micro = left_micro - revoked_micro,
      revoke_due_micro = revoke_due_micro + pending_micro,
      revoked_at = case when v_wanted >= amount_micro then p_now else revoked_at end
    where tenant_id = p_tenant and id = p_grant;
    if revoked_micro > 0 then
      a := credit_note(a, 'revoked', p_grant, revoked_micro, p_now);
    end if;
    insert into credit_changes (tenant_id, verb, ref, grant_id, revoked_micro, pending_micro,
      shortfall_micro, actor, reason, made_at)
    values (p_tenant, 'revoke', p_ref, p_grant, revoked_micro, pending_micro, shortfall_micro,
      p_actor, p_reason, p_now);
  end if;
  perform credit_keep(credit_rehead(a, p_now), p_now);
end $$;

-- Keeps a grant from being drawn, or lets it be drawn again and moves its end by the time it was
-- frozen (or by `p_extend`). What holds have of it they keep, and what lapsed before stays so. False for
-- a repeat.
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
    update credit_grants
    set expires_at = expires_at + coalesce(p_extend, p_now - frozen_at), frozen_at = null
    where tenant_id = p_tenant and id = p_grant and frozen_at is not null;
  end if;
  insert into credit_changes (tenant_id, verb, ref, grant_id, actor, reason, made_at)
  values (p_tenant, v_verb, p_ref, p_grant, p_actor, p_reason, p_now);
  perform credit_keep(credit_rehead(a, p_now), p_now);
  return true;
end $$;

-- The largest amount of one call that admission would take now by this counter; null without a limit.
create or replace function credit_spendable(t usage_totals, p_balance bigint) returns bigint
language sql immutable as $$
  select usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond)
    + case when t.rate_micro > 0 then least(p_balance, credit_call_max()) / t.rate_micro else 0 end;
$$;

-- A tenant's credits now, brought up before, all of one instant: what can be drawn, the grants, and
-- for each counter of the month what the next call can take. Nulls for who never had a grant.
drop function if exists credit_view(uuid, text, timestamptz);
create or replace function credit_view(
  p_tenant uuid, p_period text, p_now timestamptz,
  out balance bigint, out held bigint, out grants jsonb, out spendable jsonb
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  t usage_totals;
begin
  select * into a from credit_accounts where tenant_id = p_tenant;
  balance := credit_balance(a, p_now);
  spendable := '{}';
  for t in select * from usage_totals where tenant_id = p_tenant and period = p_period loop
    spendable := spendable || jsonb_build_object(t.resource_type, credit_spendable(t, balance));
  end loop;
  if a.tenant_id is null then return; end if;
  held := (select coalesce(sum(held_micro), 0) from credit_grants where tenant_id = p_tenant);
  with counted as (
    select g.*, g.left_micro + case when g.id = a.head_grant then a.head_left else 0 end as "left"
    from credit_grants g
    where g.tenant_id = p_tenant
    -- Those with something in them, what ends first before; of the others the latest.
    order by g.left_micro + g.held_micro = 0 and g.id is distinct from a.head_grant,
      case when g.left_micro + g.held_micro > 0 or g.id = a.head_grant then g.expires_at end,
      g.expires_at desc
    limit 100
  ), named as (
    select c.*, case when c.revoked_at is not null then 'revoked'
      when c.frozen_at is not null then 'frozen'
      when c.expires_at <= p_now then 'expired'
      when c."left" + c.held_micro = 0 then 'used'
      when c.effective_at > p_now then 'scheduled'
      else 'active' end as state
    from counted c
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'origin', n.origin, 'class', n.class,
    'amount', n.amount_micro, 'left', n."left", 'held', n.held_micro,
    'effectiveAt', n.effective_at, 'expiresAt', n.expires_at, 'state', n.state)
    order by n.state in ('used', 'expired', 'revoked'), n.expires_at, n.class, n.effective_at,
      n.id), '[]')
  into grants
  from named n;
end $$;
