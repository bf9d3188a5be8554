create type actor_kind as enum ('user', 'api_key', 'service', 'webhook', 'system');

create type billing_interval as enum ('month', 'year');

create type checkout_status as enum ('open', 'complete', 'expired');

create type invoice_status as enum ('draft', 'open', 'paid', 'uncollectible', 'void');

create type plan as enum ('free', 'pro', 'team');

create type reservation_state as enum ('open', 'settled', 'released', 'expired');

create type resource_type as enum ('llm_tokens', 'messages', 'images', 'api_calls');

create type status as enum ('active', 'canceled', 'past_due', 'trialing');

create type stripe_event_state as enum ('received', 'processed', 'ignored', 'dead');

create type user_role as enum ('owner', 'admin', 'member');

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
  constraint checkout_sessions_pkey PRIMARY KEY (id),
  constraint "checkout_sessions_stripeSessionId_unique" UNIQUE (stripe_session_id),
  constraint checkout_sessions_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint checkout_sessions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
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
  constraint mail_outbox_attempts CHECK (((attempt >= 0) AND (send_attempts >= 0))),
  constraint mail_outbox_once UNIQUE (kind, subject_id, attempt),
  constraint mail_outbox_pkey PRIMARY KEY (id),
  constraint mail_outbox_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
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
  disputed boolean default false not null,
  hosted_invoice_url text,
  invoice_pdf text,
  created_at timestamp with time zone default now() not null,
  synced_at timestamp with time zone not null,
  constraint payments_amounts CHECK (((amount_paid_minor >= 0) AND ((amount_refunded_minor >= 0) AND (amount_refunded_minor <= amount_paid_minor)))),
  constraint payments_currency_lower CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint payments_pkey PRIMARY KEY (id),
  constraint "payments_stripeInvoiceId_unique" UNIQUE (stripe_invoice_id),
  constraint payments_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id) ON DELETE SET NULL,
  constraint payments_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table plan_limits (
  plan plan not null,
  resource_type resource_type not null,
  "limit" bigint,
  constraint plan_limits_not_negative CHECK (("limit" >= 0)),
  constraint plan_limits_plan_resource_type_pk PRIMARY KEY (plan, resource_type)
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
  constraint refresh_tokens_pkey PRIMARY KEY (id),
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

create table settings (
  key text not null,
  value jsonb not null,
  updated_at timestamp with time zone default now() not null,
  constraint settings_pkey PRIMARY KEY (key)
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
  constraint subscriptions_period_order CHECK (((current_period_start IS NULL) OR (current_period_end > current_period_start))),
  constraint subscriptions_pkey PRIMARY KEY (id),
  constraint subscriptions_schedule_whole CHECK ((num_nonnulls(scheduled_plan, scheduled_price_id, scheduled_at) = ANY (ARRAY[0, 3]))),
  constraint "subscriptions_stripeSubscriptionId_unique" UNIQUE (stripe_subscription_id),
  constraint subscriptions_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
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
  constraint tenants_pkey PRIMARY KEY (id),
  constraint "tenants_stripeCustomerId_unique" UNIQUE (stripe_customer_id),
  constraint tenants_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id) ON DELETE SET NULL
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
  constraint usage_idempotency_tenant_id_key_pk PRIMARY KEY (tenant_id, key)
);

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
  constraint usage_reservations_amount CHECK ((amount > 0)),
  constraint usage_reservations_closed_when_done CHECK (((state = 'open'::reservation_state) = (closed_at IS NULL))),
  constraint usage_reservations_settled_whole CHECK ((((state = 'settled'::reservation_state) = (settled_amount IS NOT NULL)) AND ((settled_amount IS NULL) OR (settled_amount >= 0)))),
  constraint usage_reservations_tenant_id_id_pk PRIMARY KEY (tenant_id, id),
  constraint usage_reservations_totals_fk FOREIGN KEY (tenant_id, period, resource_type) REFERENCES usage_totals(tenant_id, period, resource_type)
);

create table usage_thresholds (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  percent smallint not null,
  used bigint not null,
  "limit" bigint not null,
  crossed_at timestamp with time zone not null,
  constraint usage_thresholds_percent CHECK ((percent = ANY (ARRAY[80, 100]))),
  constraint usage_thresholds_tenant_id_period_resource_type_percent_pk PRIMARY KEY (tenant_id, period, resource_type, percent),
  constraint usage_thresholds_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

create table usage_totals (
  tenant_id uuid not null,
  period text not null,
  resource_type resource_type not null,
  used bigint default 0 not null,
  held bigint default 0 not null,
  "limit" bigint,
  threshold smallint default 0 not null,
  daily bigint[] default array_fill((0)::bigint, ARRAY[31]) not null,
  updated_at timestamp with time zone default now() not null,
  constraint usage_totals_not_negative CHECK (((used >= 0) AND (held >= 0))),
  constraint usage_totals_period CHECK ((char_length(period) = 7)),
  constraint usage_totals_tenant_id_period_resource_type_pk PRIMARY KEY (tenant_id, period, resource_type),
  constraint usage_totals_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id)
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
  constraint users_email_lower CHECK ((email = lower(email))),
  constraint users_email_unique UNIQUE (email),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX alerts_one_open ON public.alerts USING btree (kind, subject_id) WHERE (resolved_at IS NULL);

CREATE INDEX alerts_tenant_idx ON public.alerts USING btree (tenant_id);

CREATE INDEX api_keys_live_idx ON public.api_keys USING btree (tenant_id, created_at) WHERE (revoked_at IS NULL);

CREATE INDEX api_keys_user_idx ON public.api_keys USING btree (user_id);

CREATE INDEX audit_log_subject_idx ON public.audit_log USING btree (subject_id);

CREATE INDEX audit_log_tenant_idx ON public.audit_log USING btree (tenant_id, created_at);

CREATE INDEX characters_shared_idx ON public.characters USING btree (created_at) WHERE shared;

CREATE INDEX characters_tenant_idx ON public.characters USING btree (tenant_id, created_at);

CREATE UNIQUE INDEX checkout_sessions_one_open ON public.checkout_sessions USING btree (tenant_id) WHERE (status = 'open'::checkout_status);

CREATE INDEX checkout_sessions_tenant_idx ON public.checkout_sessions USING btree (tenant_id, created_at);

CREATE INDEX mail_outbox_tenant_idx ON public.mail_outbox USING btree (tenant_id, created_at);

CREATE INDEX mail_outbox_unsent_idx ON public.mail_outbox USING btree (created_at) WHERE ((sent_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX payments_charge_idx ON public.payments USING btree (stripe_charge_id);

CREATE INDEX payments_subscription_idx ON public.payments USING btree (subscription_id);

CREATE INDEX payments_tenant_created_idx ON public.payments USING btree (tenant_id, created_at, id);

CREATE INDEX payments_tenant_period_idx ON public.payments USING btree (tenant_id, period_start);

CREATE INDEX refresh_tokens_expires_idx ON public.refresh_tokens USING btree (expires_at);

CREATE INDEX refresh_tokens_family_idx ON public.refresh_tokens USING btree (family_id);

CREATE INDEX refresh_tokens_user_idx ON public.refresh_tokens USING btree (user_id);

CREATE INDEX refunds_payment_idx ON public.refunds USING btree (payment_id);

CREATE INDEX refunds_tenant_idx ON public.refunds USING btree (tenant_id);

CREATE INDEX stripe_events_created_idx ON public.stripe_events USING btree (stripe_created_at);

CREATE INDEX stripe_events_customer_idx ON public.stripe_events USING btree (stripe_customer_id, stripe_created_at);

CREATE INDEX stripe_events_dead_idx ON public.stripe_events USING btree (received_at) WHERE (state = 'dead'::stripe_event_state);

CREATE INDEX stripe_events_open_idx ON public.stripe_events USING btree (received_at) WHERE (state = 'received'::stripe_event_state);

CREATE INDEX subscriptions_customer_idx ON public.subscriptions USING btree (stripe_customer_id);

CREATE INDEX subscriptions_past_due_idx ON public.subscriptions USING btree (past_due_since) WHERE (past_due_since IS NOT NULL);

CREATE INDEX subscriptions_tenant_period_idx ON public.subscriptions USING btree (tenant_id, current_period_end);

CREATE INDEX tenants_subscription_idx ON public.tenants USING btree (subscription_id);

CREATE INDEX usage_reservations_expiry_idx ON public.usage_reservations USING btree (expires_at) WHERE (state = 'open'::reservation_state);

CREATE INDEX usage_reservations_open_idx ON public.usage_reservations USING btree (tenant_id, period, resource_type) WHERE (state = 'open'::reservation_state);

CREATE INDEX users_tenant_idx ON public.users USING btree (tenant_id);
