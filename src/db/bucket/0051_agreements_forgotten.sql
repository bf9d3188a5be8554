-- Everything of it is run in each bucket.
-- Agreements under which nothing was used are forgotten in the end, so that the next one has a number behind the
-- last that is left, and not behind how many there are; and what agrees to nothing new is not written down.

-- Switches overage on, with a cap a month at the price that was shown, or off; each is a row of
-- overage_consents, but for switching off what is off as it is. Answers null, or why nothing was changed:
-- `not_offered`, `paused` where the subscription does not carry it now, `consent_stale` where the price or
-- the currency is another by now.
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
  a := credit_account(p_tenant);
  if not p_on and not a.overage_on and a.overage_lapsed is null and a.overage_alerts = p_alerts
    and a.overage_cap_minor is not distinct from coalesce(p_cap_minor, a.overage_cap_minor)
  then
    return null;
  end if;
  a := credit_unload(a);
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
  v_n := 1 + coalesce((select max(n) from overage_consents where tenant_id = p_tenant), 0);
  insert into overage_consents (tenant_id, n, is_on, cap_minor, currency, minor_per_credit, alerts,
    actor, made_at)
  values (p_tenant, v_n, p_on, a.overage_cap_minor, a.overage_currency, a.overage_agreed, p_alerts,
    p_actor, p_now);
  perform credit_keep(a, p_now);
  return null;
end $$;

-- Lowers what somebody agreed to, for a spending rule leaves no more of the month: the cap, or with 0 the
-- consent, which is over then. What is used and held stays; the owner is told. Answers the cap before, null
-- where nothing had to be lowered.
create or replace function credit_overage_bound(
  p_tenant uuid, p_cap_minor bigint, p_actor text, p_period text, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  v_before bigint;
  v_n int;
begin
  a := credit_account(p_tenant);
  if a.overage_on is not true or p_cap_minor > 0 and a.overage_cap_minor <= p_cap_minor then
    return null;
  end if;
  a := credit_unload(a);
  v_before := a.overage_cap_minor;
  if p_cap_minor > 0 then
    a.overage_cap_minor := p_cap_minor;
  else
    a.overage_on := false;
    a.overage_lapsed := 'spending_rule';
  end if;
  v_n := 1 + coalesce((select max(n) from overage_consents where tenant_id = p_tenant), 0);
  insert into overage_consents (tenant_id, n, is_on, cap_minor, currency, minor_per_credit, alerts,
    actor, made_at)
  values (p_tenant, v_n, a.overage_on, a.overage_cap_minor, a.overage_currency, a.overage_agreed,
    a.overage_alerts, p_actor, p_now);
  insert into overage_notices (tenant_id, ref, percent, period, cap_minor, currency, reason, made_at,
    mail_due)
  values (p_tenant, 'rule/' || v_n, 0, p_period, p_cap_minor, a.overage_currency, 'spending_rule',
    p_now, true)
  on conflict do nothing;
  perform credit_keep(a, p_now);
  return v_before;
end $$;
