CREATE TYPE "public"."statement_kind" AS ENUM('threshold', 'month', 'final', 'late');--> statement-breakpoint
CREATE TYPE "public"."statement_state" AS ENUM('closed', 'carried', 'invoicing', 'open', 'paid', 'failed', 'uncollectible', 'void', 'written_off');--> statement-breakpoint
CREATE TABLE "statement_lines" (
	"tenant_id" uuid NOT NULL,
	"statement_id" uuid NOT NULL,
	"n" integer NOT NULL,
	"period" text NOT NULL,
	"resource_type" text NOT NULL,
	"rate_micro" bigint NOT NULL,
	"minor_per_credit" numeric(20, 12) NOT NULL,
	"units" bigint NOT NULL,
	"micro" bigint NOT NULL,
	"micro_before" bigint NOT NULL,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "statement_lines_statement_id_n_pk" PRIMARY KEY("statement_id","n")
);
--> statement-breakpoint
CREATE TABLE "statements" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid NOT NULL,
	"kind" "statement_kind" NOT NULL,
	"period" text NOT NULL,
	"seq_from" bigint NOT NULL,
	"seq_to" bigint NOT NULL,
	"state" "statement_state" NOT NULL,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"carried_in_minor" bigint NOT NULL,
	"micro" bigint NOT NULL,
	"rows" bigint NOT NULL,
	"sha256" text NOT NULL,
	"previous_sha256" text NOT NULL,
	"closed_at" timestamp with time zone NOT NULL,
	"held_at" timestamp with time zone,
	"write_off_asked_at" timestamp with time zone,
	"stripe_customer_id" text,
	"stripe_invoice_id" text,
	"invoice_number" text,
	"hosted_invoice_url" text,
	"action_required" boolean DEFAULT false NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"told" text,
	"look_at" timestamp with time zone,
	"look_attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"synced_at" timestamp with time zone,
	CONSTRAINT "statements_stripeInvoiceId_unique" UNIQUE("stripe_invoice_id"),
	CONSTRAINT "statements_from" UNIQUE("tenant_id","seq_from"),
	CONSTRAINT "statements_currency_lower" CHECK ("statements"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "statements_run" CHECK ("statements"."seq_from" > 0 and "statements"."seq_to" = "statements"."seq_from" + "statements"."rows" - 1),
	CONSTRAINT "statements_told" CHECK ("statements"."told" in ('billed', 'paid', 'failed', 'uncollectible', 'void'))
);
--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_statement_id_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."statements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statements" ADD CONSTRAINT "statements_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "statement_lines_tenant_idx" ON "statement_lines" USING btree ("tenant_id","period");--> statement-breakpoint
CREATE INDEX "statements_look_idx" ON "statements" USING btree ("look_at") WHERE "statements"."look_at" is not null;