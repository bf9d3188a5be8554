create type actor_kind as enum ('user', 'api_key', 'service', 'webhook', 'system');

create type billing_interval as enum ('month', 'year');

create type checkout_status as enum ('open', 'complete', 'expired');

create type intent_state as enum ('open', 'waiting', 'done', 'taken_back', 'replaced', 'stuck');

create type invoice_status as enum ('draft', 'open', 'paid', 'uncollectible', 'void');

create type plan as enum ('free', 'pro', 'team');

create type purchase_state as enum ('wanted', 'open', 'needs_action', 'processing', 'paid', 'granted', 'failed', 'expired', 'partly_refunded', 'refunded', 'disputed');

create type remedy_state as enum ('open', 'done', 'noted');

create type statement_kind as enum ('threshold', 'month', 'final', 'late');

create type statement_state as enum ('closed', 'carried', 'invoicing', 'open', 'paid', 'failed', 'uncollectible', 'void', 'written_off');

create type status as enum ('active', 'canceled', 'past_due', 'trialing');

create type stripe_event_state as enum ('received', 'processed', 'ignored', 'dead');

create type user_role as enum ('owner', 'admin', 'member');

create domain reservation_state as u00.reservation_state;

create domain resource_type as u00.resource_type;

create table alerts (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid,
  kind text not null,
  subject_id text not null,
  message text not null,
  details jsonb default '{}'::jsonb not null,
  count integer default 1 not null,
  raised_at timestamp with time zone not null,
  last_raised_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table api_keys (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  user_id uuid not null,
  name text not null,
  prefix text not null,
  key_hash text not null,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  scopes text[],
  expires_at timestamp with time zone,
  constraint "api_keys_keyHash_unique" UNIQUE (key_hash),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE,
  constraint api_keys_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table audit_log (
  id bigint generated always as identity not null,
  tenant_id uuid,
  actor_kind actor_kind not null,
  actor_id text,
  action text not null,
  subject_id text,
  before jsonb,
  after jsonb,
  cause text,
  request_id text,
  created_at timestamp with time zone default now() not null,
  constraint audit_log_pkey PRIMARY KEY (id),
  constraint audit_log_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table auto_top_ups (
  tenant_id uuid not null,
  enabled boolean not null,
  pack_id text not null,
  low_credits integer not null,
  month_max_minor bigint not null,
  time_zone text not null,
  amount_minor bigint not null,
  currency text not null,
  credits integer not null,
  agreed_by uuid,
  agreed_at timestamp with time zone not null,
  paused text,
  paused_method text,
  changed_at timestamp with time zone not null,
  valid_days integer,
  constraint auto_top_ups_agreed_by_users_id_fk FOREIGN KEY (agreed_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint auto_top_ups_amounts CHECK (((low_credits > 0) AND (low_credits <= credits) AND (amount_minor > 0) AND (month_max_minor >= amount_minor))),
  constraint auto_top_ups_pkey PRIMARY KEY (tenant_id),
  constraint auto_top_ups_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table billing_intents (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  goal jsonb not null,
  origin jsonb not null,
  state intent_state default 'open'::intent_state not null,
  actor_id text not null,
  request_id text,
  attempts integer default 0 not null,
  last_error text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
  found_out_at timestamp with time zone,
  constraint billing_intents_pkey PRIMARY KEY (id),
  constraint billing_intents_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table business_changes (
  id bigint generated always as identity not null,
  month text not null,
  currency text not null,
  name text not null,
  minor bigint not null,
  count bigint not null,
  constraint business_changes_pkey PRIMARY KEY (id)
);

create table business_months (
  month text not null,
  currency text not null,
  name text not null,
  minor bigint not null,
  count bigint not null,
  constraint business_months_month_currency_name_pk PRIMARY KEY (month, currency, name)
);

create table character_reports (
  character_id uuid not null,
  user_id uuid not null,
  reason text not null,
  created_at timestamp with time zone default now() not null,
  constraint character_reports_character_id_characters_id_fk FOREIGN KEY (character_id) REFERENCES characters(id) ON DELETE CASCADE,
  constraint character_reports_character_id_user_id_pk PRIMARY KEY (character_id, user_id),
  constraint character_reports_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table characters (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid,
  created_by uuid,
  name text not null,
  description text not null,
  greeting text not null,
  shared boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  hidden_at timestamp with time zone,
  constraint characters_created_by_users_id_fk FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint characters_pkey PRIMARY KEY (id),
  constraint characters_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table checkout_sessions (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  user_id uuid,
  stripe_session_id text not null,
  stripe_price_id text not null,
  url text not null,
  status checkout_status default 'open'::checkout_status not null,
  expires_at timestamp with time zone not null,
  completed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  traceparent text,
  constraint checkout_sessions_pkey PRIMARY KEY (id),
  constraint "checkout_sessions_stripeSessionId_unique" UNIQUE (stripe_session_id),
  constraint checkout_sessions_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint checkout_sessions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
);

create table conversation_turns (
  id uuid default gen_random_uuid() not null,
  conversation_id uuid not null,
  "position" bigint generated always as identity not null,
  who text not null,
  kind text not null,
  text text not null,
  state text not null,
  created_at timestamp with time zone default now() not null,
  constraint conversation_turns_conversation_id_conversations_id_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  constraint conversation_turns_kind CHECK ((kind = ANY (ARRAY['text'::text, 'image'::text]))),
  constraint conversation_turns_pkey PRIMARY KEY (id),
  constraint conversation_turns_state CHECK ((state = ANY (ARRAY['done'::text, 'streaming'::text, 'stopped'::text, 'broken'::text]))),
  constraint conversation_turns_who CHECK ((who = ANY (ARRAY['reader'::text, 'character'::text])))
);

create table conversations (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  user_id uuid not null,
  character_id uuid,
  character_name text,
  greeting text,
  title text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint conversations_character_id_characters_id_fk FOREIGN KEY (character_id) REFERENCES characters(id) ON DELETE SET NULL,
  constraint conversations_pkey PRIMARY KEY (id),
  constraint conversations_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE,
  constraint conversations_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table credit_pack_prices (
  stripe_price_id text not null,
  pack_id text not null,
  version integer not null,
  bound_at timestamp with time zone not null,
  constraint credit_pack_prices_pack_id_version_credit_packs_id_version_fk FOREIGN KEY (pack_id, version) REFERENCES credit_packs(id, version),
  constraint credit_pack_prices_pkey PRIMARY KEY (stripe_price_id)
);

create table credit_packs (
  id text not null,
  version integer not null,
  credits integer not null,
  bonus integer not null,
  valid_days integer not null,
  amounts jsonb not null,
  active boolean not null,
  published_at timestamp with time zone not null,
  constraint credit_packs_amounts CHECK (((version > 0) AND (credits > 0) AND (bonus >= 0) AND (valid_days > 0))),
  constraint credit_packs_id_version_pk PRIMARY KEY (id, version)
);

create table credit_purchases (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  user_id uuid,
  pack_id text not null,
  pack_version integer not null,
  state purchase_state default 'wanted'::purchase_state not null,
  credits integer not null,
  bonus integer not null,
  valid_days integer not null,
  amount_minor bigint not null,
  currency text not null,
  stripe_customer_id text not null,
  stripe_price_id text not null,
  locale text not null,
  stripe_session_id text,
  url text,
  expires_at timestamp with time zone not null,
  stripe_payment_intent_id text,
  stripe_invoice_id text,
  paid_at timestamp with time zone,
  credits_expire_at timestamp with time zone,
  refunded_minor bigint default 0 not null,
  refund_pending_minor bigint default 0 not null,
  shortfall_micro bigint default 0 not null,
  dispute_status text,
  taken_back jsonb default '{}'::jsonb not null,
  frozen_at timestamp with time zone,
  freezes integer default 0 not null,
  refund_asked_at timestamp with time zone,
  refund_asked_minor bigint,
  refund_asked_micro bigint,
  refunds_asked integer default 0 not null,
  look_at timestamp with time zone,
  look_attempts integer default 0 not null,
  last_error text,
  created_at timestamp with time zone default now() not null,
  synced_at timestamp with time zone,
  trigger text default 'user'::text not null,
  charged_minor bigint,
  left_minor bigint,
  constraint credit_purchases_amounts CHECK (((amount_minor > 0) AND (refunded_minor >= 0) AND (refund_pending_minor >= 0) AND (shortfall_micro >= 0))),
  constraint credit_purchases_currency_lower CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint credit_purchases_pack_id_pack_version_credit_packs_id_version_f FOREIGN KEY (pack_id, pack_version) REFERENCES credit_packs(id, version),
  constraint credit_purchases_pkey PRIMARY KEY (id),
  constraint "credit_purchases_stripeInvoiceId_unique" UNIQUE (stripe_invoice_id),
  constraint "credit_purchases_stripePaymentIntentId_unique" UNIQUE (stripe_payment_intent_id),
  constraint "credit_purchases_stripeSessionId_unique" UNIQUE (stripe_session_id),
  constraint credit_purchases_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint credit_purchases_trigger CHECK ((trigger = ANY (ARRAY['user'::text, 'auto'::text]))),
  constraint credit_purchases_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
);

create table invitations (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  email text not null,
  role user_role not null,
  state text default 'open'::text not null,
  link_id uuid not null,
  token_hash text not null,
  mails integer default 1 not null,
  invited_by uuid,
  expires_at timestamp with time zone not null,
  settled_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  constraint invitations_email_lower CHECK ((email = lower(email))),
  constraint invitations_invited_by_users_id_fk FOREIGN KEY (invited_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint invitations_pkey PRIMARY KEY (id),
  constraint invitations_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'revoked'::text]))),
  constraint invitations_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE,
  constraint "invitations_tokenHash_unique" UNIQUE (token_hash)
);

create table known_addresses (
  user_id uuid not null,
  address_hash text not null,
  last_used_at timestamp with time zone not null,
  constraint known_addresses_user_id_address_hash_pk PRIMARY KEY (user_id, address_hash),
  constraint known_addresses_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table mail_outbox (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  kind text not null,
  subject_id text not null,
  attempt integer default 0 not null,
  recipient text not null,
  locale text not null,
  data jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  sent_at timestamp with time zone,
  send_attempts integer default 0 not null,
  next_send_at timestamp with time zone,
  last_error text,
  failed_at timestamp with time zone,
  time_zone text,
  resends integer default 0 not null,
  constraint mail_outbox_attempts CHECK (((attempt >= 0) AND (send_attempts >= 0))),
  constraint mail_outbox_once UNIQUE (kind, subject_id, attempt),
  constraint mail_outbox_pkey PRIMARY KEY (id),
  constraint mail_outbox_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table mailed_links (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  purpose text not null,
  token_hash text not null,
  email text not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  constraint mailed_links_email_lower CHECK ((email = lower(email))),
  constraint mailed_links_pkey PRIMARY KEY (id),
  constraint "mailed_links_tokenHash_unique" UNIQUE (token_hash),
  constraint mailed_links_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table memberships (
  tenant_id uuid not null,
  user_id uuid not null,
  role user_role not null,
  has_seat boolean default true not null,
  joined_at timestamp with time zone not null,
  chosen_at timestamp with time zone,
  constraint memberships_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE,
  constraint memberships_tenant_id_user_id_pk PRIMARY KEY (tenant_id, user_id),
  constraint memberships_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table metering_buckets (
  number smallint not null,
  created_at timestamp with time zone default now() not null,
  node text,
  away_since timestamp with time zone,
  migrated_to text,
  constraint metering_buckets_pkey PRIMARY KEY (number)
);

create table metering_copies (
  tenant_id uuid not null,
  version bigint not null,
  due_since timestamp with time zone default now() not null,
  changed_at timestamp with time zone,
  constraint metering_copies_pkey PRIMARY KEY (tenant_id)
);

create table metering_corrections (
  id uuid not null,
  tenant_id uuid not null,
  request jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint metering_corrections_pkey PRIMARY KEY (id)
);

create table mrr_movements (
  id bigint generated always as identity not null,
  tenant_id uuid not null,
  at timestamp with time zone not null,
  kind text not null,
  currency text not null,
  before_minor bigint not null,
  after_minor bigint not null,
  constraint mrr_movements_amounts CHECK (((before_minor >= 0) AND (after_minor >= 0) AND (before_minor <> after_minor))),
  constraint mrr_movements_kind CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn'::text, 'reactivation'::text]))),
  constraint mrr_movements_pkey PRIMARY KEY (id),
  constraint mrr_movements_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table operator_sessions (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  token_hash text not null,
  credentials_mark text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  last_used_at timestamp with time zone not null,
  constraint operator_sessions_pkey PRIMARY KEY (id),
  constraint "operator_sessions_tokenHash_unique" UNIQUE (token_hash),
  constraint operator_sessions_user_id_operators_user_id_fk FOREIGN KEY (user_id) REFERENCES operators(user_id) ON DELETE CASCADE
);

create table operators (
  user_id uuid not null,
  granted_by text not null,
  granted_at timestamp with time zone not null,
  constraint operators_pkey PRIMARY KEY (user_id),
  constraint operators_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table password_requests (
  id uuid default gen_random_uuid() not null,
  email text not null,
  created_at timestamp with time zone default now() not null,
  constraint password_requests_pkey PRIMARY KEY (id)
);

create table payments (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  subscription_id uuid,
  stripe_invoice_id text not null,
  stripe_subscription_id text,
  stripe_customer_id text not null,
  stripe_payment_intent_id text,
  stripe_charge_id text,
  number text,
  status invoice_status not null,
  amount_due_minor bigint default 0 not null,
  amount_paid_minor bigint default 0 not null,
  amount_remaining_minor bigint default 0 not null,
  amount_refunded_minor bigint default 0 not null,
  tax_minor bigint default 0 not null,
  currency text not null,
  reason text,
  period_start timestamp with time zone,
  period_end timestamp with time zone,
  paid_at timestamp with time zone,
  attempt_count integer default 0 not null,
  next_attempt_at timestamp with time zone,
  failure_code text,
  failure_message text,
  hosted_invoice_url text,
  invoice_pdf text,
  created_at timestamp with time zone default now() not null,
  synced_at timestamp with time zone not null,
  dispute_status text,
  disputed_minor bigint default 0 not null,
  total_minor bigint,
  from_balance_minor bigint default 0 not null,
  constraint payments_amounts CHECK (((amount_paid_minor >= 0) AND (from_balance_minor >= 0) AND ((amount_refunded_minor >= 0) AND (amount_refunded_minor <= (amount_paid_minor + from_balance_minor))))),
  constraint payments_currency_lower CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint payments_pkey PRIMARY KEY (id),
  constraint "payments_stripeInvoiceId_unique" UNIQUE (stripe_invoice_id),
  constraint payments_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id) ON DELETE SET NULL,
  constraint payments_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table plan_announcements (
  plan plan not null,
  version integer not null,
  announced_at timestamp with time zone not null,
  effective_at timestamp with time zone not null,
  carried_at timestamp with time zone,
  called_off_at timestamp with time zone,
  constraint plan_announcements_end CHECK (((carried_at IS NULL) OR (called_off_at IS NULL))),
  constraint plan_announcements_notice CHECK ((effective_at >= (announced_at + '720:00:00'::interval))),
  constraint plan_announcements_plan_version_pk PRIMARY KEY (plan, version),
  constraint plan_announcements_plan_version_plan_versions_plan_version_fk FOREIGN KEY (plan, version) REFERENCES plan_versions(plan, version)
);

create table plan_limits (
  plan plan not null,
  resource_type u00.resource_type not null,
  "limit" bigint,
  constraint plan_limits_not_negative CHECK (("limit" >= 0)),
  constraint plan_limits_plan_resource_type_pk PRIMARY KEY (plan, resource_type)
);

create table plan_prices (
  stripe_price_id text not null,
  plan plan not null,
  version integer not null,
  bound_at timestamp with time zone not null,
  constraint plan_prices_pkey PRIMARY KEY (stripe_price_id),
  constraint plan_prices_plan_version_plan_versions_plan_version_fk FOREIGN KEY (plan, version) REFERENCES plan_versions(plan, version)
);

create table plan_versions (
  plan plan not null,
  version integer not null,
  name text not null,
  features jsonb not null,
  limits jsonb not null,
  published_at timestamp with time zone not null,
  carried_at timestamp with time zone,
  rates jsonb default '{}'::jsonb not null,
  seats integer not null,
  overage jsonb default '{}'::jsonb not null,
  rollover jsonb default '{}'::jsonb not null,
  constraint plan_versions_plan_version_pk PRIMARY KEY (plan, version),
  constraint plan_versions_seats CHECK ((seats > 0)),
  constraint plan_versions_version CHECK ((version > 0))
);

create table rate_cards (
  version integer not null,
  effective_at timestamp with time zone not null,
  weights jsonb not null,
  published_at timestamp with time zone not null,
  constraint rate_cards_pkey PRIMARY KEY (version),
  constraint rate_cards_version CHECK ((version > 0))
);

create table rate_limits (
  key text not null,
  points integer default 0 not null,
  expire bigint,
  constraint rate_limits_pkey PRIMARY KEY (key)
);

create table reconcile_runs (
  id bigint generated always as identity not null,
  trigger text not null,
  begun_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  customers integer default 0 not null,
  mended_count integer default 0 not null,
  mended jsonb default '[]'::jsonb not null,
  failed_count integer default 0 not null,
  failed jsonb default '[]'::jsonb not null,
  error text,
  constraint reconcile_runs_pkey PRIMARY KEY (id),
  constraint reconcile_runs_trigger CHECK ((trigger = ANY (ARRAY['schedule'::text, 'hand'::text])))
);

create table refresh_tokens (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  family_id uuid not null,
  token_hash text not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  user_agent text,
  address text,
  tenant_id uuid,
  constraint refresh_tokens_pkey PRIMARY KEY (id),
  constraint refresh_tokens_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE SET NULL,
  constraint "refresh_tokens_tokenHash_unique" UNIQUE (token_hash),
  constraint refresh_tokens_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table refunds (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  payment_id uuid,
  stripe_refund_id text not null,
  stripe_charge_id text,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  reason text,
  created_at timestamp with time zone default now() not null,
  synced_at timestamp with time zone not null,
  constraint refunds_amount_positive CHECK ((amount_minor > 0)),
  constraint refunds_payment_id_payments_id_fk FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint refunds_pkey PRIMARY KEY (id),
  constraint "refunds_stripeRefundId_unique" UNIQUE (stripe_refund_id),
  constraint refunds_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table remedies (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  kind text not null,
  subject_id text not null,
  cause text not null,
  state remedy_state not null,
  details jsonb default '{}'::jsonb not null,
  attempts integer default 0 not null,
  last_error text,
  next_attempt_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  done_at timestamp with time zone,
  constraint remedies_once UNIQUE (kind, subject_id),
  constraint remedies_pkey PRIMARY KEY (id),
  constraint remedies_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table second_factors (
  user_id uuid not null,
  sealed_secret text not null,
  last_step bigint default 0 not null,
  recovery_hashes text[] default '{}'::text[] not null,
  created_at timestamp with time zone default now() not null,
  confirmed_at timestamp with time zone,
  constraint second_factors_pkey PRIMARY KEY (user_id),
  constraint second_factors_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table settings (
  key text not null,
  value jsonb not null,
  updated_at timestamp with time zone default now() not null,
  constraint settings_pkey PRIMARY KEY (key)
);

create table spending_rules (
  tenant_id uuid not null,
  preset text not null,
  currency text,
  time_zone text not null,
  single_max_minor bigint,
  day_max_minor bigint,
  month_max_minor bigint,
  next jsonb,
  next_at timestamp with time zone,
  set_by uuid,
  set_at timestamp with time zone not null,
  constraint spending_rules_maxima CHECK (((COALESCE(single_max_minor, (0)::bigint) >= 0) AND (COALESCE(day_max_minor, (0)::bigint) >= 0) AND (COALESCE(month_max_minor, (0)::bigint) >= 0) AND (num_nonnulls(next, next_at) <> 1))),
  constraint spending_rules_pkey PRIMARY KEY (tenant_id),
  constraint spending_rules_set_by_users_id_fk FOREIGN KEY (set_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint spending_rules_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table statement_lines (
  tenant_id uuid not null,
  statement_id uuid not null,
  n integer not null,
  period text not null,
  resource_type text not null,
  rate_micro bigint not null,
  minor_per_credit numeric(20,12) not null,
  units bigint not null,
  micro bigint not null,
  micro_before bigint not null,
  amount_minor bigint not null,
  description text not null,
  details jsonb default '[]'::jsonb not null,
  constraint statement_lines_statement_id_n_pk PRIMARY KEY (statement_id, n),
  constraint statement_lines_statement_id_statements_id_fk FOREIGN KEY (statement_id) REFERENCES statements(id),
  constraint statement_lines_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table statements (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  kind statement_kind not null,
  period text not null,
  seq_from bigint not null,
  seq_to bigint not null,
  state statement_state not null,
  currency text not null,
  amount_minor bigint not null,
  carried_in_minor bigint not null,
  micro bigint not null,
  rows bigint not null,
  sha256 text not null,
  previous_sha256 text not null,
  closed_at timestamp with time zone not null,
  held_at timestamp with time zone,
  write_off_asked_at timestamp with time zone,
  stripe_customer_id text,
  stripe_invoice_id text,
  invoice_number text,
  hosted_invoice_url text,
  action_required boolean default false not null,
  next_attempt_at timestamp with time zone,
  settled_at timestamp with time zone,
  told text,
  look_at timestamp with time zone,
  look_attempts integer default 0 not null,
  last_error text,
  synced_at timestamp with time zone,
  proof_format smallint default 1 not null,
  constraint statements_currency_lower CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint statements_from UNIQUE (tenant_id, seq_from),
  constraint statements_pkey PRIMARY KEY (id),
  constraint statements_run CHECK (((seq_from > 0) AND (seq_to = ((seq_from + rows) - 1)))),
  constraint "statements_stripeInvoiceId_unique" UNIQUE (stripe_invoice_id),
  constraint statements_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint statements_told CHECK ((told = ANY (ARRAY['billed'::text, 'paid'::text, 'returned'::text, 'lost'::text, 'failed'::text, 'uncollectible'::text, 'void'::text])))
);

create table stripe_events (
  id text not null,
  type text not null,
  object_id text,
  stripe_customer_id text,
  api_version text,
  livemode boolean not null,
  payload jsonb not null,
  stripe_created_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  state stripe_event_state default 'received'::stripe_event_state not null,
  attempts integer default 0 not null,
  last_error text,
  next_attempt_at timestamp with time zone,
  processed_at timestamp with time zone,
  constraint stripe_events_pkey PRIMARY KEY (id),
  constraint stripe_events_processed_when_done CHECK (((state = ANY (ARRAY['processed'::stripe_event_state, 'ignored'::stripe_event_state])) = (processed_at IS NOT NULL)))
);

create table subscriptions (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  plan plan not null,
  status status not null,
  stripe_status text not null,
  stripe_subscription_id text not null,
  stripe_customer_id text not null,
  stripe_price_id text not null,
  stripe_item_id text,
  "interval" billing_interval,
  current_period_start timestamp with time zone,
  current_period_end timestamp with time zone,
  cancel_at_period_end boolean default false not null,
  cancel_at timestamp with time zone,
  canceled_at timestamp with time zone,
  ended_at timestamp with time zone,
  trial_end timestamp with time zone,
  past_due_since timestamp with time zone,
  scheduled_plan plan,
  scheduled_price_id text,
  scheduled_at timestamp with time zone,
  stripe_schedule_id text,
  latest_invoice_id text,
  default_payment_method_id text,
  card_brand text,
  card_last4 text,
  card_exp_month smallint,
  card_exp_year smallint,
  stripe_created_at timestamp with time zone,
  synced_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  next_invoice_minor bigint,
  next_invoice_currency text,
  next_invoice_at timestamp with time zone,
  pending_plan plan,
  pending_price_id text,
  pending_until timestamp with time zone,
  pause_reason text,
  pause_ends_at timestamp with time zone,
  raised_from plan,
  raised_at timestamp with time zone,
  raised_until timestamp with time zone,
  plan_version integer,
  raised_from_version integer,
  grace_until timestamp with time zone,
  grace_for timestamp with time zone,
  constraint subscriptions_period_order CHECK (((current_period_start IS NULL) OR (current_period_end > current_period_start))),
  constraint subscriptions_pkey PRIMARY KEY (id),
  constraint subscriptions_schedule_whole CHECK ((num_nonnulls(scheduled_plan, scheduled_price_id, scheduled_at) = ANY (ARRAY[0, 3]))),
  constraint "subscriptions_stripeSubscriptionId_unique" UNIQUE (stripe_subscription_id),
  constraint subscriptions_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table sync_failures (
  stripe_customer_id text not null,
  attempts integer not null,
  error text not null,
  failed_at timestamp with time zone not null,
  retry_at timestamp with time zone not null,
  constraint sync_failures_pkey PRIMARY KEY (stripe_customer_id)
);

create table tenants (
  id uuid default gen_random_uuid() not null,
  name text not null,
  plan plan default 'free'::plan not null,
  subscription_id uuid,
  stripe_customer_id text,
  trial_used_at timestamp with time zone,
  synced_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  deleted_at timestamp with time zone,
  base_plan plan,
  share_from timestamp with time zone,
  share_until timestamp with time zone,
  credits jsonb default '[]'::jsonb not null,
  entitlement_version bigint default 1 not null,
  contact_changed_at timestamp with time zone,
  usage_bucket smallint default 0 not null,
  plan_version integer,
  base_plan_version integer,
  billing_email text,
  overage_currency text,
  overage_suspended text,
  constraint tenants_pkey PRIMARY KEY (id),
  constraint "tenants_stripeCustomerId_unique" UNIQUE (stripe_customer_id),
  constraint tenants_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id) ON DELETE SET NULL
);

create table trial_uses (
  kind text not null,
  hash text not null,
  stripe_subscription_id text not null,
  used_at timestamp with time zone not null,
  constraint trial_uses_kind_hash_pk PRIMARY KEY (kind, hash)
);

create table users (
  id uuid default gen_random_uuid() not null,
  tenant_id uuid not null,
  email text not null,
  password_hash text not null,
  display_name text not null,
  role user_role default 'member'::user_role not null,
  locale text default 'zh-CN'::text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  email_verified_at timestamp with time zone,
  unverified_messages integer default 0 not null,
  time_zone text,
  muted_mails text[] default '{}'::text[] not null,
  constraint users_email_lower CHECK ((email = lower(email))),
  constraint users_email_unique UNIQUE (email),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);

create sequence audit_log_id_seq cache 1;

create sequence business_changes_id_seq cache 1;

create sequence conversation_turns_position_seq cache 1;

create sequence mrr_movements_id_seq cache 1;

create sequence reconcile_runs_id_seq cache 1;

CREATE INDEX alerts_newest_idx ON public.alerts USING btree (raised_at, id);

CREATE UNIQUE INDEX alerts_one_open ON public.alerts USING btree (kind, subject_id) WHERE (resolved_at IS NULL);

CREATE INDEX alerts_open_idx ON public.alerts USING btree (raised_at, id) WHERE (resolved_at IS NULL);

CREATE INDEX alerts_tenant_idx ON public.alerts USING btree (tenant_id);

CREATE INDEX api_keys_live_idx ON public.api_keys USING btree (tenant_id, created_at) WHERE (revoked_at IS NULL);

CREATE INDEX api_keys_user_idx ON public.api_keys USING btree (user_id);

CREATE INDEX audit_log_operators_idx ON public.audit_log USING btree (created_at, id) WHERE (action ~~ 'operator.%'::text);

CREATE INDEX audit_log_subject_idx ON public.audit_log USING btree (subject_id);

CREATE INDEX audit_log_tenant_idx ON public.audit_log USING btree (tenant_id, created_at);

CREATE INDEX auto_top_ups_ready_idx ON public.auto_top_ups USING btree (tenant_id) WHERE (enabled AND (paused IS NULL));

CREATE UNIQUE INDEX billing_intents_one_unsettled ON public.billing_intents USING btree (tenant_id) WHERE (state = ANY (ARRAY['open'::intent_state, 'waiting'::intent_state]));

CREATE INDEX billing_intents_tenant_idx ON public.billing_intents USING btree (tenant_id, created_at);

CREATE INDEX character_reports_newest_idx ON public.character_reports USING btree (created_at);

CREATE INDEX characters_shared_idx ON public.characters USING btree (created_at) WHERE (shared AND (hidden_at IS NULL));

CREATE INDEX characters_tenant_idx ON public.characters USING btree (tenant_id, created_at);

CREATE UNIQUE INDEX checkout_sessions_one_open ON public.checkout_sessions USING btree (tenant_id) WHERE (status = 'open'::checkout_status);

CREATE INDEX checkout_sessions_tenant_idx ON public.checkout_sessions USING btree (tenant_id, created_at);

CREATE INDEX conversation_turns_order_idx ON public.conversation_turns USING btree (conversation_id, "position");

CREATE INDEX conversations_character_idx ON public.conversations USING btree (character_id);

CREATE INDEX conversations_own_idx ON public.conversations USING btree (tenant_id, user_id, updated_at);

CREATE INDEX conversations_user_idx ON public.conversations USING btree (user_id);

CREATE INDEX credit_purchases_look_idx ON public.credit_purchases USING btree (look_at) WHERE (look_at IS NOT NULL);

CREATE UNIQUE INDEX credit_purchases_one_open ON public.credit_purchases USING btree (tenant_id) WHERE ((trigger = 'user'::text) AND (state = ANY (ARRAY['wanted'::purchase_state, 'open'::purchase_state])));

CREATE UNIQUE INDEX credit_purchases_one_top_up ON public.credit_purchases USING btree (tenant_id) WHERE ((trigger = 'auto'::text) AND (state = ANY (ARRAY['wanted'::purchase_state, 'open'::purchase_state, 'needs_action'::purchase_state, 'processing'::purchase_state, 'paid'::purchase_state])));

CREATE INDEX credit_purchases_tenant_idx ON public.credit_purchases USING btree (tenant_id, created_at);

CREATE INDEX invitations_invited_by_idx ON public.invitations USING btree (invited_by);

CREATE UNIQUE INDEX invitations_open_idx ON public.invitations USING btree (tenant_id, email) WHERE (state = 'open'::text);

CREATE INDEX known_addresses_last_used_idx ON public.known_addresses USING btree (last_used_at);

CREATE INDEX mail_outbox_given_up_idx ON public.mail_outbox USING btree (failed_at) WHERE (failed_at IS NOT NULL);

CREATE INDEX mail_outbox_tenant_idx ON public.mail_outbox USING btree (tenant_id, created_at);

CREATE INDEX mail_outbox_unsent_idx ON public.mail_outbox USING btree (created_at) WHERE ((sent_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX mailed_links_expires_idx ON public.mailed_links USING btree (expires_at);

CREATE INDEX mailed_links_revert_idx ON public.mailed_links USING btree (email) WHERE ((purpose = 'revert_email'::text) AND (used_at IS NULL));

CREATE INDEX mailed_links_user_idx ON public.mailed_links USING btree (user_id, purpose);

CREATE INDEX memberships_user_idx ON public.memberships USING btree (user_id);

CREATE INDEX mrr_movements_at_idx ON public.mrr_movements USING btree (at, id);

CREATE INDEX mrr_movements_tenant_idx ON public.mrr_movements USING btree (tenant_id, currency, id);

CREATE INDEX operator_sessions_user_idx ON public.operator_sessions USING btree (user_id);

CREATE INDEX password_requests_created_idx ON public.password_requests USING btree (created_at);

CREATE INDEX payments_charge_idx ON public.payments USING btree (stripe_charge_id);

CREATE INDEX payments_failing_idx ON public.payments USING btree (created_at, id) WHERE ((status = 'open'::invoice_status) AND (attempt_count > 0));

CREATE INDEX payments_intent_idx ON public.payments USING btree (stripe_payment_intent_id);

CREATE INDEX payments_number_idx ON public.payments USING btree (number);

CREATE INDEX payments_of_subscription_idx ON public.payments USING btree (stripe_subscription_id, tenant_id) WHERE (amount_paid_minor > 0);

CREATE INDEX payments_one_off_idx ON public.payments USING btree (paid_at) WHERE ((status = 'paid'::invoice_status) AND (stripe_subscription_id IS NULL));

CREATE INDEX payments_paid_idx ON public.payments USING btree (paid_at);

CREATE INDEX payments_recovered_idx ON public.payments USING btree (paid_at) WHERE ((status = 'paid'::invoice_status) AND (attempt_count > 1));

CREATE INDEX payments_subscription_idx ON public.payments USING btree (subscription_id);

CREATE INDEX payments_tenant_created_idx ON public.payments USING btree (tenant_id, created_at, id);

CREATE INDEX payments_tenant_period_idx ON public.payments USING btree (tenant_id, period_start);

CREATE INDEX rate_limits_expire_idx ON public.rate_limits USING btree (expire);

CREATE INDEX reconcile_runs_begun_idx ON public.reconcile_runs USING btree (begun_at);

CREATE INDEX refresh_tokens_expires_idx ON public.refresh_tokens USING btree (expires_at);

CREATE INDEX refresh_tokens_family_idx ON public.refresh_tokens USING btree (family_id);

CREATE INDEX refresh_tokens_user_idx ON public.refresh_tokens USING btree (user_id);

CREATE INDEX refunds_created_idx ON public.refunds USING btree (created_at);

CREATE INDEX refunds_payment_idx ON public.refunds USING btree (payment_id);

CREATE INDEX refunds_tenant_idx ON public.refunds USING btree (tenant_id);

CREATE INDEX remedies_open_idx ON public.remedies USING btree (next_attempt_at) WHERE (state = 'open'::remedy_state);

CREATE INDEX remedies_tenant_idx ON public.remedies USING btree (tenant_id);

CREATE INDEX statement_lines_tenant_idx ON public.statement_lines USING btree (tenant_id, period);

CREATE INDEX statements_look_idx ON public.statements USING btree (look_at) WHERE (look_at IS NOT NULL);

CREATE INDEX statements_number_idx ON public.statements USING btree (invoice_number);

CREATE INDEX stripe_events_created_idx ON public.stripe_events USING btree (stripe_created_at);

CREATE INDEX stripe_events_customer_idx ON public.stripe_events USING btree (stripe_customer_id, stripe_created_at);

CREATE INDEX stripe_events_dead_idx ON public.stripe_events USING btree (received_at) WHERE (state = 'dead'::stripe_event_state);

CREATE INDEX stripe_events_ignored_idx ON public.stripe_events USING btree (received_at, id) WHERE (state = 'ignored'::stripe_event_state);

CREATE INDEX stripe_events_newest_idx ON public.stripe_events USING btree (received_at, id);

CREATE INDEX stripe_events_open_idx ON public.stripe_events USING btree (received_at) WHERE (state = 'received'::stripe_event_state);

CREATE INDEX subscriptions_begun_idx ON public.subscriptions USING btree (COALESCE(stripe_created_at, created_at));

CREATE INDEX subscriptions_customer_idx ON public.subscriptions USING btree (stripe_customer_id);

CREATE INDEX subscriptions_live_idx ON public.subscriptions USING btree (plan, status) WHERE (status <> 'canceled'::status);

CREATE INDEX subscriptions_past_due_idx ON public.subscriptions USING btree (past_due_since) WHERE (past_due_since IS NOT NULL);

CREATE INDEX subscriptions_tenant_period_idx ON public.subscriptions USING btree (tenant_id, current_period_end);

CREATE INDEX subscriptions_trials_idx ON public.subscriptions USING btree (stripe_subscription_id, tenant_id, status) WHERE (trial_end IS NOT NULL);

CREATE INDEX sync_failures_due_idx ON public.sync_failures USING btree (retry_at);

CREATE INDEX tenants_contact_changed_idx ON public.tenants USING btree (contact_changed_at) WHERE (contact_changed_at IS NOT NULL);

CREATE INDEX tenants_newest_idx ON public.tenants USING btree (created_at, id);

CREATE INDEX tenants_subscription_idx ON public.tenants USING btree (subscription_id);

CREATE INDEX tenants_words_idx ON public.tenants USING gin (to_tsvector('simple'::regconfig, name));

CREATE INDEX users_email_prefix_idx ON public.users USING btree (email text_pattern_ops);

CREATE INDEX users_tenant_idx ON public.users USING btree (tenant_id);

create view usage as
 SELECT tenant_id,
    period,
    id,
    resource_type,
    amount,
    idempotency_key,
    reservation_id,
    metadata,
    actor,
    reason,
    occurred_at,
    created_at
   FROM u00.usage;

create view usage_archives as
 SELECT period,
    file,
    sha256,
    rows,
    archived_at
   FROM u00.usage_archives;

create view usage_days as
 SELECT tenant_id,
    period,
    resource_type,
    day,
    amount
   FROM u00.usage_days;

create view usage_idempotency as
 SELECT tenant_id,
    key,
    fingerprint,
    accepted,
    used,
    "limit",
    remaining,
    reservation_id,
    created_at
   FROM u00.usage_idempotency;

create view usage_reservations as
 SELECT tenant_id,
    id,
    period,
    resource_type,
    amount,
    state,
    expires_at,
    settled_amount,
    used_after,
    remaining_after,
    metadata,
    created_at,
    closed_at,
    begun_amount
   FROM u00.usage_reservations;

create view usage_thresholds as
 SELECT tenant_id,
    period,
    resource_type,
    percent,
    used,
    "limit",
    crossed_at
   FROM u00.usage_thresholds;

create view usage_totals as
 SELECT tenant_id,
    period,
    resource_type,
    used,
    held,
    "limit",
    day_used,
    updated_at,
    day,
    threshold,
    xmin
   FROM u00.usage_totals;

CREATE OR REPLACE FUNCTION public.bucket_nodes()
 RETURNS TABLE(number smallint, node text, by_citus boolean)
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if to_regclass('pg_catalog.pg_dist_schema') is null then
    return query select b.number, b.node, false from metering_buckets b order by 1;
    return;
  end if;
  return query execute $q$
    select b.number, coalesce(b.node, c.node), b.node is null and c.node is not null
    from metering_buckets b
    left join lateral (
      select n.nodename || ':' || n.nodeport as node
      from pg_dist_schema s
      join pg_dist_partition p on p.colocationid = s.colocationid
      join pg_dist_shard h on h.logicalrelid = p.logicalrelid
      join pg_dist_placement l on l.shardid = h.shardid
      join pg_dist_node n on n.groupid = l.groupid and n.noderole = 'primary'
      where s.schemaid = to_regnamespace(bucket_schema(b.number))
      limit 1
    ) c on true
    order by 1 $q$;
end $function$
;

CREATE OR REPLACE FUNCTION public.bucket_schema(p_number integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select 'u' || lpad(p_number::text, 2, '0');
$function$
;

CREATE OR REPLACE FUNCTION public.business_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_of text := format('%I', tg_argv[0]);
  v_before text := format('select month, currency, name, -minor, -count from %s($1)', v_of);
  v_now text := format('select month, currency, name, minor, count from %s($2)', v_of);
begin
  execute format(
    'insert into business_changes (month, currency, name, minor, count)
     select month, currency, name, sum(minor), sum(count)
     from (%s) as moved (month, currency, name, minor, count)
     group by month, currency, name
     having sum(minor) <> 0 or sum(count) <> 0',
    case tg_op
      when 'INSERT' then v_now
      when 'DELETE' then v_before
      else v_before || ' union all ' || v_now
    end)
  using old, new;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.business_counted()
 RETURNS TABLE(month text, currency text, name text, minor bigint, count bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select b.month, b.currency, b.name, sum(b.minor)::bigint, sum(b.count)::bigint
  from (
    select f.* from payments p, business_of_payment(p) f
    union all select f.* from refunds r, business_of_refund(r) f
    union all select f.* from mrr_movements m, business_of_movement(m) f
  ) b
  group by b.month, b.currency, b.name;
$function$
;

CREATE OR REPLACE FUNCTION public.business_of_movement(m mrr_movements)
 RETURNS TABLE(month text, currency text, name text, minor bigint, count bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select to_char(m.at at time zone 'UTC', 'YYYY-MM'), m.currency, m.kind, m.after_minor - m.before_minor,
    1::bigint;
$function$
;

CREATE OR REPLACE FUNCTION public.business_of_payment(p payments)
 RETURNS TABLE(month text, currency text, name text, minor bigint, count bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select to_char(p.paid_at at time zone 'UTC', 'YYYY-MM'), p.currency, s.name, s.minor, 1::bigint
  from (values
    ('paid', p.amount_paid_minor, true),
    ('tax', p.tax_minor, p.tax_minor <> 0),
    ('recovered', p.amount_paid_minor, p.attempt_count > 1)
  ) as s (name, minor, counts)
  where p.status = 'paid' and p.amount_paid_minor > 0 and p.paid_at is not null and s.counts;
$function$
;

CREATE OR REPLACE FUNCTION public.business_of_refund(r refunds)
 RETURNS TABLE(month text, currency text, name text, minor bigint, count bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select to_char(r.created_at at time zone 'UTC', 'YYYY-MM'), r.currency, 'refunded', r.amount_minor, 1::bigint
  where r.status not in ('failed', 'canceled');
$function$
;

CREATE OR REPLACE FUNCTION public.credit_packs_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'a published version of a pack never changes' using errcode = 'restrict_violation';
end $function$
;

CREATE OR REPLACE FUNCTION public.memberships_user()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' then
    update users set role = new.role
    where id = new.user_id and tenant_id = new.tenant_id and role <> new.role;
    return null;
  end if;
  update users u set tenant_id = m.tenant_id, role = m.role
  from (
    select tenant_id, role from memberships
    where user_id = old.user_id
    order by chosen_at desc nulls last, joined_at, tenant_id
    limit 1
  ) m
  where u.id = old.user_id and u.tenant_id = old.tenant_id;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.plan_limits_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_bucket record;
begin
  for v_bucket in select n.number, n.node from bucket_nodes() n order by 1 loop
    if v_bucket.node is null then
      execute format('select %I.usage_put_plan($1, $2)', bucket_schema(v_bucket.number))
      using new.plan::text, plan_limits_of(new.plan);
    else
      update tenants set entitlement_version = entitlement_version + 1
      where usage_bucket = v_bucket.number and new.plan in (plan, base_plan);
    end if;
  end loop;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.plan_limits_of(p_plan plan)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_object_agg(resource_type, "limit") from plan_limits where plan = p_plan;
$function$
;

CREATE OR REPLACE FUNCTION public.plan_limits_of(p_plan plan, p_version integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select case when p_plan is null then null else coalesce(
    (select limits from plan_versions where plan = p_plan and version = p_version),
    (select limits from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    plan_limits_of(p_plan)) end;
$function$
;

CREATE OR REPLACE FUNCTION public.plan_overage_of(p_plan plan, p_version integer, p_currency text)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
  select (coalesce(
    (select overage from plan_versions where plan = p_plan and version = p_version),
    (select overage from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}') ->> p_currency)::numeric;
$function$
;

CREATE OR REPLACE FUNCTION public.plan_rates_of(p_plan plan, p_version integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select rates from plan_versions where plan = p_plan and version = p_version),
    (select rates from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}');
$function$
;

CREATE OR REPLACE FUNCTION public.plan_rollover_of(p_plan plan, p_version integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select rollover from plan_versions where plan = p_plan and version = p_version),
    (select rollover from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    '{}');
$function$
;

CREATE OR REPLACE FUNCTION public.plan_seats_of(p_plan plan, p_version integer)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select seats from plan_versions where plan = p_plan and version = p_version),
    (select seats from plan_versions where plan = p_plan and version = plan_version_in_force(p_plan)),
    1);
$function$
;

CREATE OR REPLACE FUNCTION public.plan_version_in_force(p_plan plan)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select max(v.version) from plan_versions v
  where v.plan = p_plan
    and not (v.plan = 'free' and exists (
      select from plan_announcements a
      where a.plan = v.plan and a.version = v.version and a.carried_at is null));
$function$
;

CREATE OR REPLACE FUNCTION public.plan_versions_published()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('plans_published', '');
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.plan_versions_seats()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.seats := coalesce(new.seats,
    (select seats from plan_versions where plan = new.plan order by version desc limit 1),
    case new.plan when 'team' then 10 else 1 end);
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.plan_versions_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'carried_at' = to_jsonb(old) - 'carried_at' then
    return new;
  end if;
  raise exception 'a published version of a plan never changes' using errcode = 'restrict_violation';
end $function$
;

CREATE OR REPLACE FUNCTION public.rate_cards_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'a published rate card never changes' using errcode = 'restrict_violation';
end $function$
;

CREATE OR REPLACE FUNCTION public.tenant_entitlement(p_tenant uuid, OUT bucket integer, OUT version bigint, OUT plan text, OUT limits jsonb, OUT base_plan text, OUT base_limits jsonb, OUT share_from timestamp with time zone, OUT share_until timestamp with time zone, OUT deleted_at timestamp with time zone, OUT rates jsonb, OUT overage jsonb, OUT rollover jsonb)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
  select t.usage_bucket, t.entitlement_version, t.plan::text, plan_limits_of(t.plan, t.plan_version),
    b.plan::text, plan_limits_of(b.plan, t.base_plan_version), t.share_from, t.share_until,
    t.deleted_at, plan_rates_of(t.plan, t.plan_version),
    case when o.price is null or t.deleted_at is not null then '{}'
      else jsonb_strip_nulls(jsonb_build_object('currency', t.overage_currency,
        'minorPerCredit', o.price::text, 'suspended', t.overage_suspended)) end,
    plan_rollover_of(t.plan, t.plan_version)
  from tenants t
  cross join lateral (select case when t.base_plan <= t.plan then t.base_plan end as plan) b
  cross join lateral (
    select plan_overage_of(t.plan, t.plan_version, t.overage_currency) as price
  ) o
  where t.id = p_tenant;
$function$
;

CREATE OR REPLACE FUNCTION public.tenants_entitlement_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.entitlement_version := old.entitlement_version + 1;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.tenants_metered()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  e record;
  v_at timestamptz := new.created_at;
begin
  if tg_op = 'UPDATE' then
    v_at := case when new.updated_at is distinct from old.updated_at then new.updated_at end;
  end if;
  if exists (select from bucket_nodes() n where n.number = new.usage_bucket and n.node is not null)
  then
    insert into metering_copies as c (tenant_id, version, changed_at)
    values (new.id, new.entitlement_version, v_at)
    on conflict (tenant_id) do update
    set version = excluded.version, changed_at = coalesce(excluded.changed_at, c.changed_at);
    perform pg_notify('metering_copies', '');
  else
    e := tenant_entitlement(new.id);
    execute format(
      'select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
      bucket_schema(new.usage_bucket))
    using new.id, e.version, e.plan, e.limits, e.base_plan, e.base_limits, e.share_from,
      e.share_until, e.deleted_at, e.rates, e.overage, e.rollover, v_at;
  end if;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.tenants_moved()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('tenant_bucket', new.id::text || ' ' || new.usage_bucket);
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.tenants_placed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_buckets smallint[] := (
    select coalesce(array_agg(number order by number) filter (where away_since is null),
      array_agg(number order by number))
    from metering_buckets
  );
begin
  new.usage_bucket :=
    v_buckets[1 + (hashtext(new.id::text) & 2147483647) % cardinality(v_buckets)];
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.tenants_seats()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_seats int := plan_seats_of(new.plan, new.plan_version);
begin
  if old.plan = new.plan and plan_seats_of(old.plan, old.plan_version) = v_seats then
    return null;
  end if;
  with ranked as (
    select user_id,
      row_number() over (order by has_seat desc, role, joined_at, user_id) <= v_seats as has_seat
    from memberships where tenant_id = new.id
  ), changed as (
    update memberships m set has_seat = r.has_seat
    from ranked r
    where m.tenant_id = new.id and m.user_id = r.user_id and m.has_seat <> r.has_seat
    returning m.user_id, m.has_seat
  )
  insert into audit_log (tenant_id, actor_kind, actor_id, action, subject_id, before, after, created_at)
  select new.id, 'system', 'seats',
    case when has_seat then 'member.seat_given' else 'member.seat_taken' end, user_id::text,
    jsonb_build_object('hasSeat', not has_seat), jsonb_build_object('hasSeat', has_seat),
    new.updated_at
  from changed order by user_id;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_add(p_tenant uuid, p_period text, p_resource u00.resource_type, p_day integer, p_used bigint, p_held bigint, p_now timestamp with time zone)
 RETURNS u00.usage_totals
 LANGUAGE plpgsql
AS $function$
declare
  t u00.usage_totals;
begin
  t := u00.usage_add(p_tenant, p_period, p_resource, p_day, p_used, p_held, p_now);
  return t;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_admit(p_careful boolean, p_period text, p_occurred_at timestamp with time zone, p_now timestamp with time zone, p_group_tenants uuid[], p_group_resources u00.resource_type[], p_group_used bigint[], p_group_held bigint[], p_groups integer[], p_amounts bigint[], p_used_through bigint[], p_held_through bigint[], p_enforce boolean[], p_keys text[], p_fingerprints bigint[], p_metadata jsonb[], p_reservations uuid[], p_expires_at timestamp with time zone[], p_started timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], OUT group_used bigint[], OUT group_held bigint[], OUT group_limits bigint[], OUT outcomes integer[], OUT call_used bigint[], OUT call_limits bigint[], OUT call_remaining bigint[], OUT call_reservations uuid[], OUT call_held bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_apart int[] := '{}';
  v_unopened boolean;
  v_self xid;
  v_crossing boolean;
  v_swept int[] := '{}';
  v_first usage_idempotency;
  v_expired record;
  v_crossed record;
  g int;
begin
  if p_careful then
    -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
    -- Where they do not (another resource, another month) the primary key still refuses.
    perform
    from unnest(p_group_tenants, p_group_resources) as wanted(g_tenant, g_resource)
    cross join lateral (
      select from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as locked;

    select coalesce(array_agg(c.n), '{}'), coalesce(array_agg(distinct c.grp), '{}')
    into v_repeated, v_apart
    from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
    cross join lateral (
      select from usage_idempotency
      where tenant_id = p_group_tenants[c.grp] and key = c.key
      limit 1
    ) as found;
  end if;

  -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
  -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
  -- shows only in a row that did not exist, and then the whole transaction is undone.
  with moved as (
    insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
    select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
    from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
      with ordinality as w(tenant_id, resource_type, used, held, n)
    where w.n <> all(v_apart)
    on conflict (tenant_id, period, resource_type) do update
    set used = t.used + excluded.used,
      held = t.held + excluded.held,
      day_used = t.day_used + excluded.used,
      updated_at = p_now
    where t.day = v_day
      and (t."limit" is null or t.used + t.held + excluded.used + excluded.held <= t."limit")
    returning used, held, "limit", threshold
  )
  select array_agg(used), array_agg(held), array_agg("limit"),
    coalesce(bool_or("limit" = -1), false),
    coalesce(bool_or("limit" > 0 and used * 100 >= "limit" * 80
      and threshold < case when used >= "limit" then 100 else 80 end), false)
  into group_used, group_held, group_limits, v_unopened, v_crossing
  from moved;

  if v_unopened then
    raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
  end if;

  if cardinality(group_used) = cardinality(p_group_tenants) then
    if p_keys is null then
      insert into usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
        created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.metadata,
        coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_started)
        as c(grp, amount, metadata, reservation, started)
      where c.reservation is null;
    else
      with calls as materialized (
        select *
        from unnest(p_groups, p_amounts, p_used_through, p_held_through, p_keys, p_fingerprints,
          p_metadata, p_reservations, p_started) as c(grp, amount, used_through, held_through, key,
          fingerprint, metadata, reservation, started)
      ), rows as (
        insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
          occurred_at, created_at)
        select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
          c.metadata, coalesce(c.started, p_occurred_at), p_now
        from calls c
        where c.reservation is null
      )
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from calls c
      where c.key is not null;
    end if;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, p_started)
        as c(grp, amount, metadata, reservation, expires_at, started)
      where c.reservation is not null;
    end if;
  else
    -- Something does not fit, or was answered before, or is the first of its day: call by call, in
    -- the order of arrival. One that is refused takes nothing, so a smaller one behind it may fit.
    -- Groups that moved above are those whose row this transaction wrote.
    v_self := pg_current_xact_id()::xid;
    select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n),
      coalesce(array_agg(w.n order by w.n) filter (where t.xmin <> v_self), '{}')
    into group_used, group_held, group_limits, v_apart
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select xmin, used, held, "limit"
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      limit 1
    ) as t;

    if cardinality(group_used) < cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if g <> all(v_apart) then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
        call_held[n] := group_held[g] - p_group_held[g] + p_held_through[n];
        call_reservations[n] := p_reservations[n];
        continue;
      end if;

      if n = any(v_repeated) then
        select * into strict v_first
        from usage_idempotency where tenant_id = p_group_tenants[g] and key = p_keys[n];
        outcomes[n] := case
          when v_first.fingerprint <> p_fingerprints[n] then 4
          when v_first.accepted then 2
          else 3 end;
        call_used[n] := v_first.used;
        call_limits[n] := v_first."limit";
        call_remaining[n] := v_first.remaining;
        call_held[n] := coalesce(greatest(0,
          v_first."limit" - v_first.used - v_first.remaining), 0);
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      if p_enforce[n] and group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
        -- Before refusing: holds past their time keep nobody out.
        if g <> all(v_swept) and group_held[g] > 0 then
          v_expired := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
          group_held[g] := group_held[g] - v_expired.freed;
          group_used[g] := group_used[g] + v_expired.counted;
          v_swept := v_swept || g;
        end if;
        if group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
          outcomes[n] := 1;
        end if;
      end if;

      if outcomes[n] = 0 then
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g], group_held[g]);
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started)
      as c(grp, amount, key, metadata, reservation, outcome, started)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started) as c(grp, amount, metadata, reservation, expires_at, outcome, started)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, p_amounts)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, amount)
      where c.key is not null
        and (c.outcome = 0 or (c.outcome = 1 and c.used + c.amount > c.lim));

      -- What only holds stood in the way of takes no key, so the primary key says nothing of it.
      perform
      from unnest(p_groups, p_keys, outcomes, call_used, call_limits, p_amounts)
        as c(grp, key, outcome, used, lim, amount)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found
      where c.outcome = 1 and c.used + c.amount <= c.lim;
      if found then
        raise exception 'a key that answered before' using errcode = 'unique_violation';
      end if;
    end if;

    perform usage_add(t.tenant_id, t.period, t.resource_type, v_day, after.used - t.used,
      after.held - t.held, p_now)
    from unnest(v_apart) as apart(n)
    cross join lateral (select group_used[n] as used, group_held[n] as held) as after
    cross join lateral (
      select * from usage_totals
      where tenant_id = p_group_tenants[n] and period = p_period
        and resource_type = p_group_resources[n]
      limit 1
    ) as t
    where t.used <> after.used or t.held <> after.held;
    v_crossing := true;
  end if;

  if v_crossing then
    for v_crossed in
      select t.*
      from unnest(p_group_tenants, p_group_resources) as w(g_tenant, g_resource)
      cross join lateral (
        select * from usage_totals
        where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        limit 1
      ) as t
      where t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < case when t.used >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_begin(p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamp with time zone[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
begin
  for n in 1 .. cardinality(p_reservations) loop
    update usage_reservations
    set begun_amount = greatest(begun_amount, p_amounts[n]),
      expires_at = greatest(expires_at, p_expires_at[n])
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_correct(p_tenant uuid, p_period text, p_resource u00.resource_type, p_amount bigint, p_actor text, p_reason text, p_occurred_at timestamp with time zone, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
begin
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at)
  values (p_tenant, p_period, p_resource, p_amount, p_actor, p_reason, p_occurred_at, p_now);
  return (usage_add(p_tenant, p_period, p_resource,
    extract(day from p_occurred_at at time zone 'UTC')::int, p_amount, 0, p_now)).used;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_cross_threshold(p_tenant uuid, p_period text, p_resource u00.resource_type, p_used bigint, p_limit bigint, p_before smallint, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_highest smallint := case when p_used >= p_limit then 100 else 80 end;
begin
  update usage_totals
  set threshold = v_highest
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;

  insert into usage_thresholds
    (tenant_id, period, resource_type, percent, used, "limit", crossed_at)
  select p_tenant, p_period, p_resource, percent, p_used, p_limit, p_now
  from (values (80::smallint), (100::smallint)) as t(percent)
  where percent > p_before and percent <= v_highest
  on conflict do nothing;

  insert into mail_outbox
    (tenant_id, kind, subject_id, recipient, locale, data, created_at)
  select p_tenant, 'usage_threshold',
    concat_ws(':', p_tenant, p_resource, p_period, v_highest, p_limit), u.email, u.locale,
    jsonb_build_object('resourceType', p_resource, 'period', p_period, 'percent', v_highest,
      'used', p_used, 'limit', p_limit),
    p_now
  from users u
  where u.tenant_id = p_tenant and u.role = 'owner'
  order by u.created_at, u.id
  limit 1
  on conflict do nothing;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_ensure_partition(p_period text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform u00.usage_ensure_partition(p_period);
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_expire(p_now timestamp with time zone, p_groups_max integer)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
AS $function$
declare
  r record;
begin
  for r in
    select tenant_id, period, resource_type
    from (
      select distinct tenant_id, period, resource_type
      from usage_reservations
      where state = 'open' and expires_at <= p_now
      limit p_groups_max
    ) as due
    order by tenant_id, period, resource_type
  loop
    perform from usage_totals
    where tenant_id = r.tenant_id and period = r.period and resource_type = r.resource_type
    for update;
    perform usage_expire_group(r.tenant_id, r.period, r.resource_type, p_now);
    return next r.tenant_id;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_expire_group(p_tenant uuid, p_period text, p_resource u00.resource_type, p_now timestamp with time zone, OUT freed bigint, OUT counted bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day record;
  t usage_totals;
begin
  freed := 0;
  counted := 0;
  for v_day in
    with expired as (
      update usage_reservations
      set state = 'expired', closed_at = p_now
      where tenant_id = p_tenant and period = p_period and resource_type = p_resource
        and state = 'open' and expires_at <= p_now
      returning id, amount, begun_amount, metadata, created_at
    ), recorded as (
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at)
      select p_tenant, p_period, p_resource, begun_amount, id,
        coalesce(metadata, '{}') || '{"settledBy": "expiry"}', created_at, p_now
      from expired
      where begun_amount > 0
    )
    select extract(day from created_at at time zone 'UTC')::int as day, sum(amount)::bigint as freed,
      coalesce(sum(begun_amount), 0)::bigint as counted
    from expired
    group by 1
  loop
    t := usage_add(p_tenant, p_period, p_resource, v_day.day, v_day.counted, -v_day.freed, p_now);
    freed := freed + v_day.freed;
    counted := counted + v_day.counted;
  end loop;
  if counted > 0 and t."limit" > 0 and t.used * 100 >= t."limit" * 80
    and t.threshold < (case when t.used >= t."limit" then 100 else 80 end)
  then
    perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used, t."limit",
      t.threshold, p_now);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_limit_of(p_tenant tenants, p_period text, p_resource u00.resource_type)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  with month as (
    select (p_period || '-01')::timestamp at time zone 'UTC' as starts_at,
      ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC' as ends_at
  ), limits as (
    select
      (select "limit" from plan_limits where plan = p_tenant.plan and resource_type = p_resource)
        as whole,
      (select "limit" from plan_limits
       where plan = p_tenant.base_plan and resource_type = p_resource) as base,
      floor(greatest(0, extract(epoch from least(p_tenant.share_until, ends_at)
        - greatest(p_tenant.share_from, starts_at)))) as seconds,
      extract(epoch from ends_at - starts_at) as total
    from month
  )
  select case
    when p_tenant.base_plan is null or p_tenant.share_from is null
      or p_tenant.base_plan >= p_tenant.plan then whole
    when base is null or whole is null or whole <= base then base
    else least(whole, base + ceil((whole - base) * seconds / total)::bigint)
  end
  from limits;
$function$
;

CREATE OR REPLACE FUNCTION public.usage_look_up(p_tenants uuid[], p_periods text[], p_resources u00.resource_type[], OUT used bigint[], OUT held bigint[], OUT limits bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
begin
  select array_agg(t.used), array_agg(t.held), array_agg(t."limit")
  into used, held, limits
  from unnest(p_tenants, p_periods, p_resources) as w(w_tenant, w_period, w_resource)
  left join lateral (
    select c.used, c.held, c."limit"
    from usage_totals c
    where c.tenant_id = w_tenant and c.period = w_period and c.resource_type = w_resource
    limit 1
  ) as t on true;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_not_whole()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the batch must be admitted call by call' using errcode = 'UB002';
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_open(p_period text, p_tenants uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform from tenants where id = any(p_tenants) and deleted_at is null order by id for share;
  insert into usage_totals (tenant_id, period, resource_type, "limit")
  select t.id, p_period, l.resource_type, usage_limit_of(t, p_period, l.resource_type)
  from tenants t
  join plan_limits l on l.plan = t.plan
  where t.id = any(p_tenants) and t.deleted_at is null
  order by t.id, l.resource_type
  on conflict do nothing;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_prune(p_closed_before timestamp with time zone, p_expired_before timestamp with time zone, p_max integer)
 RETURNS bigint
 LANGUAGE sql
AS $function$
  with due as (
    select tenant_id, id
    from usage_reservations
    where closed_at < p_closed_before
      and (state <> 'expired' or closed_at < p_expired_before)
    limit p_max
    for update skip locked
  ), deleted as (
    delete from usage_reservations r
    using due
    where r.tenant_id = due.tenant_id and r.id = due.id
    returning 1
  )
  select count(*) from deleted;
$function$
;

CREATE OR REPLACE FUNCTION public.usage_remaining(p_limit bigint, p_used bigint, p_held bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when p_limit is null then null else greatest(0, p_limit - p_used - p_held) end;
$function$
;

CREATE OR REPLACE FUNCTION public.usage_reset(p_tenant uuid, p_period text, p_resource u00.resource_type, p_actor text, p_reason text, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  t usage_totals;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then return 0; end if;
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at)
  select p_tenant, p_period, p_resource, -d.amount, p_actor, p_reason,
    (p_period || '-' || lpad(d.day::text, 2, '0'))::timestamp at time zone 'UTC', p_now
  from (
    select day, amount from usage_days
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    union all
    select t.day, t.day_used
  ) as d
  where d.amount <> 0;
  delete from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_totals
  set used = 0, day_used = 0, updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  return t.used;
end $function$
;

CREATE OR REPLACE FUNCTION public.usage_settle(p_now timestamp with time zone, p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_metadata jsonb[], OUT outcomes integer[], OUT used_after bigint[], OUT remaining_after bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
declare
  r usage_reservations;
  t usage_totals;
  v_freed bigint;
  v_counted bigint;
  v_change bigint;
begin
  perform
  from (
    select distinct wanted_tenant as tenant_id, found.period, found.resource_type
    from unnest(p_tenants, p_reservations) as w(wanted_tenant, wanted_id)
    cross join lateral (
      select period, resource_type
      from usage_reservations
      where tenant_id = wanted_tenant and id = wanted_id
      limit 1
    ) as found
    order by 1, 2, 3
  ) as wanted
  cross join lateral (
    select from usage_totals c
    where c.tenant_id = wanted.tenant_id and c.period = wanted.period
      and c.resource_type = wanted.resource_type
    for update
  ) as locked;

  outcomes := array_fill(0, array[cardinality(p_reservations)]);
  used_after := array_fill(null::bigint, array[cardinality(p_reservations)]);
  remaining_after := used_after;

  for n in 1 .. cardinality(p_reservations) loop
    -- The counters' lock guards the reservations below them: none is changed without it.
    select * into r
    from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
    v_counted := case when r.state = 'expired' then coalesce(r.begun_amount, 0) else 0 end;
    outcomes[n] := case
      when not found then 4
      when r.state = 'settled' and p_amounts[n] is distinct from r.settled_amount then 2
      when r.state = 'settled' then 1
      when r.state = 'released' and p_amounts[n] is not null then 3
      when r.state in ('released', 'expired') and p_amounts[n] is null and v_counted = 0 then 1
      else 0 end;
    if outcomes[n] > 0 then
      used_after[n] := r.used_after;
      remaining_after[n] := r.remaining_after;
      continue;
    end if;

    v_freed := case when r.state = 'open' then r.amount else 0 end;
    v_change := coalesce(p_amounts[n], 0) - v_counted;
    t := usage_add(r.tenant_id, r.period, r.resource_type,
      extract(day from r.created_at at time zone 'UTC')::int, v_change, -v_freed,
      p_now);
    used_after[n] := t.used;
    remaining_after[n] := usage_remaining(t."limit", t.used, t.held);

    update usage_reservations
    set state = case when p_amounts[n] is null then 'released' else 'settled' end::reservation_state,
      settled_amount = p_amounts[n],
      used_after = t.used,
      remaining_after = usage_remaining(t."limit", t.used, t.held),
      closed_at = p_now
    where tenant_id = r.tenant_id and id = r.id;

    if v_change <> 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        actor, reason, occurred_at, created_at)
      values (r.tenant_id, r.period, r.resource_type, v_change, r.id,
        coalesce(p_metadata[n], r.metadata),
        case when v_change < 0 then 'system:settlement' end,
        case when v_change < 0 then 'Settled after the hold had expired and was counted.' end,
        r.created_at, p_now);
      if t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < (case when t.used >= t."limit" then 100 else 80 end)
      then
        perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used, t."limit",
          t.threshold, p_now);
      end if;
    end if;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION public.users_membership()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and old.tenant_id <> new.tenant_id then
    delete from memberships where tenant_id = old.tenant_id and user_id = new.id;
  end if;
  insert into memberships (tenant_id, user_id, role, joined_at)
  values (new.tenant_id, new.id, new.role, new.created_at)
  on conflict (tenant_id, user_id) do update set role = excluded.role
  where memberships.role <> excluded.role;
  return null;
end $function$
;

CREATE TRIGGER credit_packs_stay BEFORE DELETE OR UPDATE ON public.credit_packs FOR EACH ROW EXECUTE FUNCTION credit_packs_stay();

CREATE TRIGGER memberships_user AFTER DELETE OR UPDATE OF role ON public.memberships FOR EACH ROW EXECUTE FUNCTION memberships_user();

CREATE TRIGGER mrr_movements_business AFTER INSERT OR DELETE OR UPDATE ON public.mrr_movements FOR EACH ROW EXECUTE FUNCTION business_changed('business_of_movement');

CREATE TRIGGER payments_business AFTER INSERT OR DELETE OR UPDATE OF status, amount_paid_minor, tax_minor, attempt_count, paid_at, currency ON public.payments FOR EACH ROW EXECUTE FUNCTION business_changed('business_of_payment');

CREATE TRIGGER plan_limits_changed AFTER INSERT OR UPDATE ON public.plan_limits FOR EACH ROW EXECUTE FUNCTION plan_limits_changed();

CREATE TRIGGER plan_versions_published AFTER INSERT ON public.plan_versions FOR EACH STATEMENT EXECUTE FUNCTION plan_versions_published();

CREATE TRIGGER plan_versions_seats BEFORE INSERT ON public.plan_versions FOR EACH ROW EXECUTE FUNCTION plan_versions_seats();

CREATE TRIGGER plan_versions_stay BEFORE DELETE OR UPDATE ON public.plan_versions FOR EACH ROW EXECUTE FUNCTION plan_versions_stay();

CREATE TRIGGER rate_cards_published AFTER INSERT ON public.rate_cards FOR EACH STATEMENT EXECUTE FUNCTION plan_versions_published();

CREATE TRIGGER rate_cards_stay BEFORE DELETE OR UPDATE ON public.rate_cards FOR EACH ROW EXECUTE FUNCTION rate_cards_stay();

CREATE TRIGGER refunds_business AFTER INSERT OR DELETE OR UPDATE OF status, amount_minor, currency, created_at ON public.refunds FOR EACH ROW EXECUTE FUNCTION business_changed('business_of_refund');

CREATE TRIGGER tenants_entitlement_version BEFORE UPDATE OF plan, plan_version, deleted_at, base_plan, base_plan_version, share_from, share_until, overage_currency, overage_suspended ON public.tenants FOR EACH ROW WHEN (((old.plan IS DISTINCT FROM new.plan) OR (old.plan_version IS DISTINCT FROM new.plan_version) OR (old.deleted_at IS DISTINCT FROM new.deleted_at) OR (old.base_plan IS DISTINCT FROM new.base_plan) OR (old.base_plan_version IS DISTINCT FROM new.base_plan_version) OR (old.share_from IS DISTINCT FROM new.share_from) OR (old.share_until IS DISTINCT FROM new.share_until) OR (old.overage_currency IS DISTINCT FROM new.overage_currency) OR (old.overage_suspended IS DISTINCT FROM new.overage_suspended))) EXECUTE FUNCTION tenants_entitlement_version();

CREATE TRIGGER tenants_metered AFTER UPDATE OF plan, plan_version, deleted_at, base_plan, base_plan_version, share_from, share_until, overage_currency, overage_suspended, entitlement_version ON public.tenants FOR EACH ROW WHEN ((old.entitlement_version < new.entitlement_version)) EXECUTE FUNCTION tenants_metered();

CREATE TRIGGER tenants_metered_new AFTER INSERT ON public.tenants FOR EACH ROW EXECUTE FUNCTION tenants_metered();

CREATE TRIGGER tenants_moved AFTER UPDATE OF usage_bucket ON public.tenants FOR EACH ROW WHEN ((old.usage_bucket IS DISTINCT FROM new.usage_bucket)) EXECUTE FUNCTION tenants_moved();

CREATE TRIGGER tenants_placed BEFORE INSERT ON public.tenants FOR EACH ROW EXECUTE FUNCTION tenants_placed();

CREATE TRIGGER tenants_seats AFTER UPDATE OF plan, plan_version ON public.tenants FOR EACH ROW WHEN (((old.plan IS DISTINCT FROM new.plan) OR (old.plan_version IS DISTINCT FROM new.plan_version))) EXECUTE FUNCTION tenants_seats();

CREATE TRIGGER users_membership AFTER INSERT OR UPDATE OF tenant_id, role ON public.users FOR EACH ROW EXECUTE FUNCTION users_membership();

-- Metering: the bucket u00.

create type reservation_state as enum ('open', 'settled', 'released', 'expired');

create type resource_type as enum ('llm_tokens', 'messages', 'images', 'api_calls');

create table allowances (
  tenant_id uuid not null,
  ref text not null,
  period text not null,
  resource_type resource_type not null,
  kind text not null,
  units bigint not null,
  actor text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  constraint allowances_kind CHECK ((kind = ANY (ARRAY['goodwill'::text, 'promotion'::text, 'override'::text, 'rollover'::text]))),
  constraint allowances_pkey PRIMARY KEY (tenant_id, ref),
  constraint allowances_units CHECK ((units <> 0))
);

create table bucket_migrations (
  name text not null,
  applied_at timestamp with time zone default now() not null,
  constraint bucket_migrations_pkey PRIMARY KEY (name)
);

create table credit_accounts (
  tenant_id uuid not null,
  head_grant uuid,
  head_left bigint default 0 not null,
  head_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  last_seq bigint default 0 not null,
  updated_at timestamp with time zone not null,
  overage_on boolean default false not null,
  overage_cap_minor bigint,
  overage_currency text,
  overage_agreed numeric(20,12),
  overage_price numeric(20,12),
  overage_lapsed text,
  overage_paused text,
  overage_suspended text,
  overage_alerts smallint[] default '{50,80,100}'::smallint[] not null,
  overage_period text,
  overage_left bigint default 0 not null,
  unpaid_micro bigint default 0 not null,
  exposure_minor bigint,
  constraint credit_accounts_head CHECK (((head_left >= 0) AND ((head_grant IS NOT NULL) OR (head_left = 0)))),
  constraint credit_accounts_overage CHECK (((overage_left >= 0) AND ((overage_period IS NOT NULL) OR (overage_left = 0)) AND ((NOT overage_on) OR ((num_nonnulls(overage_cap_minor, overage_currency, overage_agreed, overage_price) = 4) AND (overage_price > (0)::numeric))))) NOT VALID,
  constraint credit_accounts_pkey PRIMARY KEY (tenant_id)
) with (fillfactor=40);

create table credit_changes (
  tenant_id uuid not null,
  verb text not null,
  ref text not null,
  grant_id uuid not null,
  revoked_micro bigint,
  pending_micro bigint,
  shortfall_micro bigint,
  actor text not null,
  reason text not null,
  made_at timestamp with time zone not null,
  constraint credit_changes_pkey PRIMARY KEY (tenant_id, verb, ref),
  constraint credit_changes_verb CHECK ((verb = ANY (ARRAY['revoke'::text, 'freeze'::text, 'unfreeze'::text, 'spare'::text])))
);

create table credit_draws (
  tenant_id uuid not null,
  seq bigint not null,
  period text not null,
  kind text not null,
  grant_id uuid,
  resource_type resource_type,
  rate_micro bigint,
  units bigint default 0 not null,
  micro bigint not null,
  reverses_seq bigint,
  drawn_at timestamp with time zone not null,
  currency text,
  minor_per_credit numeric(20,12),
  model text,
  rate_card integer,
  constraint credit_draws_kind CHECK ((kind = ANY (ARRAY['granted'::text, 'grant'::text, 'overage'::text, 'uncovered'::text, 'expired'::text, 'revoked'::text]))) NOT VALID,
  constraint credit_draws_price CHECK ((((kind = 'overage'::text) = (minor_per_credit IS NOT NULL)) AND ((kind = 'overage'::text) = (currency IS NOT NULL)))) NOT VALID,
  constraint credit_draws_source CHECK (((grant_id IS NULL) = (kind = ANY (ARRAY['overage'::text, 'uncovered'::text])))) NOT VALID,
  constraint credit_draws_tenant_id_seq_pk PRIMARY KEY (tenant_id, seq),
  constraint credit_draws_use CHECK (((resource_type IS NULL) = (kind = ANY (ARRAY['granted'::text, 'expired'::text, 'revoked'::text]))))
);

create table credit_grants (
  tenant_id uuid not null,
  id uuid not null,
  origin text not null,
  origin_ref text not null,
  class smallint not null,
  amount_micro bigint not null,
  left_micro bigint not null,
  held_micro bigint default 0 not null,
  revoke_due_micro bigint default 0 not null,
  effective_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  frozen_at timestamp with time zone,
  revoked_at timestamp with time zone,
  actor text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  ending_told_at timestamp with time zone,
  constraint credit_grants_amounts CHECK (((amount_micro > 0) AND (left_micro >= 0) AND (held_micro >= 0) AND ((left_micro + held_micro) <= amount_micro) AND ((revoke_due_micro >= 0) AND (revoke_due_micro <= held_micro)))),
  constraint credit_grants_class CHECK ((class = ANY (ARRAY[0, 1]))),
  constraint credit_grants_once UNIQUE (tenant_id, origin, origin_ref),
  constraint credit_grants_origin CHECK ((origin = ANY (ARRAY['purchase'::text, 'promotion'::text, 'goodwill'::text, 'migration'::text]))),
  constraint credit_grants_tenant_id_id_pk PRIMARY KEY (tenant_id, id),
  constraint credit_grants_times CHECK ((effective_at < expires_at))
) with (fillfactor=70);

create table overage_bills (
  tenant_id uuid not null,
  ref text not null,
  micro bigint not null,
  state text not null,
  billed_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  currency text,
  minor bigint,
  constraint overage_bills_pkey PRIMARY KEY (tenant_id, ref),
  constraint overage_bills_state CHECK ((state = ANY (ARRAY['billed'::text, 'paid'::text, 'returned'::text, 'lost'::text, 'failed'::text, 'void'::text]))) NOT VALID
);

create table overage_consents (
  tenant_id uuid not null,
  n integer not null,
  is_on boolean not null,
  cap_minor bigint,
  currency text,
  minor_per_credit numeric(20,12),
  alerts smallint[] not null,
  actor text not null,
  made_at timestamp with time zone not null,
  constraint overage_consents_pkey PRIMARY KEY (tenant_id, n)
);

create table overage_notices (
  tenant_id uuid not null,
  ref text not null,
  percent smallint not null,
  period text not null,
  cap_minor bigint not null,
  currency text not null,
  reason text,
  made_at timestamp with time zone not null,
  mail_due boolean not null,
  constraint overage_notices_percent CHECK ((percent = ANY (ARRAY[0, 50, 80, 100]))),
  constraint overage_notices_pkey PRIMARY KEY (tenant_id, ref)
);

create table overage_periods (
  tenant_id uuid not null,
  period text not null,
  currency text not null,
  minor_per_credit numeric(20,12) not null,
  cap_minor bigint not null,
  used_micro bigint default 0 not null,
  held_micro bigint default 0 not null,
  billed_micro bigint default 0 not null,
  constraint overage_periods_amounts CHECK (((used_micro >= 0) AND (held_micro >= 0))),
  constraint overage_periods_pkey PRIMARY KEY (tenant_id, period, currency, minor_per_credit)
) with (fillfactor=40);

create table reservation_sources (
  tenant_id uuid not null,
  reservation_id uuid not null,
  n smallint not null,
  grant_id uuid,
  micro bigint not null,
  currency text,
  minor_per_credit numeric(20,12),
  constraint reservation_sources_micro CHECK ((micro > 0)),
  constraint reservation_sources_pkey PRIMARY KEY (tenant_id, reservation_id, n),
  constraint reservation_sources_price CHECK ((((grant_id IS NULL) = (minor_per_credit IS NOT NULL)) AND ((grant_id IS NULL) = (currency IS NOT NULL)))) NOT VALID
);

create table usage (
  tenant_id uuid not null,
  period text not null,
  id bigint default nextval('usage_id_seq'::regclass) not null,
  resource_type resource_type not null,
  amount bigint not null,
  idempotency_key text,
  reservation_id uuid,
  metadata jsonb,
  actor text,
  reason text,
  occurred_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  draw_seq bigint,
  draw_count smallint,
  reverses_id bigint,
  constraint usage_negative_only_as_correction CHECK (((amount > 0) OR ((amount < 0) AND (actor IS NOT NULL) AND (reason IS NOT NULL)))),
  constraint usage_tenant_id_period_id_pk PRIMARY KEY (tenant_id, period, id)
) partition by LIST (period);

create table usage_archives (
  period text not null,
  file text not null,
  sha256 text not null,
  rows bigint not null,
  archived_at timestamp with time zone not null,
  constraint usage_archives_pkey PRIMARY KEY (period)
);

create table usage_days (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  day smallint not null,
  amount bigint not null,
  constraint usage_days_day CHECK (((day >= 1) AND (day <= 31))),
  constraint usage_days_tenant_id_period_resource_type_day_pk PRIMARY KEY (tenant_id, period, resource_type, day) INCLUDE (amount),
  constraint usage_days_totals_fk FOREIGN KEY (tenant_id, period, resource_type) REFERENCES usage_totals(tenant_id, period, resource_type)
);

create table usage_idempotency (
  tenant_id uuid not null,
  key text not null,
  fingerprint bigint not null,
  accepted boolean not null,
  used bigint not null,
  "limit" bigint,
  remaining bigint,
  reservation_id uuid,
  created_at timestamp with time zone default now() not null,
  constraint usage_idempotency_key_tenant_id_pk PRIMARY KEY (key, tenant_id)
);

create table usage_member_limits (
  tenant_id uuid not null,
  member_id text not null,
  resource_type resource_type not null,
  month_max bigint not null,
  constraint usage_member_limits_month_max CHECK ((month_max >= 0)),
  constraint usage_member_limits_pkey PRIMARY KEY (tenant_id, member_id, resource_type)
);

create table usage_member_totals (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  member_id text not null,
  used bigint not null,
  held bigint not null,
  constraint usage_member_totals_pkey PRIMARY KEY (tenant_id, period, resource_type, member_id)
) with (fillfactor=40);

create table usage_reservations (
  tenant_id uuid not null,
  id uuid not null,
  period text not null,
  resource_type resource_type not null,
  amount bigint not null,
  state reservation_state default 'open'::reservation_state not null,
  expires_at timestamp with time zone not null,
  settled_amount bigint,
  used_after bigint,
  remaining_after bigint,
  metadata jsonb,
  created_at timestamp with time zone default now() not null,
  closed_at timestamp with time zone,
  begun_amount bigint,
  plan_units bigint,
  rate_micro bigint,
  draw_seq bigint,
  draw_count bigint,
  constraint usage_reservations_amount CHECK ((amount > 0)),
  constraint usage_reservations_begun_amount CHECK ((begun_amount >= 0)),
  constraint usage_reservations_closed_when_done CHECK (((state = 'open'::reservation_state) = (closed_at IS NULL))),
  constraint usage_reservations_settled_whole CHECK ((((state = 'settled'::reservation_state) = (settled_amount IS NOT NULL)) AND ((settled_amount IS NULL) OR (settled_amount >= 0)))),
  constraint usage_reservations_tenant_id_id_pk PRIMARY KEY (tenant_id, id),
  constraint usage_reservations_totals_fk FOREIGN KEY (tenant_id, period, resource_type) REFERENCES usage_totals(tenant_id, period, resource_type)
);

create table usage_tenants (
  tenant_id uuid not null,
  version bigint not null,
  plan text not null,
  limits jsonb not null,
  base_plan text,
  base_limits jsonb,
  share_from timestamp with time zone,
  share_until timestamp with time zone,
  deleted_at timestamp with time zone,
  rates jsonb default '{}'::jsonb not null,
  overage jsonb,
  rollover jsonb default '{}'::jsonb not null,
  since timestamp with time zone,
  constraint usage_tenants_pkey PRIMARY KEY (tenant_id)
);

create table usage_thresholds (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  percent smallint not null,
  used bigint not null,
  "limit" bigint not null,
  crossed_at timestamp with time zone not null,
  mail_due boolean default false not null,
  constraint usage_thresholds_percent CHECK ((percent = ANY (ARRAY[80, 100]))),
  constraint usage_thresholds_pk PRIMARY KEY (tenant_id, period, resource_type, percent, "limit")
);

create table usage_totals (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  used bigint default 0 not null,
  held bigint default 0 not null,
  "limit" bigint,
  day_used bigint default 0 not null,
  updated_at timestamp with time zone default now() not null,
  day smallint default 1 not null,
  threshold smallint default 0 not null,
  beyond bigint default 0 not null,
  held_beyond bigint default 0 not null,
  spilled bigint default 0 not null,
  rate_micro bigint,
  per_member boolean default false not null,
  allowance bigint default 0 not null,
  rollover_percent smallint default 0 not null,
  closed_at timestamp with time zone,
  constraint usage_totals_not_negative CHECK (((used >= 0) AND (held >= 0))),
  constraint usage_totals_tenant_id_period_resource_type_pk PRIMARY KEY (tenant_id, period, resource_type),
  constraint usage_totals_within CHECK ((((beyond >= 0) AND (beyond <= used)) AND ((held_beyond >= 0) AND (held_beyond <= held)))) NOT VALID
) with (fillfactor=40);

create sequence usage_id_seq cache 64;

CREATE INDEX allowances_month_idx ON u00.allowances USING btree (tenant_id, period, resource_type);

CREATE INDEX credit_accounts_overage_idx ON u00.credit_accounts USING btree (tenant_id) WHERE overage_on;

CREATE INDEX credit_draws_reverses_idx ON u00.credit_draws USING btree (tenant_id, reverses_seq) WHERE (reverses_seq IS NOT NULL);

CREATE INDEX credit_grants_ended_idx ON u00.credit_grants USING btree (tenant_id, expires_at DESC, id);

CREATE INDEX credit_grants_ending_idx ON u00.credit_grants USING btree (expires_at, tenant_id, id) WHERE (ending_told_at IS NULL);

CREATE INDEX credit_grants_order_idx ON u00.credit_grants USING btree (tenant_id, expires_at, class, effective_at, id) WHERE (left_micro > 0);

CREATE INDEX overage_bills_owed_idx ON u00.overage_bills USING btree (tenant_id) WHERE (state = ANY (ARRAY['billed'::text, 'failed'::text, 'lost'::text]));

CREATE INDEX overage_notices_mail_due_idx ON u00.overage_notices USING btree (made_at) WHERE mail_due;

CREATE INDEX usage_reservations_closed_idx ON u00.usage_reservations USING brin (closed_at);

CREATE INDEX usage_reservations_expiry_idx ON u00.usage_reservations USING btree (expires_at) WHERE (state = 'open'::reservation_state);

CREATE INDEX usage_reservations_open_idx ON u00.usage_reservations USING btree (tenant_id, period, resource_type) WHERE (state = 'open'::reservation_state);

CREATE INDEX usage_thresholds_mail_due_idx ON u00.usage_thresholds USING btree (crossed_at) WHERE mail_due;

CREATE INDEX usage_totals_rollover_idx ON u00.usage_totals USING btree (period, tenant_id) WHERE ((rollover_percent > 0) AND (closed_at IS NULL));

CREATE OR REPLACE FUNCTION u00.credit_account(p_tenant uuid)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
begin
  select * into a from credit_accounts where tenant_id = p_tenant for update;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_balance(a credit_accounts, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_behind bigint;
begin
  if a.head_grant is null then return 0; end if;
  select coalesce(sum(left_micro), 0) into v_behind from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at <= p_now
    and expires_at > p_now;
  return a.head_left + v_behind;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_beyond(t usage_totals, a credit_accounts, p_units bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when b.units <= credit_call_max() / t.rate_micro then b.units else 0 end
  from (select case
    when t."limit" is null or t.rate_micro is null or a.tenant_id is null then 0
    else greatest(0, p_units - usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond))
    end as units) as b;
$function$
;

CREATE OR REPLACE FUNCTION u00.credit_bill_price(a credit_accounts, p_ref text, p_micro bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  o record;
  v_before numeric;
  v_from bigint := 0;
  v_to bigint;
  v_money numeric := 0;
  v_currency text := a.overage_currency;
begin
  select coalesce(sum(billed_micro), 0) into v_before from overage_periods where tenant_id = a.tenant_id;
  if v_before <> 0 then
    select min(d.seq) into v_from
    from (
      select seq, sum(micro) over (order by seq) as micro from credit_draws
      where tenant_id = a.tenant_id and kind = 'overage'
    ) as d
    where d.micro = v_before;
  end if;
  select min(d.seq) into v_to
  from (
    select seq, sum(micro) over (order by seq) as micro from credit_draws
    where tenant_id = a.tenant_id and kind = 'overage'
  ) as d
  where d.seq > v_from and d.micro = v_before + p_micro;
  for o in
    select period, currency, minor_per_credit, sum(micro) as micro from credit_draws
    where tenant_id = a.tenant_id and kind = 'overage' and seq > v_from and seq <= v_to
    group by 1, 2, 3
    union all
    (select period, currency, minor_per_credit, p_micro from overage_periods
    where v_to is null and tenant_id = a.tenant_id
    order by period desc, minor_per_credit limit 1)
  loop
    v_money := v_money + o.micro * o.minor_per_credit;
    v_currency := o.currency;
    update overage_periods set billed_micro = billed_micro + o.micro
    where tenant_id = a.tenant_id and period = o.period and currency = o.currency
      and minor_per_credit = o.minor_per_credit;
  end loop;
  update overage_bills set currency = v_currency, minor = floor(v_money / 1000000)
  where tenant_id = a.tenant_id and ref = p_ref;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_bring_up(p_tenant uuid, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_call_max()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$ select 9000000000000::bigint; $function$
;

CREATE OR REPLACE FUNCTION u00.credit_capped(a credit_accounts, p_period text, p_held boolean)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
AS $function$
begin
  return floor((a.overage_cap_minor * 1000000.0 - credit_spent(a, p_period, p_held)) / a.overage_price);
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_end_hold(a credit_accounts, r usage_reservations, p_units bigint, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_due bigint := p_units * r.rate_micro;
  v_marks boolean := false;
  -- By source: what it held, what of that is drawn, and at which price where it is overage.
  v_grants uuid[];
  v_micros bigint[];
  v_paid bigint[] := '{}';
  v_currencies text[];
  v_prices numeric[];
  v_held bigint;
begin
  with ended as (
    delete from reservation_sources
    where tenant_id = r.tenant_id and reservation_id = r.id
    returning n, grant_id, micro, currency, minor_per_credit
  )
  select array_agg(grant_id order by n), array_agg(micro order by n), array_agg(currency order by n),
    array_agg(minor_per_credit order by n)
  into v_grants, v_micros, v_currencies, v_prices
  from ended;
  for i in 1 .. coalesce(cardinality(v_micros), 0) loop
    v_paid := v_paid || least(v_due, v_micros[i]);
    v_due := v_due - v_paid[i];
  end loop;

  if v_paid[1] > 0 then
    insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
      micro, drawn_at, currency, minor_per_credit, model, rate_card)
    select a.tenant_id, a.last_seq + s.n, r.period,
      case when s.grant_id is null then 'overage' else 'grant' end, s.grant_id, r.resource_type,
      r.rate_micro, case when s.n = 1 then p_units else 0 end, s.paid, p_now, s.currency, s.price,
      usage_model(r.metadata), usage_card(r.metadata)
    from unnest(v_grants, v_paid, v_currencies, v_prices) with ordinality
      as s(grant_id, paid, currency, price, n)
    where s.paid > 0;
    a.last_seq := a.last_seq + cardinality(array_remove(v_paid, 0));
  end if;

  for i in 1 .. cardinality(v_paid) loop
    v_held := v_micros[i];
    if v_grants[i] is null then
      -- How far it is to the next mark is another by now.
      a := credit_unload(a);
      perform credit_overage_add(a, r.period, v_currencies[i], v_prices[i], v_paid[i], -v_held);
      a.unpaid_micro := a.unpaid_micro + v_paid[i];
      v_marks := v_marks or v_paid[i] > 0;
    elsif v_paid[i] < v_held then
      a := credit_give_back(a, v_grants[i], v_held, v_held - v_paid[i], p_now);
    else
      -- Nothing comes back, so nobody has to look at what becomes of it.
      update credit_grants
      set held_micro = held_micro - v_held,
        revoke_due_micro = case when revoked_at is not null then held_micro - v_held
          else least(revoke_due_micro, held_micro - v_held) end
      where tenant_id = a.tenant_id and id = v_grants[i];
    end if;
  end loop;
  if v_marks then perform credit_mark(a, r.period, false, p_now); end if;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_exposure(a credit_accounts)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_paid int;
begin
  if a.exposure_minor is not null then return a.exposure_minor; end if;
  select least(count(*), 2) into v_paid from overage_bills
  where tenant_id = a.tenant_id and state = 'paid' and micro > 0;
  return coalesce((credit_worths() ->> a.overage_currency)::int, 700) * (array[1, 4, 10])[v_paid + 1];
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_extend(a credit_accounts, p_from bigint, p_to bigint, p_until timestamp with time zone, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_drawn uuid[];
begin
  select array_agg(distinct grant_id) into v_drawn from credit_draws
  where tenant_id = a.tenant_id and seq between p_from and p_to and kind = 'grant';
  perform from credit_grants
  where tenant_id = a.tenant_id and id = any(v_drawn) and expires_at <= p_now
    and frozen_at is null and revoked_at is null;
  if not found then return a; end if;
  a := credit_rehead(a, p_now);
  update credit_grants set expires_at = p_until, ending_told_at = null
  where tenant_id = a.tenant_id and id = any(v_drawn) and expires_at <= p_now
    and frozen_at is null and revoked_at is null;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_freeze(p_tenant uuid, p_grant uuid, p_ref text, p_freeze boolean, p_extend interval, p_actor text, p_reason text, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
  v_ends_at timestamptz;
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
    -- The account's lock guards its grants.
    select expires_at + coalesce(p_extend, p_now - frozen_at) into v_ends_at
    from credit_grants where tenant_id = p_tenant and id = p_grant and frozen_at is not null;
    if found then
      update credit_grants set expires_at = v_ends_at, frozen_at = null,
        ending_told_at = case when v_ends_at = expires_at then ending_told_at end
      where tenant_id = p_tenant and id = p_grant;
    end if;
  end if;
  insert into credit_changes (tenant_id, verb, ref, grant_id, actor, reason, made_at)
  values (p_tenant, v_verb, p_ref, p_grant, p_actor, p_reason, p_now);
  perform credit_keep(credit_rehead(a, p_now), p_now);
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_give_back(a credit_accounts, p_grant uuid, p_held bigint, p_micro bigint, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_grant(p_tenant uuid, p_id uuid, p_origin text, p_origin_ref text, p_class smallint, p_micro bigint, p_effective_at timestamp with time zone, p_expires_at timestamp with time zone, p_actor text, p_reason text, p_now timestamp with time zone, OUT grant_id uuid, OUT is_new boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_held(p_tenant uuid, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_held bigint;
begin
  select coalesce(sum(held_micro - revoke_due_micro), 0) into v_held from credit_grants
  where tenant_id = p_tenant and frozen_at is null and expires_at > p_now
    and id = any(array(select distinct s.grant_id from reservation_sources s
      where s.tenant_id = p_tenant and s.grant_id is not null));
  return v_held;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_hold(a credit_accounts, p_reservation uuid, p_micro bigint, p_now timestamp with time zone, p_period text DEFAULT NULL::text)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_due bigint := p_micro;
  v_taken bigint;
  -- By source; those of overage have no grant.
  v_grants uuid[] := '{}';
  v_micros bigint[] := '{}';
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    if a.head_grant is null and a.overage_left < v_due then
      a := credit_unload(a);
      v_taken := least(v_due, credit_room(a, p_period));
    else
      v_taken := least(v_due, a.head_left + a.overage_left);
    end if;
    if v_taken = 0 then raise exception 'more is held than there is'; end if;
    v_due := v_due - v_taken;
    v_grants := v_grants || a.head_grant;
    v_micros := v_micros || v_taken;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_taken;
      update credit_grants set held_micro = held_micro + v_taken
      where tenant_id = a.tenant_id and id = a.head_grant;
    elsif a.overage_period is null then
      perform credit_overage_add(a, p_period, a.overage_currency, a.overage_price, 0, v_taken);
    else
      a.overage_left := a.overage_left - v_taken;
      a.unpaid_micro := a.unpaid_micro - v_taken;
      perform credit_overage_add(a, p_period, a.overage_currency, a.overage_price, -v_taken, v_taken);
    end if;
  end loop;
  insert into reservation_sources (tenant_id, reservation_id, n, grant_id, micro, currency,
    minor_per_credit)
  select a.tenant_id, p_reservation, s.n, s.grant_id, s.micro,
    case when s.grant_id is null then a.overage_currency end,
    case when s.grant_id is null then a.overage_price end
  from unnest(v_grants, v_micros) with ordinality as s(grant_id, micro, n);
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_keep(a credit_accounts, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_load(a credit_accounts, p_period text)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_mark(a credit_accounts, p_period text, p_refused boolean, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_means(p_tenants uuid[], p_period text, p_now timestamp with time zone, OUT means numeric[], OUT later numeric[], OUT marks boolean[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_rooms record;
begin
  v_rooms := credit_rooms(p_tenants, array_fill(p_period, array[cardinality(p_tenants)]));
  select array_agg(b.grants + case when b.is_on then greatest(0, b.room_now) else 0 end order by b.n),
    array_agg(b.grants + b.held + case when b.is_on then greatest(0, b.room) else 0 end order by b.n),
    array_agg(b.mark_ref is not null and not exists (
      select from overage_notices o where o.tenant_id = b.tenant and o.ref = b.mark_ref) order by b.n)
  into means, later, marks
  from (
    select w.n, w.tenant, a.head_left + g.behind as grants, h.held, a.is_on,
      least(w.capped_now, w.trusted_now) as room_now, least(w.capped, w.trusted) as room,
      -- As `credit_mark` names it; null where the cap is not in the way, or who is told of none.
      case when a.is_on and w.capped <= w.trusted then 'cap/' || p_period || '/' || a.overage_currency
        || '/' || a.overage_cap_minor || '/' || a.alert end as mark_ref
    from unnest(p_tenants, v_rooms.capped, v_rooms.capped_now, v_rooms.trusted, v_rooms.trusted_now)
      with ordinality as w(tenant, capped, capped_now, trusted, trusted_now, n)
    cross join lateral (
      select c.*, c.overage_on and c.overage_paused is null and c.overage_suspended is null as is_on,
        (select max(s.percent) from unnest(c.overage_alerts) as s(percent)) as alert
      from credit_accounts c
      where c.tenant_id = w.tenant
    ) as a
    cross join lateral (
      select coalesce(sum(left_micro), 0) as behind from credit_grants
      where a.head_grant is not null and tenant_id = w.tenant and left_micro > 0 and frozen_at is null
        and effective_at <= p_now and expires_at > p_now
    ) as g
    cross join lateral (
      select coalesce(sum(held_micro - revoke_due_micro), 0) as held from credit_grants
      where tenant_id = w.tenant and frozen_at is null and expires_at > p_now
        and id = any(array(select distinct s.grant_id from reservation_sources s
          where s.tenant_id = w.tenant and s.grant_id is not null))
    ) as h
    offset 0
  ) as b;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_next(a credit_accounts, p_period text, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
begin
  if a.head_until <= p_now or a.head_left = 0 and a.head_grant is not null then
    a := credit_rehead(a, p_now);
  end if;
  if a.head_grant is null and (a.overage_left = 0 or a.overage_period is distinct from p_period) then
    a := credit_load(a, p_period);
  end if;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_note(a credit_accounts, p_kind text, p_grant uuid, p_micro bigint, p_now timestamp with time zone, p_period text DEFAULT NULL::text, p_resource resource_type DEFAULT NULL::resource_type, p_rate bigint DEFAULT NULL::bigint, p_units bigint DEFAULT 0, p_reverses bigint DEFAULT NULL::bigint, p_currency text DEFAULT NULL::text, p_price numeric DEFAULT NULL::numeric, p_work jsonb DEFAULT NULL::jsonb)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
begin
  a.last_seq := a.last_seq + 1;
  insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
    micro, reverses_seq, drawn_at, currency, minor_per_credit, model, rate_card)
  values (a.tenant_id, a.last_seq, coalesce(p_period, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
    p_kind, p_grant, p_resource, p_rate, p_units, p_micro, p_reverses, p_now, p_currency, p_price,
    usage_model(p_work), usage_card(p_work));
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_offer(a credit_accounts, p_overage jsonb, p_ref text, p_period text, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_add(a credit_accounts, p_period text, p_currency text, p_price numeric, p_used bigint, p_held bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
begin
  update overage_periods
  set used_micro = used_micro + p_used, held_micro = held_micro + p_held
  where tenant_id = a.tenant_id and period = p_period and currency = p_currency
    and minor_per_credit = p_price;
  if not found then raise exception 'no overage was taken of % at %', p_period, p_price; end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_bill(p_tenant uuid, p_ref text, p_from text[], p_to text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
  b overage_bills;
  v_owed constant text[] := array['billed', 'failed', 'lost'];
begin
  a := credit_account(p_tenant);
  select * into b from overage_bills where tenant_id = p_tenant and ref = p_ref;
  if b.state is null or b.state <> all(p_from) then return false; end if;
  a := credit_unload(a);
  update overage_bills set state = p_to, changed_at = now() where tenant_id = p_tenant and ref = p_ref;
  a.unpaid_micro := a.unpaid_micro
    + b.micro * ((p_to = any(v_owed))::int - (b.state = any(v_owed))::int);
  a.overage_suspended := (select max('unpaid') from overage_bills
    where tenant_id = p_tenant and state = 'failed');
  perform credit_keep(a, a.updated_at);
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_billed(p_tenant uuid, p_ref text, p_micro bigint, p_currency text DEFAULT NULL::text, p_minor bigint DEFAULT NULL::bigint, p_lines jsonb DEFAULT NULL::jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
  l record;
begin
  a := credit_account(p_tenant);
  if a.tenant_id is null then return false; end if;
  insert into overage_bills (tenant_id, ref, micro, state, billed_at, changed_at, currency, minor)
  values (p_tenant, p_ref, p_micro, 'billed', now(), now(), p_currency, p_minor)
  on conflict do nothing;
  if not found then return false; end if;
  -- It asks for what was rounded off before.
  a := credit_unload(a);
  if p_lines is null then perform credit_bill_price(a, p_ref, p_micro); end if;
  for l in
    select * from jsonb_to_recordset(p_lines) as x(period text, price numeric, micro bigint)
  loop
    update overage_periods set billed_micro = billed_micro + l.micro
    where tenant_id = p_tenant and period = l.period and currency = p_currency
      and minor_per_credit = l.price;
    if not found then raise exception 'no overage was taken of % at %', l.period, l.price; end if;
  end loop;
  perform credit_keep(a, a.updated_at);
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_bound(p_tenant uuid, p_cap_minor bigint, p_actor text, p_period text, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_failed(p_tenant uuid, p_ref text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$ select credit_overage_bill(p_tenant, p_ref, array['billed'], 'failed'); $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_lapse(p_tenant uuid, p_reason text, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_lost(p_tenant uuid, p_ref text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'paid', 'returned'], 'lost');
$function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_paid(p_tenant uuid, p_ref text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'returned', 'lost'], 'paid');
$function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_returned(p_tenant uuid, p_ref text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'paid', 'lost'], 'returned');
$function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_set(p_tenant uuid, p_on boolean, p_cap_minor bigint, p_currency text, p_price numeric, p_alerts smallint[], p_actor text, p_now timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_taken(p_tenant uuid, p_periods text[], p_currency text DEFAULT NULL::text, OUT currency text, OUT cap_minor bigint, OUT taken_minor bigint[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_trust(p_tenant uuid, p_minor bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
begin
  a := credit_account(p_tenant);
  if a.tenant_id is null then return false; end if;
  a := credit_unload(a);
  a.exposure_minor := p_minor;
  perform credit_keep(a, a.updated_at);
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_view(a credit_accounts, p_tenant uuid, p_period text, p_room bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_offer jsonb;
  v_spent numeric;
  v_exposure bigint;
  v_capped numeric;
  v_trusted numeric;
  v_unpaid record;
begin
  select overage into v_offer from usage_tenants where tenant_id = p_tenant;
  if a.overage_currency is null then return jsonb_build_object('offer', v_offer); end if;
  v_spent := credit_spent(a, p_period, false);
  v_exposure := credit_exposure(a);
  v_capped := credit_capped(a, p_period, true);
  v_trusted := credit_trusted(a, true);
  v_unpaid := credit_unpaid(a);
  return jsonb_build_object('offer', v_offer, 'enabled', a.overage_on, 'capMinor', a.overage_cap_minor,
    'currency', a.overage_currency, 'minorPerCredit', trim_scale(a.overage_price)::text,
    'agreed', trim_scale(a.overage_agreed)::text,
    'lapsed', a.overage_lapsed, 'paused', a.overage_paused, 'suspended', a.overage_suspended,
    'alerts', a.overage_alerts, 'room', p_room, 'usedMinor', floor(v_spent / 1000000),
    'unpaidMinor', greatest(0, floor(v_unpaid.own / 1000000)),
    'unpaid', a.unpaid_micro - a.overage_left, 'exposureMinor', v_exposure,
    'isCapped', v_capped <= v_trusted);
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overage_void(p_tenant uuid, p_ref text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$ select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed'], 'void'); $function$
;

CREATE OR REPLACE FUNCTION u00.credit_overages(p_tenants uuid[], p_periods text[])
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_rooms record;
  v_views json;
begin
  v_rooms := credit_rooms(p_tenants, p_periods);
  select json_agg(case when a.overage_currency is null then json_build_object('offer', t.overage)
    else json_build_object('offer', t.overage, 'enabled', a.overage_on, 'capMinor', a.overage_cap_minor,
      'currency', a.overage_currency, 'minorPerCredit', trim_scale(a.overage_price)::text,
      'agreed', trim_scale(a.overage_agreed)::text, 'lapsed', a.overage_lapsed, 'paused',
      a.overage_paused, 'suspended', a.overage_suspended, 'alerts', a.overage_alerts, 'room',
      case when a.overage_on and a.overage_paused is null and a.overage_suspended is null
        then greatest(0, least(w.capped_now, w.trusted_now, 9000000000000000)) else 0 end,
      'usedMinor', floor(w.spent / 1000000), 'unpaidMinor', greatest(0, floor(w.unpaid / 1000000)),
      'unpaid', a.unpaid_micro - a.overage_left,
      'exposureMinor', w.exposure, 'isCapped', w.capped_now <= w.trusted_now) end order by w.n)
  into v_views
  from unnest(p_tenants, v_rooms.spent, v_rooms.exposure, v_rooms.capped_now, v_rooms.trusted_now,
      v_rooms.unpaid)
    with ordinality as w(tenant, spent, exposure, capped_now, trusted_now, unpaid, n)
  left join lateral (select * from credit_accounts c where c.tenant_id = w.tenant) as a on true
  left join lateral (select overage from usage_tenants u where u.tenant_id = w.tenant) as t on true;
  return v_views;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_pay(a credit_accounts, p_period text, p_resource resource_type, p_rate bigint, p_units bigint, p_now timestamp with time zone, p_work jsonb DEFAULT NULL::jsonb)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_due bigint := p_units * p_rate;
  v_units bigint := p_units;
  v_paid bigint;
  v_marks boolean := false;
begin
  while v_due > 0 loop
    a := credit_next(a, p_period, p_now);
    v_paid := least(v_due, a.head_left + a.overage_left);
    exit when v_paid = 0;
    if a.head_grant is not null then
      a.head_left := a.head_left - v_paid;
      a := credit_note(a, 'grant', a.head_grant, v_paid, p_now, p_period, p_resource, p_rate, v_units,
        p_work => p_work);
    else
      a.overage_left := a.overage_left - v_paid;
      a := credit_note(a, 'overage', null, v_paid, p_now, p_period, p_resource, p_rate, v_units, null,
        a.overage_currency, a.overage_price, p_work);
      v_marks := v_marks or a.overage_left = 0;
    end if;
    v_due := v_due - v_paid;
    v_units := 0;
  end loop;
  if v_marks then perform credit_mark(a, p_period, false, p_now); end if;
  if v_due > 0 then
    a := credit_note(a, 'uncovered', null, v_due, p_now, p_period, p_resource, p_rate, v_units,
      p_work => p_work);
  end if;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_pays(a credit_accounts, p_rate bigint, p_units bigint, p_more bigint, p_now timestamp with time zone, p_period text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
AS $function$
declare
  v_short bigint;
begin
  if p_rate is null or a.tenant_id is null or p_units > credit_call_max() / p_rate then
    return false;
  end if;
  v_short := p_units * p_rate - p_more;
  if a.head_left >= v_short then return true; end if;
  v_short := v_short - credit_balance(a, p_now);
  return v_short <= 0 or credit_room(a, p_period) >= v_short;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_put_back(a credit_accounts)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
begin
  if a.head_grant is not null and a.head_left > 0 then
    update credit_grants set left_micro = left_micro + a.head_left
    where tenant_id = a.tenant_id and id = a.head_grant;
  end if;
  a.head_grant := null;
  a.head_left := 0;
  a.head_until := '-infinity';
  return credit_unload(a);
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_refused(a credit_accounts, p_period text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
begin
  if a.overage_on and a.overage_paused is null and a.overage_suspended is null
    and credit_capped(a, p_period, false) <= credit_trusted(a, false)
  then
    perform credit_mark(a, p_period, true, p_now);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_rehead(a credit_accounts, p_now timestamp with time zone)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  g credit_grants;
  v_next timestamptz;
  v_found boolean;
begin
  a := credit_put_back(a);
  loop
    select * into g from credit_grants
    where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at <= p_now
    order by expires_at, class, effective_at, id
    limit 1;
    v_found := found;
    exit when not v_found;
    update credit_grants set left_micro = 0 where tenant_id = a.tenant_id and id = g.id;
    exit when g.expires_at > p_now;
    a := credit_note(a, 'expired', g.id, g.left_micro, p_now);
  end loop;

  select min(effective_at) into v_next from credit_grants
  where tenant_id = a.tenant_id and left_micro > 0 and frozen_at is null and effective_at > p_now;
  a.head_until := coalesce(v_next, 'infinity');
  if v_found then
    a.head_grant := g.id;
    a.head_left := g.left_micro;
    a.head_until := least(a.head_until, g.expires_at);
  end if;
  return a;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_return(INOUT a credit_accounts, p_from bigint, p_to bigint, p_period text, p_resource resource_type, p_units bigint, p_now timestamp with time zone, OUT units bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  c credit_draws;
  d credit_draws;
  v_last bigint;
  v_left bigint;
  v_due bigint;
  v_back bigint;
  v_now bigint;
begin
  units := 0;
  for c in
    select * from credit_draws
    where tenant_id = a.tenant_id and seq between p_from and p_to and period = p_period
      and resource_type = p_resource and credit_draws.units > 0 and reverses_seq is null
    order by seq desc
  loop
    exit when units = p_units;
    -- The other sources of a call follow its first, without units.
    select min(seq) - 1 into v_last from credit_draws n
    where tenant_id = a.tenant_id and seq > c.seq
      and (n.units <> 0 or n.reverses_seq is not null or n.kind in ('granted', 'revoked'));
    v_last := coalesce(v_last, a.last_seq);
    select coalesce(sum(n.micro), 0) into v_left from credit_draws n
    where n.tenant_id = a.tenant_id and n.kind in ('grant', 'overage', 'uncovered')
      and (n.seq between c.seq and v_last or n.reverses_seq between c.seq and v_last);
    v_now := least(p_units - units, v_left / c.rate_micro);
    continue when v_now = 0;
    units := units + v_now;
    v_due := v_now * c.rate_micro;
    for d in
      select * from credit_draws
      where tenant_id = a.tenant_id and seq between c.seq and v_last
        and kind in ('grant', 'overage', 'uncovered')
      order by seq desc
    loop
      select d.micro + coalesce(sum(n.micro), 0) into v_left from credit_draws n
      where n.tenant_id = a.tenant_id and n.reverses_seq = d.seq;
      v_back := least(v_due, v_left);
      continue when v_back = 0;
      a := credit_note(a, d.kind, d.grant_id, -v_back, p_now, d.period, d.resource_type,
        d.rate_micro, -v_now, d.seq, d.currency, d.minor_per_credit,
        jsonb_build_object('model', d.model, 'rated', jsonb_build_object('card', d.rate_card)));
      v_now := 0;
      v_due := v_due - v_back;
      if d.kind = 'grant' then
        a := credit_give_back(a, d.grant_id, 0, v_back, p_now);
      elsif d.kind = 'overage' then
        perform credit_overage_add(a, d.period, d.currency, d.minor_per_credit, -v_back, 0);
        a.unpaid_micro := a.unpaid_micro - v_back;
      end if;
    end loop;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_revoke(p_tenant uuid, p_grant uuid, p_ref text, p_micro bigint, p_actor text, p_reason text, p_now timestamp with time zone, OUT revoked_micro bigint, OUT pending_micro bigint, OUT shortfall_micro bigint, OUT is_new boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_revoke_all(p_tenant uuid, p_cause text, p_actor text, p_reason text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_head uuid;
  v_grant uuid;
begin
  select head_grant into v_head from credit_accounts where tenant_id = p_tenant for update;
  if not found then return; end if;
  for v_grant in
    select id from credit_grants
    where tenant_id = p_tenant and revoked_at is null
      and (left_micro > 0 or held_micro > 0 or id = v_head)
    order by id
  loop
    perform credit_revoke(p_tenant, v_grant, p_cause || ':' || v_grant, null, p_actor, p_reason, p_now);
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_room(a credit_accounts, p_period text, p_held boolean DEFAULT true)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
AS $function$
begin
  if a.overage_on is not true or a.overage_paused is not null or a.overage_suspended is not null
    or p_period is null
  then
    return 0;
  end if;
  -- A sum that bigint and JavaScript both take.
  return greatest(0, least(credit_capped(a, p_period, p_held), credit_trusted(a, p_held),
    9000000000000000))::bigint;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_rooms(p_tenants uuid[], p_periods text[], OUT spent numeric[], OUT exposure bigint[], OUT capped numeric[], OUT capped_now numeric[], OUT trusted numeric[], OUT trusted_now numeric[], OUT unpaid numeric[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_worths jsonb := credit_worths();
begin
  select array_agg(b.spent order by b.n), array_agg(b.exposure order by b.n),
    array_agg(floor((b.cap - b.spent) / b.price) order by b.n),
    array_agg(floor((b.cap - b.spent - b.held) / b.price) order by b.n),
    array_agg(floor(b.room / b.price) order by b.n),
    array_agg(floor((b.room - b.held_ever) / b.price) order by b.n),
    array_agg(b.own order by b.n)
  into spent, exposure, capped, capped_now, trusted, trusted_now, unpaid
  from (
    select w.n, a.overage_cap_minor * 1000000.0 as cap, a.overage_price as price, a.exposure,
      m.used - case when a.overage_period = w.period then a.loaded else 0 end as spent, m.held, m.held_ever,
      a.exposure * 1000000.0 - m.unbilled - d.billed + a.loaded as room,
      m.unbilled_own + d.billed_own - a.loaded as own
    from unnest(p_tenants, p_periods) with ordinality as w(tenant, period, n)
    left join lateral (
      select c.*,
        -- What is loaded is not used.
        case when c.overage_period is null then 0 else c.overage_left * c.overage_price end as loaded,
        coalesce((v_worths ->> c.overage_currency)::numeric, 700) as worth,
        coalesce(c.exposure_minor, coalesce((v_worths ->> c.overage_currency)::int, 700)
          * (array[1, 4, 10])[1 + (select count(*) from (
            select from overage_bills b
            where b.tenant_id = w.tenant and b.state = 'paid' and b.micro > 0 limit 2) as two)]) as exposure
      from credit_accounts c
      where c.tenant_id = w.tenant and c.overage_price is not null
    ) as a on true
    cross join lateral (
      select coalesce(sum(p.held_micro * p.price), 0) as held_ever,
        coalesce(sum(p.used_micro * p.price) filter (where p.period = w.period and p.is_own), 0) as used,
        coalesce(sum(p.held_micro * p.price) filter (where p.period = w.period and p.is_own), 0) as held,
        coalesce(sum((p.used_micro - p.billed_micro) * p.price), 0) as unbilled,
        coalesce(sum((p.used_micro - p.billed_micro) * p.price) filter (where p.is_own), 0) as unbilled_own
      from (
        select o.period, o.used_micro, o.held_micro, o.billed_micro, o.currency = a.overage_currency as is_own,
          case when o.currency = a.overage_currency then o.minor_per_credit
            else o.minor_per_credit * a.worth / coalesce((v_worths ->> o.currency)::numeric, 700) end as price
        from overage_periods o
        where a.tenant_id is not null and o.tenant_id = w.tenant
      ) as p
    ) as m
    cross join lateral (
      select coalesce(sum(case when b.currency = a.overage_currency then b.minor * 1000000.0
          else b.minor * 1000000.0 * a.worth / coalesce((v_worths ->> b.currency)::numeric, 700) end), 0)
          as billed,
        coalesce(sum(b.minor * 1000000.0) filter (where b.currency = a.overage_currency), 0) as billed_own
      from overage_bills b
      where a.tenant_id is not null and b.tenant_id = w.tenant and b.state in ('billed', 'failed', 'lost')
    ) as d
    -- So that each is worked out once.
    offset 0
  ) as b;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_spare(p_tenant uuid, p_grant uuid, p_ref text, p_actor text, p_reason text, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  a credit_accounts;
  c credit_changes;
  v_taken bigint;
  v_spared bigint;
  v_late bigint;
begin
  a := credit_account(p_tenant);
  select revoked_micro into v_taken from credit_changes
  where tenant_id = p_tenant and verb = 'spare' and ref = p_ref;
  if found then return v_taken; end if;
  select * into c from credit_changes
  where tenant_id = p_tenant and verb = 'revoke' and ref = p_ref and grant_id = p_grant;
  if not found then return 0; end if;

  v_spared := (select least(c.pending_micro, g.revoke_due_micro) from credit_grants g
    where g.tenant_id = p_tenant and g.id = p_grant);
  update credit_grants set revoke_due_micro = revoke_due_micro - v_spared
  where tenant_id = p_tenant and id = p_grant;
  -- All that came back to the grant and was revoked then, without what was answered for before.
  v_late := (select coalesce(sum(micro), 0) from credit_draws
      where tenant_id = p_tenant and grant_id = p_grant and kind = 'revoked')
    - (select coalesce(sum(case when verb = 'revoke' then revoked_micro else pending_micro end), 0)
      from credit_changes
      where tenant_id = p_tenant and grant_id = p_grant and verb in ('revoke', 'spare'));
  v_late := greatest(0, least(c.pending_micro - v_spared, v_late));
  v_taken := c.revoked_micro + v_late;
  insert into credit_changes (tenant_id, verb, ref, grant_id, revoked_micro, pending_micro, actor,
    reason, made_at)
  values (p_tenant, 'spare', p_ref, p_grant, v_taken, v_late, p_actor, p_reason, p_now);
  return v_taken;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_spendable(t usage_totals, p_balance bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond)
    + case when t.rate_micro > 0 then least(p_balance, credit_call_max()) / t.rate_micro else 0 end;
$function$
;

CREATE OR REPLACE FUNCTION u00.credit_spent(a credit_accounts, p_period text, p_held boolean)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_spent numeric;
begin
  select coalesce(sum((used_micro + case when p_held then held_micro else 0 end)
    * minor_per_credit), 0)
  into v_spent from overage_periods
  where tenant_id = a.tenant_id and period = p_period and currency = a.overage_currency;
  if a.overage_period = p_period then v_spent := v_spent - a.overage_left * a.overage_price; end if;
  return v_spent;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_trusted(a credit_accounts, p_held boolean)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_worths jsonb := credit_worths();
  v_worth numeric := coalesce((v_worths ->> a.overage_currency)::numeric, 700);
  v_held numeric := 0;
  v_unpaid record;
begin
  if p_held then
    select coalesce(sum(held_micro * minor_per_credit * case when currency = a.overage_currency then 1
      else v_worth / coalesce((v_worths ->> currency)::numeric, 700) end), 0)
    into v_held from overage_periods
    where tenant_id = a.tenant_id and held_micro > 0;
  end if;
  v_unpaid := credit_unpaid(a);
  return floor((credit_exposure(a) * 1000000.0 - v_unpaid.debt - v_held) / a.overage_price);
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_unload(a credit_accounts)
 RETURNS credit_accounts
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_unpaid(a credit_accounts, OUT own numeric, OUT debt numeric, OUT unbilled numeric, OUT lost numeric)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_worths jsonb := credit_worths();
  v_worth numeric := coalesce((v_worths ->> a.overage_currency)::numeric, 700);
begin
  select coalesce(sum(p.money) filter (where p.currency = a.overage_currency), 0),
    coalesce(sum(p.money * p.weight), 0),
    coalesce(sum(p.money * p.weight) filter (where p.state is null), 0),
    coalesce(sum(p.money * p.weight) filter (where p.state = 'lost'), 0)
  into own, debt, unbilled, lost
  from (
    select u.currency, u.state, u.money, case when u.currency = a.overage_currency then 1
      else v_worth / coalesce((v_worths ->> u.currency)::numeric, 700) end as weight
    from (
      select o.currency, null as state, (o.used_micro - o.billed_micro) * o.minor_per_credit as money
      from overage_periods o
      where o.tenant_id = a.tenant_id and o.used_micro <> o.billed_micro
      union all
      select b.currency, b.state, b.minor * 1000000.0 from overage_bills b
      where b.tenant_id = a.tenant_id and b.state in ('billed', 'failed', 'lost')
    ) as u
  ) as p;
  if a.overage_period is not null then
    own := own - a.overage_left * a.overage_price;
    debt := debt - a.overage_left * a.overage_price;
    unbilled := unbilled - a.overage_left * a.overage_price;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_view(p_tenant uuid, p_period text, p_now timestamp with time zone, OUT balance bigint, OUT held bigint, OUT grants json, OUT spendable jsonb, OUT overage jsonb)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
  held := (select coalesce(sum(micro), 0) from reservation_sources
    where tenant_id = p_tenant and grant_id is not null);
  select coalesce(array_agg(l.id order by l.id), '{}') into v_live
  from (
    select id from credit_grants where tenant_id = p_tenant and left_micro > 0
    union select grant_id from reservation_sources
      where tenant_id = p_tenant and grant_id is not null
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
end $function$
;

CREATE OR REPLACE FUNCTION u00.credit_worths()
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select '{"cny": 5000, "huf": 358400, "czk": 22400, "mxn": 22400, "thb": 22400, "dkk": 5600, "hkd": 5600,
    "nok": 5600, "sek": 5600, "aed": 2800, "myr": 2800, "pln": 2800, "ron": 2800, "bgn": 1400}'::jsonb
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_add(p_tenant uuid, p_period text, p_resource resource_type, p_day integer, p_used bigint, p_held bigint, p_now timestamp with time zone, p_beyond bigint DEFAULT 0, p_held_beyond bigint DEFAULT 0)
 RETURNS usage_totals
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  t usage_totals;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then
    raise exception 'period % is not open for tenant %', p_period, p_tenant using errcode = 'UB001';
  end if;

  if p_day > t.day and t.day_used <> 0 then
    insert into usage_days (tenant_id, period, resource_type, day, amount)
    values (p_tenant, p_period, p_resource, t.day, t.day_used)
    on conflict (tenant_id, period, resource_type, day) do update
    set amount = usage_days.amount + excluded.amount;
  elsif p_day < t.day and p_used <> 0 then
    insert into usage_days (tenant_id, period, resource_type, day, amount)
    values (p_tenant, p_period, p_resource, p_day, p_used)
    on conflict (tenant_id, period, resource_type, day) do update
    set amount = usage_days.amount + excluded.amount;
  end if;

  update usage_totals
  set used = used + p_used,
    held = held + p_held,
    beyond = beyond + p_beyond,
    held_beyond = held_beyond + p_held_beyond,
    day = greatest(day, p_day),
    day_used = case
      when p_day > day then p_used
      when p_day = day then day_used + p_used
      else day_used end,
    updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  returning * into strict t;
  return t;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_admit(p_careful boolean, p_period text, p_occurred_at timestamp with time zone, p_now timestamp with time zone, p_group_tenants uuid[], p_group_resources resource_type[], p_group_used bigint[], p_group_held bigint[], p_groups integer[], p_amounts bigint[], p_used_through bigint[], p_held_through bigint[], p_enforce boolean[], p_keys text[], p_fingerprints bigint[], p_metadata jsonb[], p_reservations uuid[], p_expires_at timestamp with time zone[], p_started timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], OUT group_used bigint[], OUT group_held bigint[], OUT group_limits bigint[], OUT outcomes integer[], OUT call_used bigint[], OUT call_limits bigint[], OUT call_remaining bigint[], OUT call_reservations uuid[], OUT call_held bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_apart int[] := '{}';
  v_unopened boolean;
  v_self xid;
  v_crossing boolean;
  v_swept int[] := '{}';
  v_first usage_idempotency;
  v_counter usage_totals;
  v_expired record;
  v_crossed record;
  g int;
begin
  if p_careful then
    -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
    -- Where they do not (another resource, another month) the primary key still refuses.
    perform
    from unnest(p_group_tenants, p_group_resources) as wanted(g_tenant, g_resource)
    cross join lateral (
      select from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as locked;

    select coalesce(array_agg(c.n order by c.n), '{}'), coalesce(array_agg(distinct c.grp), '{}')
    into v_repeated, v_apart
    from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
    cross join lateral (
      select from usage_idempotency
      where tenant_id = p_group_tenants[c.grp] and key = c.key
      limit 1
    ) as found;
  end if;

  -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
  -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
  -- shows only in a row that did not exist, and then the whole transaction is undone.
  with moved as (
    insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
    select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
    from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
      with ordinality as w(tenant_id, resource_type, used, held, n)
    where w.n <> all(v_apart)
    on conflict (tenant_id, period, resource_type) do update
    set used = t.used + excluded.used,
      held = t.held + excluded.held,
      day_used = t.day_used + excluded.used,
      updated_at = p_now
    where t.day = v_day
      and (t."limit" is null or t.used + t.held + excluded.used + excluded.held <= t."limit")
    returning tenant_id, resource_type, used, held, "limit", threshold
  )
  select array_agg(used order by tenant_id, resource_type),
    array_agg(held order by tenant_id, resource_type),
    array_agg("limit" order by tenant_id, resource_type),
    coalesce(bool_or("limit" = -1), false),
    coalesce(bool_or("limit" > 0 and used * 100 >= "limit" * 80
      and threshold < case when used >= "limit" then 100 else 80 end), false)
  into group_used, group_held, group_limits, v_unopened, v_crossing
  from moved;

  if v_unopened then
    raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
  end if;

  if cardinality(group_used) = cardinality(p_group_tenants) then
    if p_keys is null then
      insert into usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
        created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.metadata,
        coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_started)
        as c(grp, amount, metadata, reservation, started)
      where c.reservation is null;
    else
      with calls as materialized (
        select *
        from unnest(p_groups, p_amounts, p_used_through, p_held_through, p_keys, p_fingerprints,
          p_metadata, p_reservations, p_started) as c(grp, amount, used_through, held_through, key,
          fingerprint, metadata, reservation, started)
      ), rows as (
        insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
          occurred_at, created_at)
        select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
          c.metadata, coalesce(c.started, p_occurred_at), p_now
        from calls c
        where c.reservation is null
      )
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from calls c
      where c.key is not null;
    end if;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, p_started)
        as c(grp, amount, metadata, reservation, expires_at, started)
      where c.reservation is not null;
    end if;
  else
    -- Something does not fit, or was answered before, or is the first of its day: call by call, in
    -- the order of arrival. One that is refused takes nothing, so a smaller one behind it may fit.
    -- Groups that moved above are those whose row this transaction wrote.
    v_self := pg_current_xact_id()::xid;
    select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n),
      coalesce(array_agg(w.n order by w.n) filter (where t.xmin <> v_self), '{}')
    into group_used, group_held, group_limits, v_apart
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select xmin, used, held, "limit"
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      limit 1
    ) as t;

    if cardinality(group_used) < cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if g <> all(v_apart) then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
        call_held[n] := group_held[g] - p_group_held[g] + p_held_through[n];
        call_reservations[n] := p_reservations[n];
        continue;
      end if;

      if n = any(v_repeated) then
        select * into strict v_first
        from usage_idempotency where tenant_id = p_group_tenants[g] and key = p_keys[n];
        outcomes[n] := case
          when v_first.fingerprint <> p_fingerprints[n] then 4
          when v_first.accepted then 2
          else 3 end;
        call_used[n] := v_first.used;
        call_limits[n] := v_first."limit";
        call_remaining[n] := v_first.remaining;
        call_held[n] := coalesce(greatest(0,
          v_first."limit" - v_first.used - v_first.remaining), 0);
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      if p_enforce[n] and group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
        -- Before refusing: holds past their time keep nobody out.
        if g <> all(v_swept) and group_held[g] > 0 then
          v_expired := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
          group_held[g] := group_held[g] - v_expired.freed;
          group_used[g] := group_used[g] + v_expired.counted;
          v_swept := v_swept || g;
        end if;
        if group_used[g] + group_held[g] + p_amounts[n] > group_limits[g] then
          outcomes[n] := 1;
        end if;
      end if;

      if outcomes[n] = 0 then
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g], group_held[g]);
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started)
      as c(grp, amount, key, metadata, reservation, outcome, started)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started) as c(grp, amount, metadata, reservation, expires_at, outcome, started)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, p_amounts)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, amount)
      where c.key is not null
        and (c.outcome = 0 or (c.outcome = 1 and c.used + c.amount > c.lim));

      -- What only holds stood in the way of takes no key, so the primary key says nothing of it.
      perform
      from unnest(p_groups, p_keys, outcomes, call_used, call_limits, p_amounts)
        as c(grp, key, outcome, used, lim, amount)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found
      where c.outcome = 1 and c.used + c.amount <= c.lim;
      if found then
        raise exception 'a key that answered before' using errcode = 'unique_violation';
      end if;
    end if;

    foreach g in array v_apart loop
      select * into strict v_counter from usage_totals
      where tenant_id = p_group_tenants[g] and period = p_period
        and resource_type = p_group_resources[g];
      if v_counter.used <> group_used[g] or v_counter.held <> group_held[g] then
        perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now);
      end if;
    end loop;
    v_crossing := true;
  end if;

  if v_crossing then
    for v_crossed in
      select t.*
      from unnest(p_group_tenants, p_group_resources) as w(g_tenant, g_resource)
      cross join lateral (
        select * from usage_totals
        where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        limit 1
      ) as t
      where t."limit" > 0 and t.used * 100 >= t."limit" * 80
        and t.threshold < case when t.used >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_admit_batch(p_careful boolean, p_period text, p_occurred_at timestamp with time zone, p_now timestamp with time zone, p_group_tenants uuid[], p_group_resources resource_type[], p_group_used bigint[], p_group_held bigint[], p_groups integer[], p_amounts bigint[], p_used_through bigint[], p_held_through bigint[], p_enforce boolean[], p_keys text[], p_fingerprints bigint[], p_metadata jsonb[], p_reservations uuid[], p_expires_at timestamp with time zone[], p_started timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], OUT group_used bigint[], OUT group_held bigint[], OUT group_limits bigint[], OUT group_aside bigint[], OUT outcomes integer[], OUT call_used bigint[], OUT call_limits bigint[], OUT call_remaining bigint[], OUT call_reservations uuid[], OUT call_held bigint[], OUT call_waits boolean[], OUT call_beyond bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_aside int[] := '{}';
  v_locked bigint;
  v_unopened boolean;
  v_self xid;
  v_crossing boolean;
  v_first usage_idempotency;
  v_counter usage_totals;
  v_freed record;
  v_found record;
  v_crossed usage_totals;
  v_none credit_accounts;
  -- By group.
  v_apart boolean[];
  v_moves boolean[];
  v_days int[];
  v_beyond bigint[];
  v_held_beyond bigint[];
  v_rates bigint[];
  v_per_member boolean[];
  v_thresholds int[];
  v_overdue int[] := '{}';
  v_owner int[];
  -- By tenant, at its first group. `v_left` and `v_seq` are ahead of the account: what its source (the
  -- head, or where `v_billed` what is loaded of overage) has left, and its last number.
  v_asking boolean[];
  v_askers int[] := '{}';
  v_accounts credit_accounts[];
  v_known boolean[];
  v_billed boolean[];
  v_left bigint[];
  v_seq bigint[];
  v_drawn boolean[];
  v_changed boolean[];
  v_due_all numeric[];
  v_poor int[];
  v_poor_tenants uuid[];
  v_means numeric[];
  v_later numeric[];
  v_marks boolean[];
  -- By call.
  v_plan_units bigint[];
  v_draw_seq bigint[];
  v_draw_count bigint[];
  v_draw_micro bigint[];
  v_draw_grants uuid[];
  v_draw_currencies text[];
  v_draw_prices numeric[];
  m record;
  v_full boolean;
  a credit_accounts;
  v_room bigint;
  v_need bigint;
  v_due bigint;
  v_pays boolean;
  v_sweeps boolean;
  v_i int := 0;
  g int;
  o int;
begin
  if p_careful then
    -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
    -- Where they do not (another resource, another month) the primary key still refuses.
    perform
    from unnest(p_group_tenants, p_group_resources) as wanted(g_tenant, g_resource)
    cross join lateral (
      select from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as locked;
    get diagnostics v_locked = row_count;
    -- One that is not there is not made behind those that are locked, out of order.
    if v_locked < cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    select coalesce(array_agg(c.n order by c.n), '{}'), coalesce(array_agg(distinct c.grp), '{}')
    into v_repeated, v_aside
    from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
    cross join lateral (
      select from usage_idempotency
      where tenant_id = p_group_tenants[c.grp] and key = c.key
      limit 1
    ) as found;
  end if;

  -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
  -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
  -- shows only in a row that did not exist, and then the whole transaction is undone.
  with moved as (
    insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
    select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
    from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
      with ordinality as w(tenant_id, resource_type, used, held, n)
    where w.n <> all(v_aside)
    on conflict (tenant_id, period, resource_type) do update
    set used = t.used + excluded.used,
      held = t.held + excluded.held,
      day_used = t.day_used + excluded.used,
      updated_at = p_now
    where t.day = v_day and not t.per_member
      and (t."limit" is null or t.used - t.beyond + t.held - t.held_beyond + excluded.used
        + excluded.held <= t."limit")
    returning tenant_id, resource_type, used, held, beyond, held_beyond, "limit", threshold
  )
  select array_agg(used order by tenant_id, resource_type),
    array_agg(held order by tenant_id, resource_type),
    array_agg("limit" order by tenant_id, resource_type),
    array_agg(beyond + held_beyond order by tenant_id, resource_type),
    coalesce(bool_or("limit" = -1), false),
    coalesce(bool_or("limit" > 0 and (used - beyond) * 100 >= "limit" * 80
      and threshold < case when used - beyond >= "limit" then 100 else 80 end), false)
  into group_used, group_held, group_limits, group_aside, v_unopened, v_crossing
  from moved;

  if v_unopened then
    raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
  end if;

  if cardinality(group_used) = cardinality(p_group_tenants) then
    if p_keys is null then
      insert into usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
        created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.metadata,
        coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_started)
        as c(grp, amount, metadata, reservation, started)
      where c.reservation is null;
    else
      insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
        occurred_at, created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
        c.metadata, coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, p_started)
        as c(grp, amount, key, metadata, reservation, started)
      where c.reservation is null;
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp] + group_aside[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from unnest(p_groups, p_used_through, p_held_through, p_keys, p_fingerprints, p_reservations)
        as c(grp, used_through, held_through, key, fingerprint, reservation)
      where c.key is not null;
    end if;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, p_started)
        as c(grp, amount, metadata, reservation, expires_at, started)
      where c.reservation is not null;
    end if;
  else
    -- Something does not fit, or was answered before, or is the first of its day: call by call, in
    -- the order of arrival. One that is refused takes nothing, so a smaller one behind it may fit.
    -- Groups that moved above are those whose row this transaction wrote.
    v_self := pg_current_xact_id()::xid;
    select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n), array_agg(t.beyond order by w.n),
      array_agg(t.held_beyond order by w.n), array_agg(t.rate_micro order by w.n),
      array_agg(t.per_member order by w.n), array_agg(t.threshold::int order by w.n),
      array_agg(t.day::int order by w.n), array_agg(t.xmin <> v_self order by w.n)
    into group_used, group_held, group_limits, v_beyond, v_held_beyond, v_rates, v_per_member,
      v_thresholds, v_days, v_apart
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select xmin, used, held, "limit", beyond, held_beyond, rate_micro, per_member, threshold, day
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      limit 1
    ) as t;

    if cardinality(group_used) < cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_beyond := array_fill(0::bigint, array[cardinality(p_groups)]);
    call_waits := array_fill(false, array[cardinality(p_groups)]);
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);
    v_plan_units := call_used;
    v_draw_seq := call_used;
    v_draw_count := call_used;
    v_draw_micro := call_used;
    v_draw_grants := call_reservations;
    v_draw_currencies := array_fill(null::text, array[cardinality(p_groups)]);
    v_draw_prices := array_fill(null::numeric, array[cardinality(p_groups)]);

    v_owner := array_fill(0, array[cardinality(p_group_tenants)]);
    v_due_all := array_fill(0::numeric, array[cardinality(p_group_tenants)]);
    v_asking := array_fill(false, array[cardinality(p_group_tenants)]);
    v_moves := v_asking;
    v_known := v_asking;
    v_billed := v_asking;
    v_drawn := v_asking;
    v_changed := v_asking;
    v_marks := v_asking;
    v_left := array_fill(0::bigint, array[cardinality(p_group_tenants)]);
    v_seq := v_left;
    v_means := array_fill(null::numeric, array[cardinality(p_group_tenants)]);
    v_later := v_means;
    v_accounts := array_fill(v_none, array[cardinality(p_group_tenants)]);
    for g in 1 .. cardinality(p_group_tenants) loop
      o := case when g > 1 and p_group_tenants[g] = p_group_tenants[g - 1] then o else g end;
      v_owner[g] := o;
      if v_apart[g] and (v_rates[g] is not null or v_held_beyond[g] > 0)
        and group_used[g] - v_beyond[g] + group_held[g] - v_held_beyond[g] + p_group_used[g]
          + p_group_held[g] > group_limits[g]
      then
        if not v_asking[o] then v_askers := v_askers || o; end if;
        v_asking[o] := true;
        v_due_all[o] := v_due_all[o]
          + (p_group_used[g] + p_group_held[g])::numeric * coalesce(v_rates[g], 0);
      end if;
    end loop;

    -- The accounts, locked in order, with the heads that are in force.
    for a in
      select c.*
      from unnest(v_askers) with ordinality as w(asker, n)
      cross join lateral (
        select * from credit_accounts where tenant_id = p_group_tenants[w.asker] for update
      ) as c
    loop
      loop
        v_i := v_i + 1;
        o := v_askers[v_i];
        exit when p_group_tenants[o] = a.tenant_id;
      end loop;
      if a.head_until <= p_now then
        a := credit_rehead(a, p_now);
        perform credit_keep(a, p_now);
      end if;
      v_accounts[o] := a;
      v_known[o] := true;
      v_seq[o] := a.last_seq;
      v_billed[o] := a.head_grant is null and a.overage_period = p_period is true;
      v_left[o] := case when v_billed[o] then a.overage_left else a.head_left end;
    end loop;

    -- Whoever asks for more than that has left may come to the end of what there is.
    select coalesce(array_agg(w.n::int order by w.n), '{}'), array_agg(w.tenant order by w.n)
    into v_poor, v_poor_tenants
    from unnest(p_group_tenants, v_known, v_due_all, v_left) with ordinality
      as w(tenant, known, due, rest, n)
    where w.known and w.due > w.rest;
    if cardinality(v_poor) > 0 then
      v_found := credit_means(v_poor_tenants, p_period, p_now);
      for v_i in 1 .. cardinality(v_poor) loop
        o := v_poor[v_i];
        v_means[o] := v_found.means[v_i];
        v_later[o] := v_found.later[v_i];
        v_marks[o] := v_found.marks[v_i];
      end loop;
    end if;

    -- Before a call is refused: holds past their time keep nobody out.
    select coalesce(array_agg(w.n::int order by w.n), '{}') into v_overdue
    from unnest(p_group_tenants, p_group_resources, group_held, v_apart) with ordinality
      as w(g_tenant, g_resource, held, apart, n)
    cross join lateral (
      select from usage_reservations
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        and state = 'open' and expires_at <= p_now
      limit 1
    ) as found
    where w.apart and w.held > 0;

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if not v_apart[g] then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + v_beyond[g] + v_held_beyond[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
        call_held[n] := group_held[g] - p_group_held[g] + p_held_through[n];
        call_reservations[n] := p_reservations[n];
        continue;
      end if;

      if n = any(v_repeated) then
        select * into strict v_first
        from usage_idempotency where tenant_id = p_group_tenants[g] and key = p_keys[n];
        outcomes[n] := case
          when v_first.fingerprint <> p_fingerprints[n] then 4
          when v_first.accepted then 2
          else 3 end;
        call_used[n] := v_first.used;
        call_limits[n] := v_first."limit";
        call_remaining[n] := v_first.remaining;
        call_held[n] := coalesce(greatest(0,
          v_first."limit" - v_first.used - v_first.remaining), 0);
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      v_full := false;
      if v_per_member[g] then
        m := usage_member(p_group_tenants[g], p_period, p_group_resources[g],
          p_metadata[n] ->> 'userId');
        v_full := p_enforce[n] and coalesce(m.used + m.held + p_amounts[n] > m.month_max, false);
      end if;
      if p_amounts[n] > v_room or v_full then
        o := v_owner[g];
        v_need := greatest(0, p_amounts[n] - v_room);
        -- Null: credits do not pay for it.
        v_due := case when v_known[o] and v_need <= credit_call_max() / v_rates[g]
          then v_need * v_rates[g] end;
        -- What comes to the end of what is loaded comes to a mark of the cap.
        if not v_full and p_reservations[n] is null
          and (v_due < v_left[o] or v_due = v_left[o] and not v_billed[o])
        then
          v_left[o] := v_left[o] - v_due;
          v_means[o] := v_means[o] - v_due;
          v_later[o] := v_later[o] - v_due;
          v_seq[o] := v_seq[o] + 1;
          v_drawn[o] := true;
          v_draw_micro[n] := v_due;
          v_draw_seq[n] := v_seq[o];
          v_draw_count[n] := 1;
          if v_billed[o] then
            v_draw_currencies[n] := (v_accounts[o]).overage_currency;
            v_draw_prices[n] := (v_accounts[o]).overage_price;
          else
            v_draw_grants[n] := (v_accounts[o]).head_grant;
          end if;
          call_beyond[n] := v_need;
          v_beyond[g] := v_beyond[g] + v_need;
        else
          a := v_accounts[o];
          a.last_seq := v_seq[o];
          if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          v_pays := v_need = 0 or v_due <= greatest(v_means[o], v_left[o]) is true;
          v_sweeps := p_enforce[n] and (v_full or not v_pays) and g = any(v_overdue);
          if v_sweeps then
            v_overdue := array_remove(v_overdue, g);
            if v_known[o] then perform credit_keep(a, p_now); end if;
            v_freed := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
            group_held[g] := group_held[g] - v_freed.freed;
            group_used[g] := group_used[g] + v_freed.counted;
            v_held_beyond[g] := v_held_beyond[g] - v_freed.freed_beyond;
            v_beyond[g] := v_beyond[g] + v_freed.counted_beyond;
            -- What it counted may have been of another day.
            v_days[g] := null;
            v_moves[g] := true;
            v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
              group_held[g] - v_held_beyond[g]);
            v_need := greatest(0, p_amounts[n] - v_room);
            if v_known[o] then
              v_changed[o] := true;
              a := credit_rehead(credit_account(p_group_tenants[g]), p_now);
              perform credit_keep(a, p_now);
              v_found := credit_means(array[a.tenant_id], p_period, p_now);
              v_means[o] := v_found.means[1];
              v_later[o] := v_found.later[1];
              v_marks[o] := v_found.marks[1];
              v_due := case when v_need <= credit_call_max() / v_rates[g] then v_need * v_rates[g] end;
            end if;
            v_pays := v_need = 0 or v_due <= v_means[o] is true;
            if v_full then
              m := usage_member(p_group_tenants[g], p_period, p_group_resources[g],
                p_metadata[n] ->> 'userId');
              v_full := m.used + m.held + p_amounts[n] > m.month_max;
            end if;
          end if;
          if v_full then
            outcomes[n] := 5;
            call_waits[n] := m.used + p_amounts[n] <= m.month_max;
          elsif not v_pays and p_enforce[n] then
            outcomes[n] := 1;
            -- Whether it would fit if everything came back that is held.
            v_need := p_amounts[n]
              - usage_remaining(group_limits[g], group_used[g] - v_beyond[g], 0);
            call_waits[n] := v_need <= 0 or v_known[o]
              and case when v_need <= credit_call_max() / v_rates[g]
                then v_need * v_rates[g] <= v_later[o] end is true;
            if not call_waits[n] and v_marks[o] and v_rates[g] is not null then
              perform credit_refused(a, p_period, p_now);
              v_marks[o] := false;
            end if;
          elsif v_need > 0 and v_due is not null then
            call_beyond[n] := v_need;
            if p_reservations[n] is null then
              v_draw_seq[n] := a.last_seq + 1;
              a := credit_pay(a, p_period, p_group_resources[g], v_rates[g], v_need, p_now);
              v_draw_count[n] := a.last_seq - v_draw_seq[n] + 1;
              v_beyond[g] := v_beyond[g] + v_need;
              v_later[o] := v_later[o] - least(v_due, v_means[o]);
            else
              a := credit_hold(a, p_reservations[n], v_due, p_now, p_period);
              v_plan_units[n] := p_amounts[n] - v_need;
              v_held_beyond[g] := v_held_beyond[g] + v_need;
            end if;
            v_means[o] := greatest(0, v_means[o] - v_due);
            v_changed[o] := true;
          end if;
          if v_changed[o] or v_sweeps then
            v_accounts[o] := a;
            v_seq[o] := a.last_seq;
            v_billed[o] := a.head_grant is null and a.overage_period = p_period is true;
            v_left[o] := case when v_billed[o] then a.overage_left else a.head_left end;
          end if;
        end if;
      end if;

      if outcomes[n] = 0 then
        v_moves[g] := true;
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
        if v_per_member[g] then
          perform usage_member_add(p_group_tenants[g], p_period, p_group_resources[g],
            p_metadata[n] ->> 'userId',
            case when p_reservations[n] is null then p_amounts[n] else 0 end,
            case when p_reservations[n] is null then 0 else p_amounts[n] end);
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      if v_full then
        call_used[n] := m.used;
        call_held[n] := m.held;
        call_limits[n] := m.month_max;
        call_remaining[n] := usage_remaining(m.month_max, m.used, m.held);
      end if;
    end loop;

    -- Accounts: those whose source alone gave something, and one by one those with whom more was done.
    if true = any(v_drawn) then
      update credit_accounts c
      set head_left = case when c.head_grant is null then c.head_left else d.rest end,
        overage_left = case when c.head_grant is null then d.rest else c.overage_left end,
        last_seq = d.seq, updated_at = p_now
      from unnest(p_group_tenants, v_left, v_seq, v_drawn, v_changed)
        as d(tenant, rest, seq, drawn, changed)
      where d.drawn and not d.changed and c.tenant_id = d.tenant;

      insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
        micro, drawn_at, currency, minor_per_credit)
      select p_group_tenants[c.grp], c.seq, p_period,
        case when c.currency is null then 'grant' else 'overage' end, c.grant_id,
        p_group_resources[c.grp], v_rates[c.grp], c.micro / v_rates[c.grp], c.micro, p_now, c.currency,
        c.price
      from unnest(p_groups, v_draw_seq, v_draw_micro, v_draw_grants, v_draw_currencies, v_draw_prices)
        as c(grp, seq, micro, grant_id, currency, price)
      where c.micro is not null;
    end if;
    if true = any(v_changed) then
      for o in 1 .. cardinality(v_changed) loop
        if v_changed[o] then
          a := v_accounts[o];
          a.last_seq := v_seq[o];
          if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          perform credit_keep(a, p_now);
        end if;
      end loop;
    end if;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at, draw_seq, draw_count)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now, c.draw_seq, c.draw_count
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started,
      v_draw_seq, v_draw_count)
      as c(grp, amount, key, metadata, reservation, outcome, started, draw_seq, draw_count)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at, plan_units, rate_micro)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at), c.plan_units,
        case when c.plan_units is not null then v_rates[c.grp] end
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started, v_plan_units)
        as c(grp, amount, metadata, reservation, expires_at, outcome, started, plan_units)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, call_waits)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, waits)
      where c.key is not null and (c.outcome = 0 or (c.outcome = 1 and not c.waits));

      -- What only holds or a member's limit stood in the way of takes no key, so the primary key says
      -- nothing of it.
      perform
      from unnest(p_groups, p_keys, outcomes, call_waits) as c(grp, key, outcome, waits)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found
      where c.outcome = 1 and c.waits or c.outcome = 5;
      if found then
        raise exception 'a key that answered before' using errcode = 'unique_violation';
      end if;
    end if;

    -- Counters: together those whose day it is, and the others one by one.
    update usage_totals t
    set used = d.used, held = d.held, beyond = d.beyond, held_beyond = d.held_beyond,
      day_used = t.day_used + d.used - t.used, updated_at = p_now
    from unnest(p_group_tenants, p_group_resources, group_used, group_held, v_beyond, v_held_beyond,
      v_moves, v_days) as d(tenant, resource, used, held, beyond, held_beyond, moves, day)
    where d.moves and d.day = v_day and t.tenant_id = d.tenant and t.period = p_period
      and t.resource_type = d.resource;
    for g in 1 .. cardinality(p_group_tenants) loop
      continue when not v_moves[g];
      v_crossing := v_crossing or group_limits[g] > 0
        and (group_used[g] - v_beyond[g]) * 100 >= group_limits[g] * 80
        and v_thresholds[g] < case when group_used[g] - v_beyond[g] >= group_limits[g] then 100 else 80 end;
      continue when v_days[g] = v_day;
      select * into strict v_counter from usage_totals
      where tenant_id = p_group_tenants[g] and period = p_period
        and resource_type = p_group_resources[g];
      if v_counter.used <> group_used[g] or v_counter.held <> group_held[g] then
        perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
          v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
      end if;
    end loop;
  end if;

  if v_crossing then
    for v_crossed in
      select t.*
      from unnest(p_group_tenants, p_group_resources) as w(g_tenant, g_resource)
      cross join lateral (
        select * from usage_totals
        where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        limit 1
      ) as t
      where t."limit" > 0 and (t.used - t.beyond) * 100 >= t."limit" * 80
        and t.threshold < case when t.used - t.beyond >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used - v_crossed.beyond, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_admit_calls(p_careful boolean, p_period text, p_occurred_at timestamp with time zone, p_now timestamp with time zone, p_group_tenants uuid[], p_group_resources resource_type[], p_group_used bigint[], p_group_held bigint[], p_groups integer[], p_amounts bigint[], p_used_through bigint[], p_held_through bigint[], p_enforce boolean[], p_keys text[], p_fingerprints bigint[], p_metadata jsonb[], p_reservations uuid[], p_expires_at timestamp with time zone[], p_started timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], OUT group_used bigint[], OUT group_held bigint[], OUT group_limits bigint[], OUT group_aside bigint[], OUT outcomes integer[], OUT call_used bigint[], OUT call_limits bigint[], OUT call_remaining bigint[], OUT call_reservations uuid[], OUT call_held bigint[], OUT call_waits boolean[], OUT call_beyond bigint[], OUT call_credits bigint[], OUT call_overage bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day int := extract(day from p_occurred_at at time zone 'UTC');
  v_repeated int[] := '{}';
  v_apart_all boolean := p_careful;
  v_unopened boolean;
  v_crossing boolean := false;
  v_first usage_idempotency;
  v_counter usage_totals;
  v_freed record;
  v_found record;
  v_crossed usage_totals;
  v_none credit_accounts;
  v_moved_tenants uuid[];
  v_moved_resources resource_type[];
  -- By group. A place is that of the row, null once more than this function may have changed it.
  v_places tid[];
  v_apart boolean[];
  v_moves boolean[];
  v_days int[];
  v_beyond bigint[];
  v_held_beyond bigint[];
  v_rates bigint[];
  v_per_member boolean[];
  v_thresholds int[];
  v_overdue int[] := '{}';
  v_owner int[];
  -- By tenant, at its first group. `v_left` and `v_seq` are ahead of the account: what its source (the
  -- head, or where `v_billed` what is loaded of overage) has left, and its last number.
  v_asking boolean[];
  v_account_places tid[];
  v_accounts credit_accounts[];
  v_known boolean[];
  v_grants uuid[];
  v_currencies text[];
  v_prices numeric[];
  v_billed boolean[];
  v_left bigint[];
  v_seq bigint[];
  v_drawn boolean[];
  v_changed boolean[];
  v_due_all numeric[];
  v_poor int[];
  v_poor_tenants uuid[];
  v_means numeric[];
  v_later numeric[];
  v_marks boolean[];
  -- By call.
  v_plan_units bigint[];
  v_draw_seq bigint[];
  v_draw_count bigint[];
  v_draw_micro bigint[];
  v_draw_grants uuid[];
  v_draw_currencies text[];
  v_draw_prices numeric[];
  v_split int[] := '{}';
  v_call_members int[];
  -- By member of a group, at the place that its calls name; what it may use is null where nothing limits it.
  -- What is added to its counters is kept apart, for they may move underneath.
  v_member_groups int[];
  v_members text[];
  v_member_places tid[];
  v_member_max bigint[];
  v_member_used bigint[];
  v_member_held bigint[];
  v_member_uses bigint[];
  v_member_holds bigint[];
  m record;
  k int;
  v_full boolean;
  a credit_accounts;
  v_room bigint;
  v_need bigint;
  v_due bigint;
  v_pays boolean;
  v_sweeps boolean;
  v_stale int[];
  v_written int;
  g int;
  o int;
begin
  if cardinality(p_group_tenants) >= 16 and not p_careful then
    select count(*) = 3 into v_apart_all
    from unnest(array[1, cardinality(p_group_tenants) / 2, cardinality(p_group_tenants)]) as w(n)
    cross join lateral (
      select from usage_totals
      where tenant_id = p_group_tenants[w.n] and period = p_period
        and resource_type = p_group_resources[w.n]
        and (per_member or used - beyond + held - held_beyond + p_group_used[w.n] + p_group_held[w.n]
          > "limit")
      limit 1
    ) as beyond;
  end if;

  if not v_apart_all then
    -- Groups that fit as a whole: the guard is the `where` of the upsert, which locks in the order of
    -- the groups and leaves those that do not fit, or see a new day, locked and unchanged. The -1
    -- shows only in a row that did not exist, and then the whole transaction is undone.
    with moved as (
      insert into usage_totals as t (tenant_id, period, resource_type, used, held, "limit")
      select w.tenant_id, p_period, w.resource_type, w.used, w.held, -1
      from unnest(p_group_tenants, p_group_resources, p_group_used, p_group_held)
        with ordinality as w(tenant_id, resource_type, used, held, n)
      on conflict (tenant_id, period, resource_type) do update
      set used = t.used + excluded.used,
        held = t.held + excluded.held,
        day_used = t.day_used + excluded.used,
        updated_at = p_now
      where t.day = v_day and not t.per_member
        and (t."limit" is null or t.used - t.beyond + t.held - t.held_beyond + excluded.used
          + excluded.held <= t."limit")
      returning tenant_id, resource_type, used, held, beyond, held_beyond, "limit", threshold
    )
    select array_agg(used order by tenant_id, resource_type),
      array_agg(held order by tenant_id, resource_type),
      array_agg("limit" order by tenant_id, resource_type),
      array_agg(beyond + held_beyond order by tenant_id, resource_type),
      array_agg(tenant_id order by tenant_id, resource_type),
      array_agg(resource_type order by tenant_id, resource_type),
      coalesce(bool_or("limit" = -1), false),
      coalesce(bool_or("limit" > 0 and (used - beyond) * 100 >= "limit" * 80
        and threshold < case when used - beyond >= "limit" then 100 else 80 end), false)
    into group_used, group_held, group_limits, group_aside, v_moved_tenants, v_moved_resources,
      v_unopened, v_crossing
    from moved;

    if v_unopened then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;
  end if;

  if cardinality(group_used) = cardinality(p_group_tenants) then
    if p_keys is null then
      insert into usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
        created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.metadata,
        coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_started)
        as c(grp, amount, metadata, reservation, started)
      where c.reservation is null;
    else
      insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
        occurred_at, created_at)
      select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key,
        c.metadata, coalesce(c.started, p_occurred_at), p_now
      from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, p_started)
        as c(grp, amount, key, metadata, reservation, started)
      where c.reservation is null;
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, true,
        group_used[c.grp] - p_group_used[c.grp] + c.used_through, group_limits[c.grp],
        group_limits[c.grp] - group_used[c.grp] - group_held[c.grp] + group_aside[c.grp]
          + p_group_used[c.grp] + p_group_held[c.grp] - c.used_through - c.held_through,
        c.reservation, p_now
      from unnest(p_groups, p_used_through, p_held_through, p_keys, p_fingerprints, p_reservations)
        as c(grp, used_through, held_through, key, fingerprint, reservation)
      where c.key is not null;
    end if;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at)
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, p_started)
        as c(grp, amount, metadata, reservation, expires_at, started)
      where c.reservation is not null;
    end if;
  else
    -- Something does not fit, or was answered before, or is the first of its day: call by call, in
    -- the order of arrival. One that is refused takes nothing, so a smaller one behind it may fit.
    -- Groups that moved above are those that it answered, in the order of the groups.
    v_apart := array_fill(true, array[cardinality(p_group_tenants)]);
    k := 1;
    for g in 1 .. cardinality(p_group_tenants) loop
      if v_moved_tenants[k] = p_group_tenants[g] and v_moved_resources[k] = p_group_resources[g] then
        v_apart[g] := false;
        k := k + 1;
      end if;
    end loop;
    select array_agg(t.place order by w.n), array_agg(t.used order by w.n),
      array_agg(t.held order by w.n),
      array_agg(t."limit" order by w.n), array_agg(t.beyond order by w.n),
      array_agg(t.held_beyond order by w.n), array_agg(t.rate_micro order by w.n),
      array_agg(t.per_member order by w.n), array_agg(t.threshold::int order by w.n),
      array_agg(t.day::int order by w.n)
    into v_places, group_used, group_held, group_limits, v_beyond, v_held_beyond, v_rates, v_per_member,
      v_thresholds, v_days
    from unnest(p_group_tenants, p_group_resources) with ordinality as w(g_tenant, g_resource, n)
    cross join lateral (
      select ctid as place, used, held, "limit", beyond, held_beyond, rate_micro, per_member, threshold, day
      from usage_totals
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
      for update
    ) as t;

    if cardinality(group_used) is distinct from cardinality(p_group_tenants) then
      raise exception 'period % is not open for every tenant', p_period using errcode = 'UB001';
    end if;

    if p_careful then
      -- The counters' lock comes before the look at the keys: two processes with one key meet on it.
      -- Where they do not (another resource, another month) the primary key still refuses.
      select coalesce(array_agg(c.n order by c.n), '{}') into v_repeated
      from unnest(p_keys, p_groups) with ordinality as c(key, grp, n)
      cross join lateral (
        select from usage_idempotency
        where tenant_id = p_group_tenants[c.grp] and key = c.key
        limit 1
      ) as found;
    end if;

    outcomes := array_fill(0, array[cardinality(p_groups)]);
    call_used := array_fill(null::bigint, array[cardinality(p_groups)]);
    call_limits := call_used;
    call_remaining := call_used;
    call_held := call_used;
    call_beyond := array_fill(0::bigint, array[cardinality(p_groups)]);
    call_credits := call_beyond;
    call_overage := call_beyond;
    call_waits := array_fill(false, array[cardinality(p_groups)]);
    call_reservations := array_fill(null::uuid, array[cardinality(p_groups)]);
    v_plan_units := call_used;
    v_draw_seq := call_used;
    v_draw_count := call_used;
    v_draw_micro := call_used;
    v_draw_grants := call_reservations;
    v_draw_currencies := array_fill(null::text, array[cardinality(p_groups)]);
    v_draw_prices := array_fill(null::numeric, array[cardinality(p_groups)]);

    v_owner := array_fill(0, array[cardinality(p_group_tenants)]);
    v_due_all := array_fill(0::numeric, array[cardinality(p_group_tenants)]);
    v_asking := array_fill(false, array[cardinality(p_group_tenants)]);
    v_moves := v_asking;
    v_known := v_asking;
    v_billed := v_asking;
    v_drawn := v_asking;
    v_changed := v_asking;
    v_marks := v_asking;
    v_left := array_fill(0::bigint, array[cardinality(p_group_tenants)]);
    v_seq := v_left;
    v_means := array_fill(null::numeric, array[cardinality(p_group_tenants)]);
    v_later := v_means;
    v_accounts := array_fill(v_none, array[cardinality(p_group_tenants)]);
    for g in 1 .. cardinality(p_group_tenants) loop
      o := case when g > 1 and p_group_tenants[g] = p_group_tenants[g - 1] then o else g end;
      v_owner[g] := o;
      if v_apart[g] and (v_rates[g] is not null or v_held_beyond[g] > 0)
        and group_used[g] - v_beyond[g] + group_held[g] - v_held_beyond[g] + p_group_used[g]
          + p_group_held[g] > group_limits[g]
      then
        v_asking[o] := true;
        v_due_all[o] := v_due_all[o]
          + (p_group_used[g] + p_group_held[g])::numeric * coalesce(v_rates[g], 0);
      end if;
    end loop;

    -- The accounts, locked in order, with the heads that are in force.
    while true = any(v_asking) loop
      select array_agg(c.place order by w.n), array_agg(c.place is not null order by w.n),
        array_agg(c.head_grant order by w.n), array_agg(c.overage_currency order by w.n),
        array_agg(c.overage_price order by w.n), array_agg(c.is_billed is true order by w.n),
        array_agg(case when c.is_billed then c.overage_left else c.head_left end order by w.n),
        array_agg(c.last_seq order by w.n), array_agg(w.n::int order by w.n) filter (where c.head_until <= p_now)
      into v_account_places, v_known, v_grants, v_currencies, v_prices, v_billed, v_left, v_seq, v_stale
      from unnest(p_group_tenants, v_asking) with ordinality as w(tenant, asking, n)
      left join lateral (
        select ctid as place, head_grant, head_left, head_until, overage_currency, overage_price,
          overage_left, last_seq, head_grant is null and overage_period = p_period as is_billed
        from credit_accounts
        where w.asking and tenant_id = w.tenant
        for update
      ) as c on true;
      exit when v_stale is null;
      foreach o in array v_stale loop
        perform credit_keep(credit_rehead(credit_account(p_group_tenants[o]), p_now), p_now);
      end loop;
    end loop;

    -- Whoever asks for more than that has left may come to the end of what there is.
    select coalesce(array_agg(w.n::int order by w.n), '{}'), array_agg(w.tenant order by w.n)
    into v_poor, v_poor_tenants
    from unnest(p_group_tenants, v_known, v_due_all, v_left) with ordinality
      as w(tenant, known, due, rest, n)
    where w.known and w.due > w.rest;
    if cardinality(v_poor) > 0 then
      v_found := credit_means(v_poor_tenants, p_period, p_now);
      for i in 1 .. cardinality(v_poor) loop
        o := v_poor[i];
        v_means[o] := v_found.means[i];
        v_later[o] := v_found.later[i];
        v_marks[o] := v_found.marks[i];
      end loop;
    end if;

    -- Before a call is refused: holds past their time keep nobody out.
    select coalesce(array_agg(w.n::int order by w.n), '{}') into v_overdue
    from unnest(p_group_tenants, p_group_resources, group_held, v_apart) with ordinality
      as w(g_tenant, g_resource, held, apart, n)
    cross join lateral (
      select from usage_reservations
      where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        and state = 'open' and expires_at <= p_now
      limit 1
    ) as found
    where w.apart and w.held > 0;

    -- What each member used whose team limits members, once for all its calls.
    if true = any(v_per_member) then
      with named as materialized (
        select c.n, c.grp, c.metadata ->> 'userId' as member,
          dense_rank() over (order by c.grp, c.metadata ->> 'userId') as place
        from unnest(p_groups, p_metadata) with ordinality as c(grp, metadata, n)
      )
      select (select array_agg(place::int order by n) from named), array_agg(d.grp order by d.place),
        array_agg(d.member order by d.place), array_agg(l.month_max order by d.place),
        array_agg(t.used order by d.place), array_agg(t.held order by d.place),
        array_agg(t.place order by d.place)
      into v_call_members, v_member_groups, v_members, v_member_max, v_member_used, v_member_held,
        v_member_places
      from (select distinct place, grp, member from named) as d
      left join lateral (
        select month_max from usage_member_limits
        where v_per_member[d.grp] and tenant_id = p_group_tenants[d.grp] and member_id = d.member
          and resource_type = p_group_resources[d.grp]
        limit 1
      ) as l on true
      left join lateral (
        select ctid as place, used, held from usage_member_totals
        where l.month_max is not null and tenant_id = p_group_tenants[d.grp] and period = p_period
          and resource_type = p_group_resources[d.grp] and member_id = d.member
        limit 1
      ) as t on true;
      v_member_uses := array_fill(0::bigint, array[cardinality(v_members)]);
      v_member_holds := v_member_uses;
      for i in 1 .. cardinality(v_members) loop
        continue when v_member_max[i] is null or v_member_used[i] is not null;
        g := v_member_groups[i];
        m := usage_member(p_group_tenants[g], p_period, p_group_resources[g], v_members[i]);
        v_member_used[i] := m.used;
        v_member_held[i] := m.held;
      end loop;
    end if;

    for n in 1 .. cardinality(p_groups) loop
      g := p_groups[n];
      call_limits[n] := group_limits[g];
      if not v_apart[g] then
        call_used[n] := group_used[g] - p_group_used[g] + p_used_through[n];
        call_remaining[n] := group_limits[g] - group_used[g] - group_held[g]
          + v_beyond[g] + v_held_beyond[g]
          + p_group_used[g] + p_group_held[g] - p_used_through[n] - p_held_through[n];
        call_held[n] := group_held[g] - p_group_held[g] + p_held_through[n];
        call_reservations[n] := p_reservations[n];
        continue;
      end if;

      if n = any(v_repeated) then
        select * into strict v_first
        from usage_idempotency where tenant_id = p_group_tenants[g] and key = p_keys[n];
        outcomes[n] := case
          when v_first.fingerprint <> p_fingerprints[n] then 4
          when v_first.accepted then 2
          else 3 end;
        call_used[n] := v_first.used;
        call_limits[n] := v_first."limit";
        call_remaining[n] := v_first.remaining;
        call_held[n] := coalesce(greatest(0,
          v_first."limit" - v_first.used - v_first.remaining), 0);
        call_reservations[n] := v_first.reservation_id;
        continue;
      end if;

      v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      v_full := false;
      if v_per_member[g] then
        k := v_call_members[n];
        v_full := p_enforce[n]
          and coalesce(v_member_used[k] + v_member_held[k] + p_amounts[n] > v_member_max[k], false);
      end if;
      if p_amounts[n] > v_room or v_full then
        o := v_owner[g];
        v_need := greatest(0, p_amounts[n] - v_room);
        -- Null: credits do not pay for it.
        v_due := case when v_known[o] and v_need <= credit_call_max() / v_rates[g]
          then v_need * v_rates[g] end;
        -- What comes to the end of what is loaded comes to a mark of the cap.
        if not v_full and p_reservations[n] is null
          and (v_due < v_left[o] or v_due = v_left[o] and not v_billed[o])
        then
          v_left[o] := v_left[o] - v_due;
          v_means[o] := v_means[o] - v_due;
          v_later[o] := v_later[o] - v_due;
          v_seq[o] := v_seq[o] + 1;
          v_drawn[o] := true;
          v_draw_micro[n] := v_due;
          v_draw_seq[n] := v_seq[o];
          v_draw_count[n] := 1;
          if v_billed[o] then
            call_overage[n] := v_due;
            v_draw_currencies[n] := v_currencies[o];
            v_draw_prices[n] := v_prices[o];
          else
            call_credits[n] := v_due;
            v_draw_grants[n] := v_grants[o];
          end if;
          call_beyond[n] := v_need;
          v_beyond[g] := v_beyond[g] + v_need;
        else
          v_pays := v_need = 0 or v_due <= greatest(v_means[o], v_left[o]) is true;
          v_sweeps := p_enforce[n] and (v_full or not v_pays) and g = any(v_overdue);
          -- The whole account, where more is done with it than to refuse.
          if v_known[o] and (v_changed[o] or v_pays or v_sweeps or v_marks[o] or not p_enforce[n]) then
            if not v_changed[o] then v_accounts[o] := credit_account(p_group_tenants[g]); end if;
            a := v_accounts[o];
            a.last_seq := v_seq[o];
            if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          end if;
          if v_sweeps then
            v_overdue := array_remove(v_overdue, g);
            -- What an overdue hold comes to depends on what the calls before took: it is written down first.
            if v_known[o] then perform credit_keep(a, p_now); end if;
            select * into strict v_counter from usage_totals
            where tenant_id = p_group_tenants[g] and period = p_period
              and resource_type = p_group_resources[g];
            perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
              group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
              v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
            v_freed := usage_expire_group(p_group_tenants[g], p_period, p_group_resources[g], p_now);
            group_held[g] := group_held[g] - v_freed.freed;
            group_used[g] := group_used[g] + v_freed.counted;
            v_held_beyond[g] := v_held_beyond[g] - v_freed.freed_beyond;
            v_beyond[g] := v_beyond[g] + v_freed.counted_beyond;
            -- What it counted may have been of another day, and its row is another.
            v_days[g] := null;
            v_places[g] := null;
            v_moves[g] := true;
            v_room := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
              group_held[g] - v_held_beyond[g]);
            v_need := greatest(0, p_amounts[n] - v_room);
            if v_known[o] then
              v_changed[o] := true;
              a := credit_rehead(credit_account(p_group_tenants[g]), p_now);
              perform credit_keep(a, p_now);
              v_found := credit_means(array[a.tenant_id], p_period, p_now);
              v_means[o] := v_found.means[1];
              v_later[o] := v_found.later[1];
              v_marks[o] := v_found.marks[1];
              v_due := case when v_need <= credit_call_max() / v_rates[g] then v_need * v_rates[g] end;
            end if;
            v_pays := v_need = 0 or v_due <= v_means[o] is true;
            for i in 1 .. coalesce(cardinality(v_members), 0) loop
              continue when v_member_groups[i] <> g or v_member_max[i] is null;
              m := usage_member(p_group_tenants[g], p_period, p_group_resources[g], v_members[i]);
              v_member_used[i] := m.used + v_member_uses[i];
              v_member_held[i] := m.held + v_member_holds[i];
              v_member_places[i] := null;
            end loop;
            v_full := v_full and v_member_used[k] + v_member_held[k] + p_amounts[n] > v_member_max[k];
          end if;
          if v_full then
            outcomes[n] := 5;
            call_waits[n] := v_member_used[k] + p_amounts[n] <= v_member_max[k];
          elsif not v_pays and p_enforce[n] then
            outcomes[n] := 1;
            -- Whether it would fit if everything came back that is held.
            v_need := p_amounts[n]
              - usage_remaining(group_limits[g], group_used[g] - v_beyond[g], 0);
            call_waits[n] := v_need <= 0 or v_known[o]
              and case when v_need <= credit_call_max() / v_rates[g]
                then v_need * v_rates[g] <= v_later[o] end is true;
            if not call_waits[n] and v_marks[o] and v_rates[g] is not null then
              perform credit_refused(a, p_period, p_now);
              v_marks[o] := false;
            end if;
          elsif v_need > 0 and v_due is not null then
            call_beyond[n] := v_need;
            if p_reservations[n] is null then
              v_draw_seq[n] := a.last_seq + 1;
              a := credit_pay(a, p_period, p_group_resources[g], v_rates[g], v_need, p_now,
                p_metadata[n]);
              v_draw_count[n] := a.last_seq - v_draw_seq[n] + 1;
              v_split := v_split || n;
              v_beyond[g] := v_beyond[g] + v_need;
              v_later[o] := v_later[o] - least(v_due, v_means[o]);
            else
              a := credit_hold(a, p_reservations[n], v_due, p_now, p_period);
              v_plan_units[n] := p_amounts[n] - v_need;
              v_held_beyond[g] := v_held_beyond[g] + v_need;
            end if;
            v_means[o] := greatest(0, v_means[o] - v_due);
            v_changed[o] := true;
          end if;
          if v_changed[o] then
            v_accounts[o] := a;
            v_seq[o] := a.last_seq;
            v_grants[o] := a.head_grant;
            v_currencies[o] := a.overage_currency;
            v_prices[o] := a.overage_price;
            v_billed[o] := a.head_grant is null and a.overage_period = p_period is true;
            v_left[o] := case when v_billed[o] then a.overage_left else a.head_left end;
          end if;
        end if;
      end if;

      if outcomes[n] = 0 then
        v_moves[g] := true;
        if p_reservations[n] is null then
          group_used[g] := group_used[g] + p_amounts[n];
        else
          group_held[g] := group_held[g] + p_amounts[n];
          call_reservations[n] := p_reservations[n];
        end if;
        if v_per_member[g] and p_reservations[n] is null then
          v_member_used[k] := v_member_used[k] + p_amounts[n];
          v_member_uses[k] := v_member_uses[k] + p_amounts[n];
        elsif v_per_member[g] then
          v_member_held[k] := v_member_held[k] + p_amounts[n];
          v_member_holds[k] := v_member_holds[k] + p_amounts[n];
        end if;
      end if;
      call_used[n] := group_used[g];
      call_held[n] := group_held[g];
      call_remaining[n] := usage_remaining(group_limits[g], group_used[g] - v_beyond[g],
        group_held[g] - v_held_beyond[g]);
      if v_full then
        call_used[n] := v_member_used[k];
        call_held[n] := v_member_held[k];
        call_limits[n] := v_member_max[k];
        call_remaining[n] := usage_remaining(v_member_max[k], v_member_used[k], v_member_held[k]);
      end if;
    end loop;

    if true = any(v_per_member) then
      update usage_member_totals t
      set used = t.used + d.uses, held = t.held + d.holds
      from unnest(v_member_places, v_member_groups, v_members, v_member_uses, v_member_holds)
        as d(place, grp, member, uses, holds)
      where d.uses + d.holds > 0 and t.ctid = d.place and t.tenant_id = p_group_tenants[d.grp]
        and t.period = p_period and t.resource_type = p_group_resources[d.grp] and t.member_id = d.member;
      get diagnostics v_written = row_count;
      if v_written <> (
        select count(*) from unnest(v_member_places, v_member_uses, v_member_holds) as d(place, uses, holds)
        where d.place is not null and d.uses + d.holds > 0)
      then
        raise exception 'a member''s counter lies elsewhere' using errcode = 'serialization_failure';
      end if;
      for i in 1 .. cardinality(v_members) loop
        continue when v_member_places[i] is not null or v_member_uses[i] + v_member_holds[i] = 0;
        g := v_member_groups[i];
        perform usage_member_add(p_group_tenants[g], p_period, p_group_resources[g], v_members[i],
          v_member_uses[i], v_member_holds[i]);
      end loop;
    end if;

    -- Accounts: those whose source alone gave something, and one by one those with whom more was done.
    if true = any(v_drawn) then
      update credit_accounts c
      set head_left = case when d.billed then c.head_left else d.rest end,
        overage_left = case when d.billed then d.rest else c.overage_left end,
        last_seq = d.seq, updated_at = p_now
      from unnest(v_account_places, p_group_tenants, v_left, v_seq, v_billed, v_drawn, v_changed)
        as d(place, tenant, rest, seq, billed, drawn, changed)
      where d.drawn and not d.changed and c.ctid = d.place and c.tenant_id = d.tenant;
      get diagnostics v_written = row_count;
      if v_written <> (select count(*) from unnest(v_drawn, v_changed) as d(drawn, changed)
        where d.drawn and not d.changed)
      then
        raise exception 'an account lies elsewhere' using errcode = 'serialization_failure';
      end if;

      insert into credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro, units,
        micro, drawn_at, currency, minor_per_credit, model, rate_card)
      select p_group_tenants[c.grp], c.seq, p_period,
        case when c.currency is null then 'grant' else 'overage' end, c.grant_id,
        p_group_resources[c.grp], v_rates[c.grp], c.micro / v_rates[c.grp], c.micro, p_now, c.currency,
        c.price, usage_model(c.metadata), usage_card(c.metadata)
      from unnest(p_groups, v_draw_seq, v_draw_micro, v_draw_grants, v_draw_currencies, v_draw_prices,
        p_metadata) as c(grp, seq, micro, grant_id, currency, price, metadata)
      where c.micro is not null;
    end if;
    if true = any(v_changed) then
      for o in 1 .. cardinality(v_changed) loop
        if v_changed[o] then
          a := v_accounts[o];
          a.last_seq := v_seq[o];
          if v_billed[o] then a.overage_left := v_left[o]; else a.head_left := v_left[o]; end if;
          perform credit_keep(a, p_now);
        end if;
      end loop;
    end if;

    -- What several sources paid for one call, or fewer than all of it.
    for v_found in
      select s.n, d.credits, d.overage
      from unnest(v_split) as s(n)
      cross join lateral (
        select coalesce(sum(micro) filter (where kind = 'grant'), 0) as credits,
          coalesce(sum(micro) filter (where kind = 'overage'), 0) as overage
        from credit_draws
        where tenant_id = p_group_tenants[p_groups[s.n]]
          and seq between v_draw_seq[s.n] and v_draw_seq[s.n] + v_draw_count[s.n] - 1
      ) as d
    loop
      call_credits[v_found.n] := v_found.credits;
      call_overage[v_found.n] := v_found.overage;
    end loop;

    insert into usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at, draw_seq, draw_count)
    select p_group_tenants[c.grp], p_period, p_group_resources[c.grp], c.amount, c.key, c.metadata,
      coalesce(c.started, p_occurred_at), p_now, c.draw_seq, c.draw_count
    from unnest(p_groups, p_amounts, p_keys, p_metadata, p_reservations, outcomes, p_started,
      v_draw_seq, v_draw_count)
      as c(grp, amount, key, metadata, reservation, outcome, started, draw_seq, draw_count)
    where c.outcome = 0 and c.reservation is null;

    if p_reservations is not null then
      insert into usage_reservations (tenant_id, id, period, resource_type, amount, expires_at,
        metadata, created_at, plan_units, rate_micro)
      select p_group_tenants[c.grp], c.reservation, p_period, p_group_resources[c.grp], c.amount,
        c.expires_at, c.metadata, coalesce(c.started, p_occurred_at), c.plan_units,
        case when c.plan_units is not null then v_rates[c.grp] end
      from unnest(p_groups, p_amounts, p_metadata, p_reservations, p_expires_at, outcomes,
        p_started, v_plan_units)
        as c(grp, amount, metadata, reservation, expires_at, outcome, started, plan_units)
      where c.outcome = 0 and c.reservation is not null;
    end if;

    if p_keys is not null then
      insert into usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit",
        remaining, reservation_id, created_at)
      select p_group_tenants[c.grp], c.key, c.fingerprint, c.outcome = 0, c.used, c.lim,
        c.remaining, c.reservation, p_now
      from unnest(p_groups, p_keys, p_fingerprints, outcomes, call_used, call_limits,
        call_remaining, call_reservations, call_waits)
        as c(grp, key, fingerprint, outcome, used, lim, remaining, reservation, waits)
      where c.key is not null and (c.outcome = 0 or (c.outcome = 1 and not c.waits));

      -- What only holds or a member's limit stood in the way of takes no key, so the primary key says
      -- nothing of it.
      if true = any(call_waits) or 5 = any(outcomes) then
        perform
        from unnest(p_groups, p_keys, outcomes, call_waits) as c(grp, key, outcome, waits)
        cross join lateral (
          select from usage_idempotency
          where tenant_id = p_group_tenants[c.grp] and key = c.key
          limit 1
        ) as found
        where c.outcome = 1 and c.waits or c.outcome = 5;
        if found then
          raise exception 'a key that answered before' using errcode = 'unique_violation';
        end if;
      end if;
    end if;

    -- Counters: together those whose day it is, and the others one by one.
    update usage_totals t
    set used = d.used, held = d.held, beyond = d.beyond, held_beyond = d.held_beyond,
      day_used = t.day_used + d.used - t.used, updated_at = p_now
    from unnest(v_places, p_group_tenants, p_group_resources, group_used, group_held, v_beyond, v_held_beyond,
      v_moves, v_days) as d(place, tenant, resource, used, held, beyond, held_beyond, moves, day)
    where d.moves and d.day = v_day and t.ctid = d.place and t.tenant_id = d.tenant
      and t.period = p_period and t.resource_type = d.resource;
    get diagnostics v_written = row_count;
    for g in 1 .. cardinality(p_group_tenants) loop
      continue when not v_moves[g];
      v_crossing := v_crossing or group_limits[g] > 0
        and (group_used[g] - v_beyond[g]) * 100 >= group_limits[g] * 80
        and v_thresholds[g] < case when group_used[g] - v_beyond[g] >= group_limits[g] then 100 else 80 end;
      if v_days[g] = v_day then
        v_written := v_written - 1;
        continue;
      end if;
      select * into strict v_counter from usage_totals
      where tenant_id = p_group_tenants[g] and period = p_period
        and resource_type = p_group_resources[g];
      if v_counter.used <> group_used[g] or v_counter.held <> group_held[g] then
        perform usage_add(v_counter.tenant_id, p_period, v_counter.resource_type, v_day,
          group_used[g] - v_counter.used, group_held[g] - v_counter.held, p_now,
          v_beyond[g] - v_counter.beyond, v_held_beyond[g] - v_counter.held_beyond);
      end if;
    end loop;
    if v_written <> 0 then
      raise exception 'a counter lies elsewhere' using errcode = 'serialization_failure';
    end if;
  end if;

  if v_crossing then
    for v_crossed in
      select t.*
      from unnest(p_group_tenants, p_group_resources) as w(g_tenant, g_resource)
      cross join lateral (
        select * from usage_totals
        where tenant_id = g_tenant and period = p_period and resource_type = g_resource
        limit 1
      ) as t
      where t."limit" > 0 and (t.used - t.beyond) * 100 >= t."limit" * 80
        and t.threshold < case when t.used - t.beyond >= t."limit" then 100 else 80 end
    loop
      perform usage_cross_threshold(v_crossed.tenant_id, p_period, v_crossed.resource_type,
        v_crossed.used - v_crossed.beyond, v_crossed."limit", v_crossed.threshold, p_now);
    end loop;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_allow(p_tenant uuid, p_ref text, p_period text, p_resource resource_type, p_kind text, p_units bigint, p_actor text, p_reason text, p_now timestamp with time zone, OUT is_new boolean, OUT made jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_limit bigint;
begin
  -- So that the month is not opened meanwhile.
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return; end if;
  perform from allowances where tenant_id = p_tenant and ref = p_ref;
  is_new := not found;
  if is_new then
    select "limit" - allowance into v_limit from usage_totals
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    for update;
    insert into allowances (tenant_id, ref, period, resource_type, kind, units, actor, reason, created_at)
    values (p_tenant, p_ref, p_period, p_resource, p_kind, p_units, p_actor, p_reason, p_now);
    perform usage_write_limit(p_tenant, p_period, p_resource, v_limit);
  end if;
  select jsonb_build_object('ref', ref, 'period', period, 'resourceType', resource_type, 'kind', kind,
    'units', units, 'createdAt', created_at)
  into made
  from allowances where tenant_id = p_tenant and ref = p_ref;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_allowance_in(p_limit bigint, p_units bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when p_limit > 0 then greatest(-p_limit, p_units) else 0 end;
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_begin(p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamp with time zone[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_amount bigint;
  v_expires_at timestamptz;
begin
  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    v_expires_at := p_expires_at[n];
    update usage_reservations
    set begun_amount = greatest(begun_amount, v_amount),
      expires_at = greatest(expires_at, v_expires_at)
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_card(p_metadata jsonb)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when p_metadata -> 'rated' ->> 'card' ~ '^\d{1,9}$'
    then (p_metadata -> 'rated' ->> 'card')::int end
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_correct(p_tenant uuid, p_period text, p_resource resource_type, p_amount bigint, p_actor text, p_reason text, p_occurred_at timestamp with time zone, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  t usage_totals;
  v_returned record;
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  v_returned := usage_return(t, case when t.used + p_amount >= 0 then -p_amount else 0 end, p_now);
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at,
    created_at, draw_seq, draw_count)
  values (p_tenant, p_period, p_resource, p_amount, p_actor, p_reason, p_occurred_at, p_now,
    v_returned.draw_seq, v_returned.draw_count);
  t := usage_add(p_tenant, p_period, p_resource,
    extract(day from p_occurred_at at time zone 'UTC')::int, p_amount, 0, p_now,
    -v_returned.units);
  return t.used;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_cross_threshold(p_tenant uuid, p_period text, p_resource resource_type, p_used bigint, p_limit bigint, p_before smallint, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_highest smallint := case when p_used >= p_limit then 100 else 80 end;
begin
  update usage_totals
  set threshold = v_highest
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;

  insert into usage_thresholds
    (tenant_id, period, resource_type, percent, used, "limit", crossed_at, mail_due)
  select p_tenant, p_period, p_resource, percent, p_used, p_limit, p_now, percent = v_highest
  from (values (80::smallint), (100::smallint)) as t(percent)
  where percent > p_before and percent <= v_highest
  on conflict do nothing;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_crosses(t usage_totals)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(t."limit" > 0 and (t.used - t.beyond) * 100 >= t."limit" * 80
    and t.threshold < case when t.used - t.beyond >= t."limit" then 100 else 80 end, false);
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_end_hold(INOUT t usage_totals, INOUT a credit_accounts, r usage_reservations, p_units bigint, p_now timestamp with time zone, OUT draw_seq bigint, OUT draw_count bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_day int := extract(day from r.created_at at time zone 'UTC');
  v_plan bigint := coalesce(r.plan_units, r.amount);
  v_beyond bigint := least(greatest(0, p_units - v_plan), r.amount - v_plan);
  v_surplus bigint := p_units - r.amount;
  v_more bigint := 0;
  v_before bigint := a.last_seq;
begin
  if r.plan_units is not null then a := credit_end_hold(a, r, v_beyond, p_now); end if;
  t := usage_add(r.tenant_id, r.period, r.resource_type, v_day, least(p_units, r.amount), -r.amount,
    p_now, v_beyond, v_plan - r.amount);
  if v_surplus > 0 then
    v_more := credit_beyond(t, a, v_surplus);
    if v_more > 0 then
      a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_more, p_now,
        r.metadata);
    end if;
    t := usage_add(r.tenant_id, r.period, r.resource_type, v_day, v_surplus, 0, p_now, v_more);
  end if;
  if v_beyond + v_more > 0 then
    draw_seq := v_before + 1;
    draw_count := a.last_seq - v_before;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_ensure_partition(p_period text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_schema text := current_schema();
  v_name text := 'usage_' || replace(p_period, '-', '_');
begin
  if p_period !~ '^\d{4}-(0[1-9]|1[0-2])$' then
    raise exception 'not a period: %', p_period using errcode = 'invalid_parameter_value';
  end if;
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then return; end if;
  -- The lock that attaching takes too: makers of partitions take turns, calls go on.
  lock table only usage in share update exclusive mode;
  -- Asked of the table, because to_regclass answers from a cache that the lock does not freshen.
  perform from pg_class where relname = v_name and relnamespace = v_schema::regnamespace;
  if found then return; end if;
  execute format('create table %1$I.%2$I (like %1$I.usage including all)', v_schema, v_name);
  execute format('alter table %I.%I add constraint %I check (period = %L)',
    v_schema, v_name, v_name || '_period', p_period);
  execute format('alter table %1$I.usage attach partition %1$I.%2$I for values in (%3$L)',
    v_schema, v_name, p_period);
  execute format('alter table %I.%I drop constraint %I', v_schema, v_name, v_name || '_period');
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_expire(p_now timestamp with time zone, p_groups_max integer)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_tenants uuid[];
  v_periods text[];
  v_resources resource_type[];
begin
  select array_agg(tenant_id order by tenant_id, period, resource_type),
    array_agg(period order by tenant_id, period, resource_type),
    array_agg(resource_type order by tenant_id, period, resource_type)
  into v_tenants, v_periods, v_resources
  from (
    select distinct tenant_id, period, resource_type
    from usage_reservations
    where state = 'open' and expires_at <= p_now
    limit p_groups_max
  ) as due;
  if v_tenants is null then return; end if;
  -- All counters, then all accounts: as everybody does.
  perform
  from unnest(v_tenants, v_periods, v_resources) as w(w_tenant, w_period, w_resource)
  cross join lateral (
    select from usage_totals
    where tenant_id = w_tenant and period = w_period and resource_type = w_resource
    for update
  ) as locked;
  perform usage_lock_accounts(v_tenants);
  for n in 1 .. cardinality(v_tenants) loop
    perform usage_expire_group(v_tenants[n], v_periods[n], v_resources[n], p_now);
    return next v_tenants[n];
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_expire_group(p_tenant uuid, p_period text, p_resource resource_type, p_now timestamp with time zone, OUT freed bigint, OUT counted bigint, OUT freed_beyond bigint, OUT counted_beyond bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_day record;
  v_ended record;
  r usage_reservations;
  t usage_totals;
  a credit_accounts;
  v_before usage_totals;
begin
  select * into v_before from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  -- The tenant was moved since somebody saw its holds.
  if not found then return; end if;
  t := v_before;
  for v_day in
    with expired as (
      update usage_reservations
      set state = 'expired', closed_at = p_now
      where tenant_id = p_tenant and period = p_period and resource_type = p_resource
        and state = 'open' and expires_at <= p_now and plan_units is null and not v_before.per_member
        and coalesce(begun_amount, 0) <= amount
      returning id, amount, begun_amount, metadata, created_at
    ), recorded as (
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at)
      select p_tenant, p_period, p_resource, begun_amount, id,
        coalesce(metadata, '{}') || '{"settledBy": "expiry"}', created_at, p_now
      from expired
      where begun_amount > 0
    )
    select extract(day from created_at at time zone 'UTC')::int as day, sum(amount)::bigint as freed,
      coalesce(sum(begun_amount), 0)::bigint as counted
    from expired
    group by 1
  loop
    t := usage_add(p_tenant, p_period, p_resource, v_day.day, v_day.counted, -v_day.freed, p_now);
  end loop;

  -- Those that hold credits, or whose work went beyond what they hold; where members have limits, all.
  for r in
    select * from usage_reservations
    where tenant_id = p_tenant and period = p_period and resource_type = p_resource
      and state = 'open' and expires_at <= p_now
    order by id
    -- Whoever notes progress has no lock but that of its row.
    for update
  loop
    if a.tenant_id is null then a := credit_account(p_tenant); end if;
    v_ended := usage_end_hold(t, a, r, coalesce(r.begun_amount, 0), p_now);
    t := v_ended.t;
    a := v_ended.a;
    update usage_reservations
    set state = 'expired', closed_at = p_now, draw_seq = v_ended.draw_seq,
      draw_count = v_ended.draw_count
    where tenant_id = p_tenant and id = r.id;
    if r.begun_amount > 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        occurred_at, created_at, draw_seq, draw_count)
      values (p_tenant, p_period, p_resource, r.begun_amount, r.id,
        coalesce(r.metadata, '{}') || '{"settledBy": "expiry"}', r.created_at, p_now,
        v_ended.draw_seq, v_ended.draw_count);
    end if;
    if v_before.per_member then
      perform usage_member_add(p_tenant, p_period, p_resource, r.metadata ->> 'userId',
        coalesce(r.begun_amount, 0), -r.amount);
    end if;
  end loop;
  if a.tenant_id is not null then perform credit_keep(a, p_now); end if;

  freed := v_before.held - t.held;
  counted := t.used - v_before.used;
  freed_beyond := v_before.held_beyond - t.held_beyond;
  counted_beyond := t.beyond - v_before.beyond;
  if counted > 0 and usage_crosses(t) then
    perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used - t.beyond,
      t."limit", t.threshold, p_now);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_limit_member(p_tenant uuid, p_member text, p_limits jsonb, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  -- Work may be told of so late.
  v_since text := to_char((p_now - interval '35 days') at time zone 'UTC', 'YYYY-MM');
  v_limited resource_type[] := array(
    select e.key::resource_type from jsonb_each_text(p_limits) as e(key, value)
    where e.value is not null);
  t usage_totals;
  v_per_member boolean;
begin
  -- So that no month is opened meanwhile.
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return false; end if;
  perform from usage_totals where tenant_id = p_tenant and period >= v_since
  order by period, resource_type
  for update;
  delete from usage_member_limits where tenant_id = p_tenant and member_id = p_member;
  delete from usage_member_totals where tenant_id = p_tenant and member_id = p_member
    and resource_type <> all(v_limited);
  insert into usage_member_limits (tenant_id, member_id, resource_type, month_max)
  select p_tenant, p_member, o.resource, (p_limits ->> o.resource::text)::bigint
  from unnest(v_limited) as o(resource);
  for t in
    select * from usage_totals where tenant_id = p_tenant and period >= v_since
  loop
    perform from usage_member_limits
    where tenant_id = p_tenant and resource_type = t.resource_type
    limit 1;
    v_per_member := found;
    if t.per_member <> v_per_member then
      update usage_totals set per_member = v_per_member
      where tenant_id = p_tenant and period = t.period and resource_type = t.resource_type;
    end if;
  end loop;
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_limit_of(p_tenant usage_tenants, p_period text, p_resource resource_type)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  with month as (
    select (p_period || '-01')::timestamp at time zone 'UTC' as starts_at,
      ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC' as ends_at
  ), limits as (
    select (p_tenant.limits ->> p_resource::text)::bigint as whole,
      (p_tenant.base_limits ->> p_resource::text)::bigint as base,
      floor(greatest(0, extract(epoch from least(p_tenant.share_until, ends_at)
        - greatest(p_tenant.share_from, starts_at)))) as seconds,
      extract(epoch from ends_at - starts_at) as total
    from month
  )
  select case
    when p_tenant.base_limits is null or p_tenant.share_from is null then whole
    when base is null or whole is null or whole <= base then base
    else least(whole, base + ceil((whole - base) * seconds / total)::bigint)
  end
  from limits;
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_lock_accounts(p_tenants uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
begin
  perform
  from (select distinct w_tenant from unnest(p_tenants) as w(w_tenant) order by 1) as wanted
  cross join lateral (
    select from credit_accounts where tenant_id = w_tenant for update
  ) as locked;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_look_up(p_tenants uuid[], p_periods text[], p_resources resource_type[], OUT used bigint[], OUT held bigint[], OUT limits bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
begin
  select array_agg(t.used order by w.n), array_agg(t.held order by w.n),
    array_agg(t."limit" order by w.n)
  into used, held, limits
  from unnest(p_tenants, p_periods, p_resources) with ordinality
    as w(w_tenant, w_period, w_resource, n)
  left join lateral (
    select c.used, c.held, c."limit"
    from usage_totals c
    where c.tenant_id = w_tenant and c.period = w_period and c.resource_type = w_resource
    limit 1
  ) as t on true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_member(p_tenant uuid, p_period text, p_resource resource_type, p_member text, OUT member text, OUT used bigint, OUT held bigint, OUT month_max bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_used bigint;
  v_held bigint;
begin
  select l.month_max into month_max from usage_member_limits l
  where l.tenant_id = p_tenant and l.member_id = p_member and l.resource_type = p_resource;
  if not found then return; end if;
  member := p_member;
  select t.used, t.held into used, held from usage_member_totals t
  where t.tenant_id = p_tenant and t.period = p_period and t.resource_type = p_resource
    and t.member_id = p_member;
  if found then return; end if;
  select coalesce(sum(u.amount), 0) into v_used from usage u
  where u.tenant_id = p_tenant and u.period = p_period and u.resource_type = p_resource
    and u.metadata ->> 'userId' = p_member;
  select coalesce(sum(r.amount), 0) into v_held from usage_reservations r
  where r.tenant_id = p_tenant and r.period = p_period and r.resource_type = p_resource
    and r.state = 'open' and r.metadata ->> 'userId' = p_member;
  insert into usage_member_totals (tenant_id, period, resource_type, member_id, used, held)
  values (p_tenant, p_period, p_resource, p_member, v_used, v_held);
  used := v_used;
  held := v_held;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_member_add(p_tenant uuid, p_period text, p_resource resource_type, p_member text, p_used bigint, p_held bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
begin
  update usage_member_totals set used = used + p_used, held = held + p_held
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and member_id = p_member;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_model(p_metadata jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select nullif(p_metadata ->> 'model', '')
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_not_whole()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the batch must be admitted call by call' using errcode = 'UB002';
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_note_begun(p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamp with time zone[], OUT known boolean[])
 RETURNS boolean[]
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_amount bigint;
  v_expires_at timestamptz;
begin
  known := array_fill(true, array[cardinality(p_reservations)]);
  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    v_expires_at := p_expires_at[n];
    update usage_reservations
    set begun_amount = greatest(begun_amount, v_amount),
      expires_at = greatest(expires_at, v_expires_at)
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
    if not found then
      perform from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
      known[n] := found;
    end if;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_open(p_period text, p_tenants uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_ends_at timestamptz := ((p_period || '-01')::timestamp + interval '1 month') at time zone 'UTC';
  v_tenant usage_tenants;
  v_resource resource_type;
  v_tenants uuid[] := '{}';
  v_resources resource_type[] := '{}';
  v_limits bigint[] := '{}';
  v_allowances bigint[] := '{}';
  v_rates bigint[] := '{}';
  v_rollovers smallint[] := '{}';
  v_limited resource_type[];
  v_per_member boolean[] := '{}';
  v_units jsonb;
  v_limit bigint;
  v_allowance bigint;
begin
  for v_tenant in
    select * from usage_tenants
    where tenant_id = any(p_tenants) and deleted_at is null
    order by tenant_id
    for share
  loop
    select coalesce(array_agg(resource_type order by resource_type), '{}') into v_limited
    from usage_member_limits where tenant_id = v_tenant.tenant_id;
    select coalesce(jsonb_object_agg(s.resource_type, s.units), '{}') into v_units
    from (
      select resource_type, sum(units) as units from allowances
      where tenant_id = v_tenant.tenant_id and period = p_period
      group by resource_type
    ) as s;
    foreach v_resource in array enum_range(null::resource_type) loop
      continue when not v_tenant.limits ? v_resource::text;
      v_limit := usage_limit_of(v_tenant, p_period, v_resource);
      v_allowance := usage_allowance_in(v_limit, coalesce((v_units ->> v_resource::text)::bigint, 0));
      v_tenants := v_tenants || v_tenant.tenant_id;
      v_resources := v_resources || v_resource;
      v_limits := v_limits || (v_limit + v_allowance);
      v_allowances := v_allowances || v_allowance;
      v_rates := v_rates || (v_tenant.rates ->> v_resource::text)::bigint;
      v_rollovers := v_rollovers || case when v_tenant.since >= v_ends_at then 0::smallint
        else coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint) end;
      v_per_member := v_per_member || (v_resource = any(v_limited));
    end loop;
  end loop;
  insert into usage_totals (tenant_id, period, resource_type, "limit", allowance, rate_micro,
    rollover_percent, per_member)
  select o.tenant, p_period, o.resource, o.units, o.allowance, o.rate, o.percent, o.per_member
  from unnest(v_tenants, v_resources, v_limits, v_allowances, v_rates, v_rollovers, v_per_member)
    with ordinality as o(tenant, resource, units, allowance, rate, percent, per_member, n)
  order by o.n
  on conflict do nothing;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_prune(p_closed_before timestamp with time zone, p_expired_before timestamp with time zone, p_max integer)
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO 'u00'
AS $function$
  with due as (
    select tenant_id, id
    from usage_reservations
    where closed_at < p_closed_before
      and (state <> 'expired' or closed_at < p_expired_before)
    limit p_max
    for update skip locked
  ), deleted as (
    delete from usage_reservations r
    using due
    where r.tenant_id = due.tenant_id and r.id = due.id
    returning 1
  )
  select count(*) from deleted;
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_put_plan(p_plan text, p_limits jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  v_tenant usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
begin
  -- Everything in the order in which admission locks it.
  perform from usage_tenants where p_plan in (plan, base_plan) order by tenant_id for update;
  update usage_tenants set limits = p_limits where plan = p_plan;
  update usage_tenants set base_limits = p_limits where base_plan = p_plan;
  for v_tenant in
    select * from usage_tenants where p_plan in (plan, base_plan) order by tenant_id
  loop
    select max(period) into v_period from usage_totals where tenant_id = v_tenant.tenant_id;
    for v_resource in
      select resource_type from usage_totals
      where tenant_id = v_tenant.tenant_id and period = v_period
      order by resource_type
      for update
    loop
      v_limit := usage_limit_of(v_tenant, v_period, v_resource);
      perform usage_write_limit(v_tenant.tenant_id, v_period, v_resource, v_limit);
    end loop;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_put_tenant(p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text, p_base_limits jsonb, p_share_from timestamp with time zone, p_share_until timestamp with time zone, p_deleted_at timestamp with time zone, p_rates jsonb DEFAULT '{}'::jsonb, p_overage jsonb DEFAULT NULL::jsonb, p_rollover jsonb DEFAULT NULL::jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_month text := to_char(p_at at time zone 'UTC', 'YYYY-MM');
  v_month_starts_at timestamptz := date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC';
  v_at timestamptz := p_at;
  v_tenant usage_tenants;
  v_before usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
  v_rate bigint;
  v_rollover smallint;
  a credit_accounts;
begin
  select * into v_tenant from usage_tenants where tenant_id = p_tenant for update;
  if v_tenant.version < p_version and v_tenant.rollover <> '{}'
    and coalesce(v_tenant.since < v_month_starts_at, v_month is not null)
  then
    perform usage_open(to_char((v_month || '-01')::date - 1, 'YYYY-MM'), array[p_tenant]);
  end if;

  v_before := v_tenant;
  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at, rates, overage, rollover, since)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at, p_rates, p_overage, coalesce(p_rollover, '{}'), p_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at, rates = excluded.rates,
    overage = coalesce(excluded.overage, t.overage), rollover = coalesce(p_rollover, t.rollover),
    since = coalesce(excluded.since, t.since)
  where t.version < excluded.version
  returning * into v_tenant;
  if not found then return; end if;
  if (v_before.limits, v_before.base_limits, v_before.share_from, v_before.share_until, v_before.rates,
      v_before.rollover)
    is not distinct from (v_tenant.limits, v_tenant.base_limits, v_tenant.share_from,
      v_tenant.share_until, v_tenant.rates, v_tenant.rollover)
  then
    v_at := v_tenant.since;
  end if;

  v_period := (select max(period) from usage_totals where tenant_id = p_tenant);
  for v_resource in
    select resource_type from usage_totals
    where tenant_id = p_tenant and period = v_period
      and period >= coalesce(to_char(v_at at time zone 'UTC', 'YYYY-MM'), period)
    order by resource_type
    for update
  loop
    v_limit := usage_limit_of(v_tenant, v_period, v_resource);
    v_rate := (v_tenant.rates ->> v_resource::text)::bigint;
    v_rollover := coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint);
    perform usage_write_limit(p_tenant, v_period, v_resource, v_limit);
    update usage_totals set rate_micro = v_rate, rollover_percent = v_rollover
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and (rate_micro is distinct from v_rate or rollover_percent <> v_rollover);
  end loop;

  if v_tenant.deleted_at is not null then
    perform credit_revoke_all(p_tenant, 'tenant-deleted', 'system:delete-tenant',
      'The team was deleted.', v_tenant.deleted_at);
  end if;

  if p_overage is null then return; end if;
  a := credit_account(p_tenant);
  if a.overage_on or a.overage_paused is distinct from p_overage ->> 'suspended' then
    a := credit_offer(a, p_overage, p_version::text, coalesce(v_period, to_char(now(), 'YYYY-MM')), now());
    perform credit_keep(a, a.updated_at);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_remaining(p_limit bigint, p_used bigint, p_held bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when p_limit is null then null else greatest(0, p_limit - p_used - p_held) end;
$function$
;

CREATE OR REPLACE FUNCTION u00.usage_reset(p_tenant uuid, p_period text, p_resource resource_type, p_actor text, p_reason text, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  t usage_totals;
  v_days smallint[];
  v_amounts bigint[];
begin
  select * into t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
  for update;
  if not found then return 0; end if;
  perform usage_return(t, t.beyond, p_now);
  select array_agg(day order by day), array_agg(amount order by day)
  into v_days, v_amounts
  from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  insert into usage (tenant_id, period, resource_type, amount, actor, reason, occurred_at, created_at)
  select p_tenant, p_period, p_resource, -d.amount, p_actor, p_reason,
    (p_period || '-' || lpad(d.day::text, 2, '0'))::timestamp at time zone 'UTC', p_now
  from unnest(v_days || t.day, v_amounts || t.day_used) as d(day, amount)
  where d.amount <> 0;
  delete from usage_days
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_totals
  set used = 0, beyond = 0, day_used = 0, updated_at = p_now
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  update usage_reservations set begun_amount = 0, draw_seq = null, draw_count = null
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and state = 'expired' and begun_amount > 0;
  return t.used;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_return(t usage_totals, p_units bigint, p_now timestamp with time zone, OUT units bigint, OUT draw_seq bigint, OUT draw_count bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
AS $function$
declare
  a credit_accounts;
  v_returned record;
begin
  units := 0;
  if p_units <= 0 or coalesce(t.beyond, 0) = 0 then return; end if;
  a := credit_account(t.tenant_id);
  draw_seq := a.last_seq + 1;
  v_returned := credit_return(a, 1, a.last_seq, t.period, t.resource_type,
    least(p_units, t.beyond), p_now);
  a := v_returned.a;
  units := v_returned.units;
  -- A ledger row counts no further.
  draw_count := least(a.last_seq + 1 - draw_seq, 32767);
  perform credit_keep(a, p_now);
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_reverse(p_tenant uuid, p_period text, p_row bigint, p_extend_to timestamp with time zone, p_actor text, p_reason text, p_now timestamp with time zone, OUT refused text, OUT used_after bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  u usage;
  t usage_totals;
  a credit_accounts;
  v_returned record;
  v_metadata jsonb;
  v_drawn bigint := 0;
  v_units bigint := 0;
  v_back bigint := 0;
  v_before bigint;
begin
  select * into u from usage where tenant_id = p_tenant and period = p_period and id = p_row;
  if not found then refused := 'unknown'; return; end if;
  select * into strict t from usage_totals
  where tenant_id = p_tenant and period = p_period and resource_type = u.resource_type
  for update;
  -- Nobody adds a row of this counter meanwhile.
  select case when u.actor is not null then 'correction'
    when count(*) filter (where reverses_id = p_row) > 0 then 'reversed'
    when count(*) filter (where reservation_id = u.reservation_id and amount < 0) > 0
    then 'resettled' end
  into refused
  from usage where tenant_id = p_tenant and period = p_period;
  if refused is not null then return; end if;

  if u.draw_seq is not null then
    select coalesce(sum(units), 0) into v_drawn from credit_draws
    where tenant_id = p_tenant and seq between u.draw_seq and u.draw_seq + u.draw_count - 1
      and period = p_period and resource_type = u.resource_type and reverses_seq is null;
  end if;
  -- What the quota cannot give, after corrections that took of it, the draws of others do.
  if u.amount <= t.used then
    v_units := least(t.beyond, greatest(v_drawn, u.amount - (t.used - t.beyond)));
  end if;
  if v_units > 0 then
    a := credit_account(p_tenant);
    if v_drawn > 0 and p_extend_to is not null then
      a := credit_extend(a, u.draw_seq, u.draw_seq + u.draw_count - 1, p_extend_to, p_now);
    end if;
    v_before := a.last_seq;
    if v_drawn > 0 then
      v_returned := credit_return(a, u.draw_seq, u.draw_seq + u.draw_count - 1, p_period,
        u.resource_type, least(v_units, v_drawn), p_now);
      a := v_returned.a;
      v_back := v_returned.units;
    end if;
    if v_back < v_units then
      v_returned := credit_return(a, 1, a.last_seq, p_period, u.resource_type, v_units - v_back,
        p_now);
      a := v_returned.a;
      v_back := v_back + v_returned.units;
    end if;
    perform credit_keep(a, p_now);
  end if;

  -- Whose it was and what answered, so that both add up to nothing everywhere; not how it was weighed.
  v_metadata := nullif(u.metadata - array['rated', 'settledBy'], '{}');
  insert into usage (tenant_id, period, resource_type, amount, metadata, actor, reason, occurred_at,
    created_at, draw_seq, draw_count, reverses_id)
  values (p_tenant, p_period, u.resource_type, -u.amount, v_metadata, p_actor, p_reason,
    u.occurred_at, p_now, case when a.last_seq > v_before then v_before + 1 end,
    case when a.last_seq > v_before then least(a.last_seq - v_before, 32767) end, p_row);
  t := usage_add(p_tenant, p_period, u.resource_type,
    extract(day from u.occurred_at at time zone 'UTC')::int, -u.amount, 0, p_now, -v_back);
  if t.per_member then
    perform usage_member_add(p_tenant, p_period, u.resource_type, u.metadata ->> 'userId',
      -u.amount, 0);
  end if;
  if u.reservation_id is not null then
    update usage_reservations set begun_amount = 0, draw_seq = null, draw_count = null
    where tenant_id = p_tenant and id = u.reservation_id and state = 'expired';
  end if;
  used_after := t.used;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_roll_over(p_tenant uuid, p_period text, p_into text, p_actor text, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  t usage_totals;
  v_limit bigint;
  v_units bigint;
  v_into bigint;
  v_ref text;
  v_resource resource_type;
begin
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return false; end if;
  perform from usage_totals where tenant_id = p_tenant and period in (p_period, p_into)
  order by period, resource_type
  for update;
  perform from usage_reservations
  where tenant_id = p_tenant and period = p_period and state = 'open'
  limit 1;
  if found then return false; end if;
  for t in
    select * from usage_totals
    where tenant_id = p_tenant and period = p_period and rollover_percent > 0 and closed_at is null
  loop
    v_resource := t.resource_type;
    v_limit := t."limit" - t.allowance;
    v_units := coalesce(greatest(0, least(v_limit * t.rollover_percent / 100,
      t."limit" - (t.used - t.beyond), v_limit)), 0);
    update usage_totals set closed_at = p_now
    where tenant_id = p_tenant and period = p_period and resource_type = v_resource;
    continue when v_units = 0;
    v_ref := 'rollover:' || p_period || ':' || v_resource;
    insert into allowances (tenant_id, ref, period, resource_type, kind, units, actor, reason, created_at)
    values (p_tenant, v_ref, p_into, v_resource, 'rollover', v_units, p_actor,
        'Left of ' || p_period, p_now),
      (p_tenant, v_ref || ':out', p_period, v_resource, 'rollover', -v_units, p_actor,
        'Rolled over into ' || p_into, p_now)
    on conflict do nothing;
    perform usage_write_limit(p_tenant, p_period, v_resource, v_limit);
    -- Nobody is told that so much of a month is used which is over.
    update usage_totals set threshold = 100
    where tenant_id = p_tenant and period = p_period and resource_type = v_resource;
    select "limit" - allowance into v_into from usage_totals
    where tenant_id = p_tenant and period = p_into and resource_type = v_resource;
    perform usage_write_limit(p_tenant, p_into, v_resource, v_into);
  end loop;
  return true;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_settle(p_now timestamp with time zone, p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_metadata jsonb[], OUT outcomes integer[], OUT used_after bigint[], OUT remaining_after bigint[])
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  r usage_reservations;
  t usage_totals;
  a credit_accounts;
  v_ended record;
  v_holder text;
  v_counted bigint;
  v_change bigint;
  v_amount bigint;
  v_remaining bigint;
  v_before bigint;
  v_beyond bigint;
  v_draw_seq bigint;
  v_draw_count bigint;
begin
  perform
  from (
    select distinct wanted_tenant as tenant_id, found.period, found.resource_type
    from unnest(p_tenants, p_reservations) as w(wanted_tenant, wanted_id)
    cross join lateral (
      select period, resource_type
      from usage_reservations
      where tenant_id = wanted_tenant and id = wanted_id
      limit 1
    ) as found
    order by 1, 2, 3
  ) as wanted
  cross join lateral (
    select from usage_totals c
    where c.tenant_id = wanted.tenant_id and c.period = wanted.period
      and c.resource_type = wanted.resource_type
    for update
  ) as locked;
  perform usage_lock_accounts(p_tenants);

  outcomes := array_fill(0, array[cardinality(p_reservations)]);
  used_after := array_fill(null::bigint, array[cardinality(p_reservations)]);
  remaining_after := used_after;

  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    -- The counters' lock guards the reservations below them: none is changed without it.
    select * into r
    from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
    v_counted := case when r.state = 'expired' then coalesce(r.begun_amount, 0) else 0 end;
    outcomes[n] := case
      when not found then 4
      when r.state = 'settled' and v_amount is distinct from r.settled_amount then 2
      when r.state = 'settled' then 1
      when r.state = 'released' and v_amount is not null then 3
      when r.state in ('released', 'expired') and v_amount is null and v_counted = 0 then 1
      else 0 end;
    if outcomes[n] > 0 then
      used_after[n] := r.used_after;
      remaining_after[n] := r.remaining_after;
      continue;
    end if;

    v_holder := r.metadata ->> 'userId';
    r.metadata := coalesce(p_metadata[n], r.metadata);
    v_change := coalesce(v_amount, 0) - v_counted;
    v_draw_seq := null;
    v_draw_count := null;
    select * into strict t from usage_totals
    where tenant_id = r.tenant_id and period = r.period and resource_type = r.resource_type;
    a := null;
    -- Without credits, without a rate and within what is held there is nothing to draw.
    if r.plan_units is not null or r.draw_seq is not null
      or t.rate_micro is not null and v_change > (case when r.state = 'open' then r.amount else 0 end)
    then
      a := credit_account(r.tenant_id);
    end if;
    v_before := a.last_seq;
    if r.state = 'open' then
      v_ended := usage_end_hold(t, a, r, v_change, p_now);
      t := v_ended.t;
      a := v_ended.a;
      v_draw_seq := v_ended.draw_seq;
      v_draw_count := v_ended.draw_count;
    else
      v_beyond := 0;
      if v_change > 0 then
        v_beyond := credit_beyond(t, a, v_change);
        if v_beyond > 0 then
          a := credit_pay(a, r.period, r.resource_type, t.rate_micro, v_beyond, p_now,
            r.metadata);
        end if;
      elsif v_change < 0 then
        if r.draw_seq is not null then
          v_ended := credit_return(a, r.draw_seq, r.draw_seq + r.draw_count - 1, r.period,
            r.resource_type, -v_change, p_now);
          a := v_ended.a;
          v_beyond := -v_ended.units;
        end if;
        -- Beside what it drew it takes off the quota alone: what others drew stays theirs.
        if v_beyond - v_change > t.used - t.beyond then
          v_change := v_beyond - (t.used - t.beyond);
          -- The row is no longer what its weights make.
          r.metadata := nullif(r.metadata - 'rated', '{}');
        end if;
      end if;
      t := usage_add(r.tenant_id, r.period, r.resource_type,
        extract(day from r.created_at at time zone 'UTC')::int, v_change, 0, p_now, v_beyond);
      if v_beyond <> 0 then
        v_draw_seq := v_before + 1;
        v_draw_count := a.last_seq - v_before;
      end if;
    end if;
    if a.last_seq > v_before or r.plan_units is not null then perform credit_keep(a, p_now); end if;
    v_remaining := usage_remaining(t."limit", t.used - t.beyond, t.held - t.held_beyond);
    used_after[n] := t.used;
    remaining_after[n] := v_remaining;

    update usage_reservations
    set state = case when v_amount is null then 'released' else 'settled' end::reservation_state,
      settled_amount = v_amount,
      used_after = t.used,
      remaining_after = v_remaining,
      closed_at = p_now
    where tenant_id = r.tenant_id and id = r.id;

    if t.per_member then
      perform usage_member_add(r.tenant_id, r.period, r.resource_type, v_holder, 0,
        case when r.state = 'open' then -r.amount else 0 end);
      perform usage_member_add(r.tenant_id, r.period, r.resource_type,
        r.metadata ->> 'userId', v_change, 0);
    end if;
    if v_change <> 0 then
      insert into usage (tenant_id, period, resource_type, amount, reservation_id, metadata,
        actor, reason, occurred_at, created_at, draw_seq, draw_count)
      values (r.tenant_id, r.period, r.resource_type, v_change, r.id,
        r.metadata,
        case when v_change < 0 then 'system:settlement' end,
        case when v_change < 0 then 'Settled after the hold had expired and was counted.' end,
        r.created_at, p_now, v_draw_seq, v_draw_count);
      if usage_crosses(t) then
        perform usage_cross_threshold(t.tenant_id, t.period, t.resource_type, t.used - t.beyond,
          t."limit", t.threshold, p_now);
      end if;
    end if;
  end loop;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_totals_limit_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.threshold := 0;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION u00.usage_write_limit(p_tenant uuid, p_period text, p_resource resource_type, p_limit bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'u00'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_units bigint;
  v_allowance bigint;
begin
  select coalesce(sum(units), 0) into v_units from allowances
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource;
  v_allowance := usage_allowance_in(p_limit, v_units);
  update usage_totals set "limit" = p_limit + v_allowance, allowance = v_allowance
  where tenant_id = p_tenant and period = p_period and resource_type = p_resource
    and ("limit" is distinct from p_limit + v_allowance or allowance <> v_allowance);
end $function$
;

CREATE TRIGGER usage_totals_limit_changed BEFORE UPDATE OF "limit" ON u00.usage_totals FOR EACH ROW WHEN ((old."limit" IS DISTINCT FROM new."limit")) EXECUTE FUNCTION usage_totals_limit_changed();
