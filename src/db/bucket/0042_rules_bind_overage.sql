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
  v_n := 1 + (select count(*) from overage_consents where tenant_id = p_tenant);
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

-- What overage takes of months of a team that may be limited, in minor units of the account's currency: what
-- was used and is held, each month's rounded up; and the cap in force, null while it is off.
create or replace function credit_overage_taken(
  p_tenant uuid, p_periods text[], out currency text, out cap_minor bigint, out taken_minor bigint[]
)
language plpgsql stable
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  v_period text;
begin
  select * into a from credit_accounts where tenant_id = p_tenant;
  currency := a.overage_currency;
  if a.overage_on then cap_minor := a.overage_cap_minor; end if;
  taken_minor := '{}';
  foreach v_period in array p_periods loop
    taken_minor := taken_minor || ceil(credit_spent(a, v_period, true) / 1000000)::bigint;
  end loop;
end $$;
