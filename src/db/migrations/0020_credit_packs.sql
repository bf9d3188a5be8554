CREATE TYPE "public"."purchase_state" AS ENUM('wanted', 'open', 'needs_action', 'processing', 'paid', 'granted', 'failed', 'expired', 'partly_refunded', 'refunded', 'disputed');--> statement-breakpoint
CREATE TABLE "credit_pack_prices" (
	"stripe_price_id" text PRIMARY KEY NOT NULL,
	"pack_id" text NOT NULL,
	"version" integer NOT NULL,
	"bound_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credit_packs" (
	"id" text NOT NULL,
	"version" integer NOT NULL,
	"credits" integer NOT NULL,
	"bonus" integer NOT NULL,
	"valid_days" integer NOT NULL,
	"amounts" jsonb NOT NULL,
	"active" boolean NOT NULL,
	"published_at" timestamp with time zone NOT NULL,
	CONSTRAINT "credit_packs_id_version_pk" PRIMARY KEY("id","version"),
	CONSTRAINT "credit_packs_amounts" CHECK ("credit_packs"."version" > 0 and "credit_packs"."credits" > 0 and "credit_packs"."bonus" >= 0 and "credit_packs"."valid_days" > 0)
);
--> statement-breakpoint
CREATE TABLE "credit_purchases" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid NOT NULL,
	"user_id" uuid,
	"pack_id" text NOT NULL,
	"pack_version" integer NOT NULL,
	"state" "purchase_state" DEFAULT 'wanted' NOT NULL,
	"credits" integer NOT NULL,
	"bonus" integer NOT NULL,
	"valid_days" integer NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"stripe_customer_id" text NOT NULL,
	"stripe_price_id" text NOT NULL,
	"locale" text NOT NULL,
	"stripe_session_id" text,
	"url" text,
	"expires_at" timestamp with time zone NOT NULL,
	"stripe_payment_intent_id" text,
	"stripe_invoice_id" text,
	"paid_at" timestamp with time zone,
	"credits_expire_at" timestamp with time zone,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"refund_pending_minor" bigint DEFAULT 0 NOT NULL,
	"shortfall_micro" bigint DEFAULT 0 NOT NULL,
	"dispute_status" text,
	"taken_back" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"frozen_at" timestamp with time zone,
	"freezes" integer DEFAULT 0 NOT NULL,
	"refund_asked_at" timestamp with time zone,
	"refund_asked_minor" bigint,
	"refund_asked_micro" bigint,
	"refunds_asked" integer DEFAULT 0 NOT NULL,
	"look_at" timestamp with time zone,
	"look_attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"synced_at" timestamp with time zone,
	CONSTRAINT "credit_purchases_stripeSessionId_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "credit_purchases_stripePaymentIntentId_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "credit_purchases_stripeInvoiceId_unique" UNIQUE("stripe_invoice_id"),
	CONSTRAINT "credit_purchases_currency_lower" CHECK ("credit_purchases"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "credit_purchases_amounts" CHECK ("credit_purchases"."amount_minor" > 0 and "credit_purchases"."refunded_minor" >= 0 and "credit_purchases"."refund_pending_minor" >= 0 and "credit_purchases"."shortfall_micro" >= 0)
);
--> statement-breakpoint
ALTER TABLE "credit_pack_prices" ADD CONSTRAINT "credit_pack_prices_pack_id_version_credit_packs_id_version_fk" FOREIGN KEY ("pack_id","version") REFERENCES "public"."credit_packs"("id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD CONSTRAINT "credit_purchases_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD CONSTRAINT "credit_purchases_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD CONSTRAINT "credit_purchases_pack_id_pack_version_credit_packs_id_version_fk" FOREIGN KEY ("pack_id","pack_version") REFERENCES "public"."credit_packs"("id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "credit_purchases_one_open" ON "credit_purchases" USING btree ("tenant_id") WHERE "credit_purchases"."state" in ('wanted', 'open');--> statement-breakpoint
CREATE INDEX "credit_purchases_tenant_idx" ON "credit_purchases" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "credit_purchases_look_idx" ON "credit_purchases" USING btree ("look_at") WHERE "credit_purchases"."look_at" is not null;--> statement-breakpoint
CREATE INDEX "credit_purchases_end_idx" ON "credit_purchases" USING btree ("credits_expire_at") WHERE "credit_purchases"."credits_expire_at" is not null;
--> statement-breakpoint
-- Who begins to buy a version gets it.
create function credit_packs_stay() returns trigger
language plpgsql as $$
begin
  raise exception 'a published version of a pack never changes' using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger credit_packs_stay
before update or delete on credit_packs
for each row
execute function credit_packs_stay();
