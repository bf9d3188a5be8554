CREATE TABLE "auto_top_ups" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"enabled" boolean NOT NULL,
	"pack_id" text NOT NULL,
	"low_credits" integer NOT NULL,
	"month_max_minor" bigint NOT NULL,
	"time_zone" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"credits" integer NOT NULL,
	"agreed_by" uuid,
	"agreed_at" timestamp with time zone NOT NULL,
	"paused" text,
	"paused_method" text,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "auto_top_ups_amounts" CHECK ("auto_top_ups"."low_credits" > 0 and "auto_top_ups"."low_credits" <= "auto_top_ups"."credits" and "auto_top_ups"."amount_minor" > 0
        and "auto_top_ups"."month_max_minor" >= "auto_top_ups"."amount_minor")
);
--> statement-breakpoint
DROP INDEX "credit_purchases_one_open";--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD COLUMN "trigger" text DEFAULT 'user' NOT NULL;--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD CONSTRAINT "auto_top_ups_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD CONSTRAINT "auto_top_ups_agreed_by_users_id_fk" FOREIGN KEY ("agreed_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "auto_top_ups_ready_idx" ON "auto_top_ups" USING btree ("tenant_id") WHERE "auto_top_ups"."enabled" and "auto_top_ups"."paused" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "credit_purchases_one_top_up" ON "credit_purchases" USING btree ("tenant_id") WHERE "credit_purchases"."trigger" = 'auto'
          and "credit_purchases"."state" in ('wanted', 'open', 'needs_action', 'processing', 'paid');--> statement-breakpoint
CREATE UNIQUE INDEX "credit_purchases_one_open" ON "credit_purchases" USING btree ("tenant_id") WHERE "credit_purchases"."trigger" = 'user' and "credit_purchases"."state" in ('wanted', 'open');--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD CONSTRAINT "credit_purchases_trigger" CHECK ("credit_purchases"."trigger" in ('user', 'auto'));