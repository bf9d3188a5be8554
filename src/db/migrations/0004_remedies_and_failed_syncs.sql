CREATE TYPE "public"."remedy_state" AS ENUM('open', 'done', 'noted');--> statement-breakpoint
CREATE TABLE "remedies" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"cause" text NOT NULL,
	"state" "remedy_state" NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "remedies_once" UNIQUE("kind","subject_id")
);
--> statement-breakpoint
CREATE TABLE "sync_failures" (
	"stripe_customer_id" text PRIMARY KEY NOT NULL,
	"attempts" integer NOT NULL,
	"error" text NOT NULL,
	"failed_at" timestamp with time zone NOT NULL,
	"retry_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "trial_uses" (
	"kind" text NOT NULL,
	"hash" text NOT NULL,
	"stripe_subscription_id" text NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trial_uses_kind_hash_pk" PRIMARY KEY("kind","hash")
);
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "dispute_status" text;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "disputed_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "remedies" ADD CONSTRAINT "remedies_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "remedies_open_idx" ON "remedies" USING btree ("next_attempt_at") WHERE "remedies"."state" = 'open';--> statement-breakpoint
CREATE INDEX "remedies_tenant_idx" ON "remedies" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "sync_failures_due_idx" ON "sync_failures" USING btree ("retry_at");