CREATE TABLE "spending_rules" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"preset" text NOT NULL,
	"currency" text,
	"time_zone" text NOT NULL,
	"single_max_minor" bigint,
	"day_max_minor" bigint,
	"month_max_minor" bigint,
	"next" jsonb,
	"next_at" timestamp with time zone,
	"set_by" uuid,
	"set_at" timestamp with time zone NOT NULL,
	CONSTRAINT "spending_rules_maxima" CHECK (coalesce("spending_rules"."single_max_minor", 0) >= 0 and coalesce("spending_rules"."day_max_minor", 0) >= 0
        and coalesce("spending_rules"."month_max_minor", 0) >= 0
        and num_nonnulls("spending_rules"."next", "spending_rules"."next_at") <> 1)
);
--> statement-breakpoint
ALTER TABLE "spending_rules" ADD CONSTRAINT "spending_rules_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "spending_rules" ADD CONSTRAINT "spending_rules_set_by_users_id_fk" FOREIGN KEY ("set_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;