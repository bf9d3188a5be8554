-- A rule of the currency that an account had before saw nothing of the overage of that month.
drop function if exists credit_overage_taken(uuid, text[]);

-- What overage takes of months of a team that may be limited, in minor units of `p_currency` (null: the
-- account's): what was used and is held, each month's rounded up; and the account's currency, with the cap in
-- force in it, null while overage is off.
create or replace function credit_overage_taken(
  p_tenant uuid, p_periods text[], p_currency text default null,
  out currency text, out cap_minor bigint, out taken_minor bigint[]
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
  -- What is loaded is of the account's currency.
  if p_currency is not null and p_currency is distinct from a.overage_currency then
    a.overage_currency := p_currency;
    a.overage_period := null;
  end if;
  taken_minor := '{}';
  foreach v_period in array p_periods loop
    taken_minor := taken_minor || ceil(credit_spent(a, v_period, true) / 1000000)::bigint;
  end loop;
end $$;
