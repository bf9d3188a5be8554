CREATE TABLE "mrr_movements" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "mrr_movements_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"tenant_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"currency" text NOT NULL,
	"before_minor" bigint NOT NULL,
	"after_minor" bigint NOT NULL,
	CONSTRAINT "mrr_movements_kind" CHECK ("mrr_movements"."kind" in ('new', 'expansion', 'contraction', 'churn', 'reactivation')),
	CONSTRAINT "mrr_movements_amounts" CHECK ("mrr_movements"."before_minor" >= 0 and "mrr_movements"."after_minor" >= 0 and "mrr_movements"."before_minor" <> "mrr_movements"."after_minor")
);
--> statement-breakpoint
ALTER TABLE "mrr_movements" ADD CONSTRAINT "mrr_movements_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mrr_movements_at_idx" ON "mrr_movements" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "mrr_movements_tenant_idx" ON "mrr_movements" USING btree ("tenant_id","currency","id");--> statement-breakpoint
CREATE INDEX "payments_paid_idx" ON "payments" USING btree ("paid_at");--> statement-breakpoint
CREATE INDEX "payments_failing_idx" ON "payments" USING btree ("created_at","id") WHERE "payments"."status" = 'open' and "payments"."attempt_count" > 0;--> statement-breakpoint
CREATE INDEX "refunds_created_idx" ON "refunds" USING btree ("created_at");