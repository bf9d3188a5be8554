-- Overage: credits that are used without a grant and billed afterwards, by consent, up to a cap in money a
-- month. It is the last source: the plan's quota, then the grants, then this.
--
-- Money is in minor units (fen, cents), a price is minor units a credit with 12 decimals, and µcr times a
-- price is a millionth of a minor unit, so that nothing here is ever rounded. What is taken of one month at
-- one price has a row of overage_periods. How much more may be taken is worked out from these rows, the cap
-- and what is unpaid, and is then *loaded*: it counts as used in its row and stands in the account as
-- `overage_left`, which calls draw from as they do from a head. It is put back whenever anything changes
-- that it was worked out from.

-- All of these or none, before anybody who waits for one of them takes us for a deadlock.
set local statement_timeout = 400;
lock table usage_tenants, credit_accounts, credit_draws, reservation_sources in access exclusive mode;
set local statement_timeout = 0;

-- What overage the plan sells: {currency, minorPerCredit}, and `suspended` with the reason while it must
-- not be used; {} where it sells none, null while nobody has said.
alter table usage_tenants add column if not exists overage jsonb;

-- What somebody has agreed to, and what is loaded. `overage_agreed` is the price that was agreed to, and
-- `overage_price` what it costs by now, which is never more. `overage_lapsed` says why the consent is over,
-- `overage_paused` that the subscription does not carry it now, `overage_suspended` that a bill is unpaid.
-- `unpaid_micro` is what was used and not paid, with what is loaded. `exposure_minor` is how much of it
-- there may be where an operator said; else it rises with each paid bill.
alter table credit_accounts
  add column if not exists overage_on boolean not null default false,
  add column if not exists overage_cap_minor bigint,
  add column if not exists overage_currency text,
  add column if not exists overage_agreed numeric(20, 12),
  add column if not exists overage_price numeric(20, 12),
  add column if not exists overage_lapsed text,
  add column if not exists overage_paused text,
  add column if not exists overage_suspended text,
  add column if not exists overage_alerts smallint[] not null default '{50,80,100}',
  add column if not exists overage_period text,
  add column if not exists overage_left bigint not null default 0,
  add column if not exists unpaid_micro bigint not null default 0,
  add column if not exists exposure_minor bigint;
alter table credit_accounts drop constraint if exists credit_accounts_overage;
alter table credit_accounts add constraint credit_accounts_overage
  check (overage_left >= 0 and (overage_period is not null or overage_left = 0)
    and (not overage_on or num_nonnulls(overage_cap_minor, overage_currency, overage_agreed,
      overage_price) = 4 and overage_price > 0)) not valid;
-- Whose statements may be due.
create index if not exists credit_accounts_overage_idx on credit_accounts (tenant_id) where overage_on;

-- A draw of kind `overage` has the price at which it is billed.
alter table credit_draws
  add column if not exists currency text,
  add column if not exists minor_per_credit numeric(20, 12);
alter table credit_draws
  drop constraint if exists credit_draws_kind,
  drop constraint if exists credit_draws_source,
  drop constraint if exists credit_draws_price;
alter table credit_draws
  add constraint credit_draws_kind check (kind in ('granted', 'grant', 'overage', 'uncovered', 'expired',
    'revoked')) not valid,
  add constraint credit_draws_source
    check ((grant_id is null) = (kind in ('overage', 'uncovered'))) not valid,
  add constraint credit_draws_price check ((kind = 'overage') = (minor_per_credit is not null)
    and (kind = 'overage') = (currency is not null)) not valid;

-- Without a grant it is overage of the reservation's month, at the price at which it was held.
alter table reservation_sources
  alter column grant_id drop not null,
  add column if not exists currency text,
  add column if not exists minor_per_credit numeric(20, 12);
alter table reservation_sources drop constraint if exists reservation_sources_price;
alter table reservation_sources add constraint reservation_sources_price
  check ((grant_id is null) = (minor_per_credit is not null)
    and (grant_id is null) = (currency is not null)) not valid;

-- What was taken of a month at one price. `used_micro` has what the account has loaded of it;
-- `held_micro` is what open reservations have. That all rows of a month stay under the cap is admission's
-- guard and no check, for a cap may be lowered below what is used. `cap_minor` is the largest cap by which
-- any of it was taken.
create table if not exists overage_periods (
  tenant_id uuid not null,
  period text not null,
  currency text not null,
  minor_per_credit numeric(20, 12) not null,
  cap_minor bigint not null,
  used_micro bigint not null default 0,
  held_micro bigint not null default 0,
  constraint overage_periods_pkey primary key (tenant_id, period, currency, minor_per_credit),
  constraint overage_periods_amounts check (used_micro >= 0 and held_micro >= 0)
) with (fillfactor = 40);

-- Who said that overage may be used, up to which cap a month and at which price, or that it may not:
-- append only. No draw of kind `overage` is without one before it.
create table if not exists overage_consents (
  tenant_id uuid not null,
  n int not null,
  is_on boolean not null,
  cap_minor bigint,
  currency text,
  minor_per_credit numeric(20, 12),
  alerts smallint[] not null,
  actor text not null,
  made_at timestamptz not null,
  constraint overage_consents_pkey primary key (tenant_id, n)
);

-- What statements bill of it, once a ref (see `credit_overage_billed`).
create table if not exists overage_bills (
  tenant_id uuid not null,
  ref text not null,
  micro bigint not null,
  state text not null,
  billed_at timestamptz not null,
  changed_at timestamptz not null,
  constraint overage_bills_pkey primary key (tenant_id, ref),
  constraint overage_bills_state check (state in ('billed', 'paid', 'failed', 'void'))
);

-- What the owner is to be told, once a ref: that 50, 80 or 100 percent of the cap are used, or that the
-- consent is over. `mail_due` until a mail about it is in the outbox, which is elsewhere.
create table if not exists overage_notices (
  tenant_id uuid not null,
  ref text not null,
  -- 0: the consent lapsed, for `reason`.
  percent smallint not null,
  period text not null,
  cap_minor bigint not null,
  currency text not null,
  reason text,
  made_at timestamptz not null,
  mail_due boolean not null,
  constraint overage_notices_pkey primary key (tenant_id, ref),
  constraint overage_notices_percent check (percent in (0, 50, 80, 100))
);
create index if not exists overage_notices_mail_due_idx on overage_notices (made_at) where mail_due;
