CREATE TYPE "public"."intent_state" AS ENUM('open', 'waiting', 'done', 'taken_back', 'replaced', 'stuck');--> statement-breakpoint
CREATE TABLE "billing_intents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid NOT NULL,
	"goal" jsonb NOT NULL,
	"origin" jsonb NOT NULL,
	"state" "intent_state" DEFAULT 'open' NOT NULL,
	"actor_id" text NOT NULL,
	"request_id" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "next_invoice_minor" bigint;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "next_invoice_currency" text;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "next_invoice_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "pending_plan" "plan";--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "pending_price_id" text;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "pending_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "pause_reason" text;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "pause_ends_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "billing_intents" ADD CONSTRAINT "billing_intents_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "billing_intents_one_unsettled" ON "billing_intents" USING btree ("tenant_id") WHERE "billing_intents"."state" in ('open', 'waiting');--> statement-breakpoint
CREATE INDEX "billing_intents_tenant_idx" ON "billing_intents" USING btree ("tenant_id","created_at");