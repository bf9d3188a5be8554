-- An account's functions take it as a row, answer it changed, and leave writing it to whoever began:
-- the row is locked by `credit_account` and written once, by `credit_keep`.

-- Locks a tenant's account. All nulls for who never had a grant.
create or replace function credit_account(p_tenant uuid) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  select * into a from credit_accounts where tenant_id = p_tenant for update;
  return a;
end $$;

create or replace function credit_keep(a credit_accounts, p_now timestamptz) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  update credit_accounts
  set head_grant = a.head_grant, head_left = a.head_left, head_until = a.head_until,
    last_seq = a.last_seq, updated_at = p_now
  where tenant_id = a.tenant_id;
end $$;

-- Writes the next draw of an account.
create or replace function credit_note(
  a credit_accounts, p_kind text, p_grant uuid, p_micro bigint, p_now timestamptz,
  p_period text default null, p_resource resource_type default null, p_rate bigint default null,
  p_units bigint default 0, p_reverses bigint default null
) returns credit_accounts
language plpgsql
set search_path from current
as $$
begin
  a.last_seq := a.last_seq + 1;
  insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
    micro, reverses_seq, drawn_at)
  values (a.tenant_id, a.last_seq, coalesce(p_period, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
    p_kind, p_grant, p_resource, p_rate, p_units, p_micro, p_reverses, p_now);
  return a;
end $$;

-- Puts what the head still has back into its grant: nothing is being drawn then.
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
  return a;
end $$;

-- Books what is left of grants whose time is over, and takes the first grant of the order for the head.
create or replace function credit_rehead(a credit_accounts, p_now timestamptz)
returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  g credit_grants;
  v_next timestamptz;
begin
  a := credit_put_back(a);
  for g in
    select * from credit_grants
    where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and expires_at <= p_now
    order by expires_at, id
  loop
    update credit_grants set left_micro = 0 where tenant_id = a.tenant_id and id = g.id;
    a := credit_note(a, 'expired', g.id, g.left_micro, p_now);
  end loop;

  select min(effective_at) into v_next from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at > p_now;
  a.head_until := coalesce(v_next, 'infinity');

  select * into g from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at <= p_now
  order by expires_at, class, effective_at, id
  limit 1;
  if found then
    update credit_grants set left_micro = 0 where tenant_id = a.tenant_id and id = g.id;
    a.head_grant := g.id;
    a.head_left := g.left_micro;
    a.head_until := least(a.head_until, g.expires_at);
  end if;
  return a;
end $$;

-- What an account can pay now: the head and every grant behind it. The head is in force.
create or replace function credit_balance(a credit_accounts, p_now timestamptz) returns bigint
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_behind bigint;
begin
  if a.head_grant is null then return 0; end if;
  select coalesce(sum(left_micro), 0) into v_behind from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at <= p_now
    and expires_at > p_now;
  return a.head_left + v_behind;
end $$;

-- Makes a grant, once an origin and ref.
create or replace function credit_grant(
  p_tenant uuid, p_id uuid, p_origin text, p_origin_ref text, p_class smallint, p_micro bigint,
  p_effective_at timestamptz, p_expires_at timestamptz, p_actor text, p_reason text,
  p_now timestamptz, out grant_id uuid, out is_new boolean
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  insert into credit_accounts (tenant_id, updated_at) values (p_tenant, p_now)
  on conflict do nothing;
  a := credit_account(p_tenant);
  select id into grant_id from credit_grants
  where tenant_id = p_tenant and origin = p_origin and origin_ref = p_origin_ref;
  is_new := not found;
  if not is_new then return; end if;
  grant_id := p_id;
  insert into credit_grants (tenant_id, id, origin, origin_ref, class, amount_micro, left_micro,
    effective_at, expires_at, actor, reason, created_at)
  values (p_tenant, p_id, p_origin, p_origin_ref, p_class, p_micro, p_micro, p_effective_at,
    p_expires_at, p_actor, p_reason, p_now);
  a := credit_note(a, 'granted', p_id, -p_micro, p_now);
  a := credit_rehead(a, p_now);
  perform credit_keep(a, p_now);
end $$;

-- Takes back what is left of a grant, up to `p_micro` (null: all). What a reservation holds stays with
-- it, and is revoked when it comes back; the shortfall is what was used already.
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
  a := credit_put_back(credit_account(p_tenant));
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
-- frozen (or by `p_extend`). What holds have of it they keep. False for a repeat.
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
  a := credit_put_back(a);
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

-- Books what time has done to a tenant's holds and credits, so that what is read next is true of now.
-- Where there is nothing to book nothing is written.
create or replace function credit_bring_up(p_tenant uuid, p_now timestamptz) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_group record;
begin
  perform from usage_reservations
  where tenant_id = p_tenant and state = 'open' and expires_at <= p_now
  limit 1;
  if found then
    perform from usage_totals
    where tenant_id = p_tenant
    order by tenant_id, period, resource_type
    for update;
    for v_group in
      select distinct period, resource_type from usage_reservations
      where tenant_id = p_tenant and state = 'open' and expires_at <= p_now
      order by period, resource_type
    loop
      perform usage_expire_group(p_tenant, v_group.period, v_group.resource_type, p_now);
    end loop;
  end if;

  perform from credit_accounts c
  where c.tenant_id = p_tenant and (c.head_until <= p_now or exists (
    select from credit_grants g
    where g.tenant_id = p_tenant and g.left_micro > 0 and g.frozen_at is null
      and g.expires_at <= p_now));
  if found then
    perform credit_keep(credit_rehead(credit_account(p_tenant), p_now), p_now);
  end if;
end $$;

-- The largest amount of one call that admission would take now by this counter; null without a limit.
create or replace function credit_spendable(t usage_totals, p_balance bigint) returns bigint
language sql immutable as $$
  select usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond)
    + case when t.rate_micro > 0 then p_balance / t.rate_micro else 0 end;
$$;

-- A tenant's credits now, brought up before, all of one instant: what can be drawn, the grants, and
-- for each counter of the month what the next call can take. Nulls for who never had a grant.
create or replace function credit_view(
  p_tenant uuid, p_period text, p_now timestamptz,
  out balance bigint, out grants jsonb, out spendable jsonb
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  select * into a from credit_accounts where tenant_id = p_tenant;
  balance := credit_balance(a, p_now);
  select coalesce(jsonb_object_agg(t.resource_type, credit_spendable(t, balance)), '{}')
  into spendable
  from usage_totals t where t.tenant_id = p_tenant and t.period = p_period;
  if a.tenant_id is null then return; end if;
  with counted as (
    select g.*, g.left_micro + case when g.id = a.head_grant then a.head_left else 0 end as "left"
    from credit_grants g
    where g.tenant_id = p_tenant
    -- Those with something in them, and of the others the latest.
    order by g.left_micro + g.held_micro > 0 or g.id = a.head_grant desc, g.expires_at desc
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
