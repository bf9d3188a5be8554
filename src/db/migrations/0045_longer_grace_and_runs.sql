CREATE TABLE "reconcile_runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "reconcile_runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"trigger" text NOT NULL,
	"begun_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"customers" integer DEFAULT 0 NOT NULL,
	"mended_count" integer DEFAULT 0 NOT NULL,
	"mended" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"failed_count" integer DEFAULT 0 NOT NULL,
	"failed" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"error" text,
	CONSTRAINT "reconcile_runs_trigger" CHECK ("reconcile_runs"."trigger" in ('schedule', 'hand'))
);
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "grace_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "grace_for" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "reconcile_runs_begun_idx" ON "reconcile_runs" USING btree ("begun_at");