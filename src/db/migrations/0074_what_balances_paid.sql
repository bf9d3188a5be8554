ALTER TABLE "payments" DROP CONSTRAINT "payments_amounts";--> statement-breakpoint
ALTER TABLE "credit_purchases" ADD COLUMN "left_minor" bigint;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "total_minor" bigint;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "from_balance_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_amounts" CHECK ("payments"."amount_paid_minor" >= 0 and "payments"."from_balance_minor" >= 0
        and "payments"."amount_refunded_minor" between 0 and "payments"."amount_paid_minor" + "payments"."from_balance_minor");