-- How much overage there is, and what changes it. As everywhere with accounts, what takes the locked row
-- answers it changed, and `credit_keep` writes it.

create or replace function credit_keep(a credit_accounts, p_now timestamptz) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  update credit_accounts
  set head_grant = a.head_grant, head_left = a.head_left, head_until = a.head_until,
    last_seq = a.last_seq, overage_on = a.overage_on, overage_cap_minor = a.overage_cap_minor,
    overage_currency = a.overage_currency, overage_agreed = a.overage_agreed,
    overage_price = a.overage_price, overage_lapsed = a.overage_lapsed,
    overage_paused = a.overage_paused, overage_suspended = a.overage_suspended,
    overage_alerts = a.overage_alerts, overage_period = a.overage_period,
    overage_left = a.overage_left, unpaid_micro = a.unpaid_micro, exposure_minor = a.exposure_minor,
    updated_at = p_now
  where tenant_id = a.tenant_id;
end $$;

-- What a month has cost in the account's currency, in millionths of a minor unit, with what is held or
-- without. What is loaded is not used.
create or replace function credit_spent(a credit_accounts, p_period text, p_held boolean)
returns numeric
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_spent numeric;
begin
  select coalesce(sum((used_micro + case when p_held then held_micro else 0 end)
    * minor_per_credit), 0)
  into v_spent from overage_periods
  where tenant_id = a.tenant_id and period = p_period and currency = a.overage_currency;
  if a.overage_period = p_period then v_spent := v_spent - a.overage_left * a.overage_price; end if;
  return v_spent;
end $$;

-- How much may be used and not yet paid, in minor units: what an operator said, or by how many bills were
-- paid. ¥50, ¥200, ¥500; of another currency about as much.
create or replace function credit_exposure(a credit_accounts) returns bigint
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_paid int;
begin
  if a.exposure_minor is not null then return a.exposure_minor; end if;
  select least(count(*), 2) into v_paid from overage_bills
  where tenant_id = a.tenant_id and state = 'paid' and micro > 0;
  return (case when a.overage_currency = 'cny' then array[5000, 20000, 50000]
    else array[700, 2800, 7000] end)[v_paid + 1];
end $$;

-- µcr that the cap leaves of a month, with what is held or as if nothing were.
create or replace function credit_capped(a credit_accounts, p_period text, p_held boolean)
returns numeric
language plpgsql stable
set search_path from current
as $$
begin
  return floor((a.overage_cap_minor * 1000000.0 - credit_spent(a, p_period, p_held)) / a.overage_price);
end $$;

-- µcr that the exposure leaves, whatever the month.
create or replace function credit_trusted(a credit_accounts, p_held boolean) returns numeric
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_held numeric := 0;
begin
  if p_held then
    select coalesce(sum(held_micro), 0) into v_held from overage_periods
    where tenant_id = a.tenant_id and held_micro > 0;
  end if;
  return floor(credit_exposure(a) * 1000000.0 / a.overage_price) - a.unpaid_micro + a.overage_left
    - v_held;
end $$;

-- µcr of overage that can be taken for work of a month: what both leave, 0 where it is off, paused or
-- suspended.
create or replace function credit_room(
  a credit_accounts, p_period text, p_held boolean default true
) returns bigint
language plpgsql stable
set search_path from current
as $$
begin
  if a.overage_on is not true or a.overage_paused is not null or a.overage_suspended is not null
    or p_period is null
  then
    return 0;
  end if;
  -- A sum that bigint and JavaScript both take.
  return greatest(0, least(credit_capped(a, p_period, p_held), credit_trusted(a, p_held),
    9000000000000000))::bigint;
end $$;

-- Puts what is loaded back into its month.
create or replace function credit_unload(a credit_accounts) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  if a.overage_period is not null then
    update overage_periods set used_micro = used_micro - a.overage_left
    where tenant_id = a.tenant_id and period = a.overage_period and currency = a.overage_currency
      and minor_per_credit = a.overage_price;
    a.unpaid_micro := a.unpaid_micro - a.overage_left;
  end if;
  a.overage_period := null;
  a.overage_left := 0;
  return a;
end $$;

-- Adds to what was used and held of a month at a price.
create or replace function credit_overage_add(
  a credit_accounts, p_period text, p_currency text, p_price numeric, p_used bigint, p_held bigint
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
begin
  update overage_periods
  set used_micro = used_micro + p_used, held_micro = held_micro + p_held
  where tenant_id = a.tenant_id and period = p_period and currency = p_currency
    and minor_per_credit = p_price;
  if not found then raise exception 'no overage was taken of % at %', p_period, p_price; end if;
end $$;

-- Loads what there is for work of a month, no further than to the next mark of the cap: whoever comes to
-- a mark then comes here. Nothing is loaded where there is nothing.
create or replace function credit_load(a credit_accounts, p_period text) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_room bigint;
  v_used numeric;
  v_whole numeric := a.overage_cap_minor * 1000000.0;
begin
  a := credit_unload(a);
  v_room := credit_room(a, p_period);
  if v_room = 0 then return a; end if;
  v_used := credit_spent(a, p_period, false);
  a.overage_left := least(v_room, ceil((v_whole * case
    when v_used < v_whole * 0.5 then 0.5
    when v_used < v_whole * 0.8 then 0.8
    else 1 end - v_used) / a.overage_price));
  a.overage_period := p_period;
  a.unpaid_micro := a.unpaid_micro + a.overage_left;
  insert into overage_periods as o (tenant_id, period, currency, minor_per_credit, cap_minor, used_micro)
  values (a.tenant_id, p_period, a.overage_currency, a.overage_price, a.overage_cap_minor,
    a.overage_left)
  on conflict (tenant_id, period, currency, minor_per_credit) do update
  set used_micro = o.used_micro + excluded.used_micro,
    cap_minor = greatest(o.cap_minor, excluded.cap_minor);
  return a;
end $$;

-- Writes down which marks of the cap a month has come to, once each; `p_refused` when a call was refused
-- for the cap, though a few units may be left of it. A mail is due about the highest.
create or replace function credit_mark(
  a credit_accounts, p_period text, p_refused boolean, p_now timestamptz
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_used numeric;
  v_highest smallint;
  v_whole numeric := a.overage_cap_minor * 1000000.0;
  v_alert smallint;
begin
  if not a.overage_on then return; end if;
  v_used := credit_spent(a, p_period, false);
  -- Less than a microcredit is left.
  v_highest := case when p_refused or v_used + a.overage_price > v_whole then 100
    when v_used >= v_whole * 0.8 then 80
    when v_used >= v_whole * 0.5 then 50 else 0 end;
  v_alert := (select max(p) from unnest(a.overage_alerts) as w(p) where p <= v_highest);
  foreach v_highest in array array[50, 80, 100]::smallint[] loop
    continue when v_highest > v_alert or v_alert is null;
    insert into overage_notices (tenant_id, ref, percent, period, cap_minor, currency, made_at, mail_due)
    values (a.tenant_id, format('cap/%s/%s/%s/%s', p_period, a.overage_currency, a.overage_cap_minor,
      v_highest), v_highest, p_period, a.overage_cap_minor, a.overage_currency, p_now,
      v_highest = v_alert)
    on conflict do nothing;
  end loop;
end $$;

-- A call was refused for want of credits: where it is the cap that leaves none, that is its last mark.
create or replace function credit_refused(a credit_accounts, p_period text, p_now timestamptz)
returns void
language plpgsql
set search_path from current
as $$
begin
  if a.overage_on and a.overage_paused is null and a.overage_suspended is null
    and credit_capped(a, p_period, false) <= credit_trusted(a, false)
  then
    perform credit_mark(a, p_period, true, p_now);
  end if;
end $$;

-- Takes over what overage the plan sells now. A consent to less than what it costs, or to another
-- currency, is over; what costs less is billed so.
create or replace function credit_offer(
  a credit_accounts, p_overage jsonb, p_ref text, p_period text, p_now timestamptz
) returns credit_accounts
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_price numeric := p_overage ->> 'minorPerCredit';
begin
  a := credit_unload(a);
  a.overage_paused := p_overage ->> 'suspended';
  if not a.overage_on then return a; end if;
  a.overage_lapsed := case when v_price is null then 'not_offered'
    when v_price > a.overage_agreed or p_overage ->> 'currency' <> a.overage_currency then 'price'
    end;
  if a.overage_lapsed is null then
    a.overage_price := v_price;
    return a;
  end if;
  a.overage_on := false;
  insert into overage_notices (tenant_id, ref, percent, period, cap_minor, currency, reason, made_at,
    mail_due)
  values (a.tenant_id, 'lapsed/' || p_ref, 0, p_period, a.overage_cap_minor, a.overage_currency,
    a.overage_lapsed, p_now, true)
  on conflict do nothing;
  return a;
end $$;

-- Switches overage on, with a cap a month at the price that was shown, or off; each is a row of
-- overage_consents. Answers null, or why nothing was changed: `not_offered`, `paused` where the
-- subscription does not carry it now, `consent_stale` where the price or the currency is another by now.
create or replace function credit_overage_set(
  p_tenant uuid, p_on boolean, p_cap_minor bigint, p_currency text, p_price numeric,
  p_alerts smallint[], p_actor text, p_now timestamptz
) returns text
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  v_offer jsonb;
  v_n int;
begin
  -- Whoever changes the plan has this row before the account.
  select overage into v_offer from usage_tenants where tenant_id = p_tenant for share;
  if p_on then
    if v_offer ->> 'minorPerCredit' is null then return 'not_offered'; end if;
    if v_offer ->> 'suspended' is not null then return 'paused'; end if;
    if (v_offer ->> 'minorPerCredit')::numeric <> p_price or v_offer ->> 'currency' <> p_currency then
      return 'consent_stale';
    end if;
  end if;
  insert into credit_accounts (tenant_id, updated_at) values (p_tenant, p_now)
  on conflict do nothing;
  a := credit_unload(credit_account(p_tenant));
  a.overage_on := p_on;
  a.overage_lapsed := null;
  a.overage_alerts := p_alerts;
  a.overage_cap_minor := coalesce(p_cap_minor, a.overage_cap_minor);
  if p_on then
    a.overage_currency := p_currency;
    a.overage_agreed := p_price;
    a.overage_price := p_price;
    a.overage_paused := null;
  end if;
  v_n := 1 + (select count(*) from overage_consents where tenant_id = p_tenant);
  insert into overage_consents (tenant_id, n, is_on, cap_minor, currency, minor_per_credit, alerts,
    actor, made_at)
  values (p_tenant, v_n, p_on, a.overage_cap_minor, a.overage_currency, a.overage_agreed, p_alerts,
    p_actor, p_now);
  perform credit_keep(a, p_now);
  return null;
end $$;

-- Ends a consent that nobody took back, as when a bill of it could not be collected. What is held is still
-- settled from it. False where there is none in force.
create or replace function credit_overage_lapse(p_tenant uuid, p_reason text, p_now timestamptz)
returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  a := credit_account(p_tenant);
  if a.overage_on is not true then return false; end if;
  a := credit_unload(a);
  a.overage_on := false;
  a.overage_lapsed := p_reason;
  perform credit_keep(a, p_now);
  return true;
end $$;

-- Sets how much may be used and not yet paid, in minor units; null: by how many bills were paid. False for
-- who has no account.
create or replace function credit_overage_trust(p_tenant uuid, p_minor bigint) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  a := credit_account(p_tenant);
  if a.tenant_id is null then return false; end if;
  a := credit_unload(a);
  a.exposure_minor := p_minor;
  perform credit_keep(a, a.updated_at);
  return true;
end $$;

-- Changes the state of a bill, of those states alone from which that goes; false where nothing changes.
-- An account is suspended as 'unpaid' while one of its bills is failed.
create or replace function credit_overage_bill(p_tenant uuid, p_ref text, p_from text[], p_to text)
returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  b overage_bills;
begin
  a := credit_account(p_tenant);
  select * into b from overage_bills where tenant_id = p_tenant and ref = p_ref;
  if b.state is null or b.state <> all(p_from) then return false; end if;
  a := credit_unload(a);
  update overage_bills set state = p_to, changed_at = now() where tenant_id = p_tenant and ref = p_ref;
  if p_to in ('paid', 'void') then a.unpaid_micro := a.unpaid_micro - b.micro; end if;
  a.overage_suspended := (select max('unpaid') from overage_bills
    where tenant_id = p_tenant and state = 'failed');
  perform credit_keep(a, a.updated_at);
  return true;
end $$;

-- A statement was closed that bills so many µcr of overage, returns subtracted (negative when more was
-- given back than used). It is written down by its ref and changes nothing yet: what is billed is still
-- unpaid. False for a repeat, and for who has no account. A statement that is carried is not said: the one
-- by which it is collected bills both; one that is written off while it is carried is billed, then void.
create or replace function credit_overage_billed(p_tenant uuid, p_ref text, p_micro bigint)
returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
begin
  a := credit_account(p_tenant);
  if a.tenant_id is null then return false; end if;
  insert into overage_bills (tenant_id, ref, micro, state, billed_at, changed_at)
  values (p_tenant, p_ref, p_micro, 'billed', now(), now())
  on conflict do nothing;
  return found;
end $$;

-- It is paid: its µcr are unpaid no longer, so as much more may be used (within the cap), and with the
-- first and the second that are paid more may be unpaid at once. If it had failed and no other has, the
-- suspension is lifted: the next call may use overage again, without another consent if that is in force
-- still. False for a repeat, for a void one, and for a ref that nobody billed.
create or replace function credit_overage_paid(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$ select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed'], 'paid'); $$;

-- Its payment failed, or waits for the customer to confirm it: overage is suspended as 'unpaid', and what
-- it leaves is 0 from the next call on. Quota and grants go on, and what is held is settled. False for a
-- repeat, for one that is paid or void, and for a ref that nobody billed.
create or replace function credit_overage_failed(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$ select credit_overage_bill(p_tenant, p_ref, array['billed'], 'failed'); $$;

-- It will never be collected, for it was voided or written off: its µcr are unpaid
-- no longer, no trust comes of it, and a suspension for it is lifted when no other has failed. The cap
-- is not given back. False for a repeat, for one that is paid, and for a ref that nobody billed.
create or replace function credit_overage_void(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$ select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed'], 'void'); $$;
