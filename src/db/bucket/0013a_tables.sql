-- Metering in the database: everything of one bucket.
--
-- A bucket is a schema. This file is run with the bucket's schema as its search path, makes what is
-- not there yet, and names no schema itself; its functions keep the path they were made with. So
-- the same text makes every bucket. Nothing here refers to anything outside of it: who the tenants
-- are and what they may use comes in by `usage_put_tenant` and `usage_put_plan`.
--
-- Functions on the hot path turn sequential scans off: their plans are kept, and one made while a
-- table was small would go on reading the whole of it. `limit 1` keeps a look-up a look-up, where
-- the planner would else join.
--
-- Words: a *group* is one (tenant, resource) of the batch's period, and has one row of usage_totals;
-- *held* is what open reservations keep from others.
--
-- Locks are taken in one order everywhere, so that no two of these can deadlock: usage_tenants by
-- id, then usage_totals by (tenant, period, resource), then reservations and keys below those rows.
--
-- So that a bucket may be a schema of Citus: nothing rests on the order of `returning`; an array's
-- element goes into a variable before an `update` sets it; a function that reads tables is never
-- called inside a query over tables. A test reads this file for it.

do $$ begin
  if to_regtype(format('%I.resource_type', current_schema())) is null then
    create type resource_type as enum ('llm_tokens', 'messages', 'images', 'api_calls');
    create type reservation_state as enum ('open', 'settled', 'released', 'expired');
  end if;
end $$;

-- What admission knows of a tenant: a copy, written with what it is a copy of. `limits` is resource →
-- units a month (null: unlimited); while only a part of a period of the plan is paid, `base_limits`
-- is the plan below and the share is what is paid. `version` rises with every change.
create table if not exists usage_tenants (
  tenant_id uuid not null,
  version bigint not null,
  plan text not null,
  limits jsonb not null,
  base_plan text,
  base_limits jsonb,
  share_from timestamptz,
  share_until timestamptz,
  deleted_at timestamptz,
  constraint usage_tenants_pkey primary key (tenant_id)
);

-- The ledger: append only, one row an accepted consumption or correction, one partition a month.
-- `id` tells rows apart and nothing else: it is no order of time, and may be larger than 2^53. It
-- has no foreign key on purpose: a check a row would double the cost of the hot path, and every row
-- is written together with its row of usage_totals.
create table if not exists usage (
  tenant_id uuid not null,
  -- YYYY-MM, UTC: the month in which the work started.
  period text not null,
  id bigserial not null,
  resource_type resource_type not null,
  -- Negative only in a correction.
  amount bigint not null,
  idempotency_key text,
  -- The reservation that this row settles.
  reservation_id uuid,
  metadata jsonb,
  -- Corrections only: who made it and why.
  actor text,
  reason text,
  -- When the work started, and when it was recorded.
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint usage_tenant_id_period_id_pk primary key (tenant_id, period, id),
  constraint usage_negative_only_as_correction
    check (amount > 0 or (amount < 0 and actor is not null and reason is not null))
) partition by list (period);
alter sequence usage_id_seq cache 64;

-- The counters. `used` is the sum of the ledger, `held` the sum of the open reservations. The limit
-- stands beside them (null: unlimited, 0: not included), so that admission reads it under the row's
-- lock. `day_used` is what of `used` started on `day`, the newest day of the month with usage; the
-- days before it are in usage_days. `threshold` is the highest recorded of this limit: 0, 80 or 100.
-- Counters are rewritten all the time: each page has room for the next version of a row.
create table if not exists usage_totals (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  used bigint not null default 0,
  held bigint not null default 0,
  "limit" bigint,
  day_used bigint not null default 0,
  updated_at timestamptz not null default now(),
  day smallint not null default 1,
  threshold smallint not null default 0,
  constraint usage_totals_tenant_id_period_resource_type_pk
    primary key (tenant_id, period, resource_type),
  constraint usage_totals_not_negative check (used >= 0 and held >= 0)
) with (fillfactor = 40);

-- The daily chart: what started on each day that is over. Written once a day, read from the index.
create table if not exists usage_days (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  day smallint not null,
  amount bigint not null,
  constraint usage_days_tenant_id_period_resource_type_day_pk
    primary key (tenant_id, period, resource_type, day) include (amount),
  constraint usage_days_totals_fk foreign key (tenant_id, period, resource_type)
    references usage_totals (tenant_id, period, resource_type),
  constraint usage_days_day check (day between 1 and 31)
);

-- A hold on the quota for work under way, until it is settled, released or expires. `begun_amount`
-- is what is owed when nobody settles it: set when the work began, raised as it goes on; null for
-- work whose beginning is not told. `used_after` and `remaining_after` are the counters right after
-- the settlement, so that settling again answers the same.
create table if not exists usage_reservations (
  tenant_id uuid not null,
  id uuid not null,
  period text not null,
  resource_type resource_type not null,
  amount bigint not null,
  state reservation_state not null default 'open',
  expires_at timestamptz not null,
  settled_amount bigint,
  used_after bigint,
  remaining_after bigint,
  metadata jsonb,
  -- When the work started.
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  begun_amount bigint,
  constraint usage_reservations_tenant_id_id_pk primary key (tenant_id, id),
  constraint usage_reservations_totals_fk foreign key (tenant_id, period, resource_type)
    references usage_totals (tenant_id, period, resource_type),
  constraint usage_reservations_amount check (amount > 0),
  constraint usage_reservations_begun_amount check (begun_amount >= 0),
  constraint usage_reservations_settled_whole
    check ((state = 'settled') = (settled_amount is not null)
      and (settled_amount is null or settled_amount >= 0)),
  constraint usage_reservations_closed_when_done check ((state = 'open') = (closed_at is null))
);
create index if not exists usage_reservations_open_idx
  on usage_reservations (tenant_id, period, resource_type) where state = 'open';
create index if not exists usage_reservations_expiry_idx
  on usage_reservations (expires_at) where state = 'open';
-- For pruning: old rows lie together, and keeping this costs next to nothing.
create index if not exists usage_reservations_closed_idx on usage_reservations using brin (closed_at);

-- The first answer to each key, for ever. Written in the transaction of what it answers. The
-- fingerprint is a hash of the body: the same key with another body is a conflict.
create table if not exists usage_idempotency (
  tenant_id uuid not null,
  key text not null,
  fingerprint bigint not null,
  accepted boolean not null,
  used bigint not null,
  "limit" bigint,
  remaining bigint,
  -- Set when the key made a reservation.
  reservation_id uuid,
  created_at timestamptz not null default now(),
  constraint usage_idempotency_tenant_id_key_pk primary key (tenant_id, key)
);

-- Crossings of 80 and 100 percent: once a tenant, resource, period and limit. `mail_due` until a mail
-- about it is in the outbox, which is elsewhere.
create table if not exists usage_thresholds (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  percent smallint not null,
  used bigint not null,
  "limit" bigint not null,
  crossed_at timestamptz not null,
  mail_due boolean not null default false,
  constraint usage_thresholds_pk primary key (tenant_id, period, resource_type, percent, "limit"),
  constraint usage_thresholds_percent check (percent in (80, 100))
);
create index if not exists usage_thresholds_mail_due_idx
  on usage_thresholds (crossed_at) where mail_due;

-- Months whose partition was written to a file and dropped; their totals stay.
create table if not exists usage_archives (
  period text not null,
  file text not null,
  sha256 text not null,
  rows bigint not null,
  archived_at timestamptz not null,
  constraint usage_archives_pkey primary key (period)
);
