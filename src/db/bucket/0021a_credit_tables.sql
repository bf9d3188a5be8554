-- Credits: what buys units beyond a month's quota. 1 credit is 1,000,000 microcredits (µcr), and
-- every amount is whole µcr. Order of drawing: the plan's quota, then grants by (expires_at, class,
-- effective_at, id).
--
-- The *head* is the grant that is being drawn now. Its remainder stands in the account and nowhere
-- else, so a call beyond the quota changes one row more than a call within it; which grant comes next
-- is decided when the head runs dry or its time is over.
--
-- Locks follow those of metering: counters, then credit_accounts by tenant, then grants, draws,
-- reservations and keys below them.

-- All of these or none, before anybody who waits for one of them takes us for a deadlock.
set local statement_timeout = 400;
lock table usage_tenants, usage_totals, usage_reservations, usage in access exclusive mode;
set local statement_timeout = 0;

-- Resource → µcr a unit beyond the quota; what is not named has none: its quota is a hard limit.
alter table usage_tenants add column if not exists rates jsonb not null default '{}';

-- `beyond` is what of `used` the quota did not pay, `held_beyond` what of `held` it would not.
-- `spilled` is what the last write put beyond: the row alone cannot say whether a batch that ends at
-- the limit filled it or passed it. `rate_micro` is rewritten beside the limit. The check is not
-- asked of old rows, which are zeros: that would read the whole table under its lock.
alter table usage_totals
  add column if not exists beyond bigint not null default 0,
  add column if not exists held_beyond bigint not null default 0,
  add column if not exists spilled bigint not null default 0,
  add column if not exists rate_micro bigint;
alter table usage_totals drop constraint if exists usage_totals_beyond;
alter table usage_totals add constraint usage_totals_beyond
  check (beyond between 0 and used and held_beyond between 0 and held) not valid;

-- Which draws paid an entry; null: all from the quota.
alter table usage
  add column if not exists draw_seq bigint,
  add column if not exists draw_count smallint;

-- What of a hold is of the quota (null: all), and at which rate the rest is.
alter table usage_reservations
  add column if not exists plan_units bigint,
  add column if not exists rate_micro bigint;

-- A tenant's credits, from its first grant on. The head is valid while now < head_until, which is its
-- expiry or the instant at which a grant to come may be drawn before it; 'infinity' without a head:
-- there is nothing to draw. `last_seq` is the number of the last draw.
create table if not exists credit_accounts (
  tenant_id uuid not null,
  head_grant uuid,
  head_left bigint not null default 0,
  head_until timestamptz not null default '-infinity',
  last_seq bigint not null default 0,
  updated_at timestamptz not null,
  constraint credit_accounts_pkey primary key (tenant_id),
  constraint credit_accounts_head
    check (head_left >= 0 and (head_grant is not null or head_left = 0))
) with (fillfactor = 40);

-- A grant of credits; one an origin and ref, for ever. `class` 0 is promotional and is drawn before 1,
-- paid. `left_micro` is 0 while it is the head; `held_micro` is what open reservations have of it, and
-- `revoke_due_micro` what of that is revoked as soon as it comes back.
create table if not exists credit_grants (
  tenant_id uuid not null,
  id uuid not null,
  origin text not null,
  origin_ref text not null,
  class smallint not null,
  amount_micro bigint not null,
  left_micro bigint not null,
  held_micro bigint not null default 0,
  revoke_due_micro bigint not null default 0,
  effective_at timestamptz not null,
  expires_at timestamptz not null,
  frozen_at timestamptz,
  revoked_at timestamptz,
  actor text not null,
  reason text not null,
  created_at timestamptz not null,
  constraint credit_grants_tenant_id_id_pk primary key (tenant_id, id),
  constraint credit_grants_once unique (tenant_id, origin, origin_ref),
  constraint credit_grants_origin
    check (origin in ('purchase', 'promotion', 'goodwill', 'migration')),
  constraint credit_grants_class check (class in (0, 1)),
  constraint credit_grants_times check (effective_at < expires_at),
  constraint credit_grants_amounts check (amount_micro > 0 and left_micro >= 0 and held_micro >= 0
    and left_micro + held_micro <= amount_micro and revoke_due_micro between 0 and held_micro)
);
create index if not exists credit_grants_order_idx
  on credit_grants (tenant_id, expires_at, class, effective_at, id) where left_micro > 0;

-- Every movement of credits, numbered by tenant without a gap: append only. `micro` is what was taken;
-- negative for what came in ('granted') and for what a return gave back, which is the same kind with
-- the sign turned and `reverses_seq`. 'uncovered' was used though no grant could pay it, and takes
-- nothing. A charge that several grants pay is several rows, its units on the first.
create table if not exists credit_draws (
  tenant_id uuid not null,
  seq bigint not null,
  -- The month of the work; of what is no work, the month in which it happened.
  period text not null,
  kind text not null,
  grant_id uuid,
  resource_type resource_type,
  rate_micro bigint,
  units bigint not null default 0,
  micro bigint not null,
  reverses_seq bigint,
  drawn_at timestamptz not null,
  constraint credit_draws_tenant_id_seq_pk primary key (tenant_id, seq),
  constraint credit_draws_kind
    check (kind in ('granted', 'grant', 'uncovered', 'expired', 'revoked')),
  constraint credit_draws_source check ((grant_id is null) = (kind = 'uncovered')),
  constraint credit_draws_use
    check ((resource_type is null) = (kind in ('granted', 'expired', 'revoked')))
);
create index if not exists credit_draws_reverses_idx
  on credit_draws (tenant_id, reverses_seq) where reverses_seq is not null;

-- What somebody did to a grant, once a verb and ref: a repeat is answered as the first time.
create table if not exists credit_changes (
  tenant_id uuid not null,
  verb text not null,
  ref text not null,
  grant_id uuid not null,
  revoked_micro bigint,
  pending_micro bigint,
  shortfall_micro bigint,
  actor text not null,
  reason text not null,
  made_at timestamptz not null,
  constraint credit_changes_pkey primary key (tenant_id, verb, ref),
  constraint credit_changes_verb check (verb in ('revoke', 'freeze', 'unfreeze'))
);

-- What an open reservation holds of grants, in the order in which they would be drawn.
create table if not exists reservation_sources (
  tenant_id uuid not null,
  reservation_id uuid not null,
  n smallint not null,
  grant_id uuid not null,
  micro bigint not null,
  constraint reservation_sources_pkey primary key (tenant_id, reservation_id, n),
  constraint reservation_sources_micro check (micro > 0)
);
