UPDATE "payments" SET "dispute_status" = 'needs_response', "disputed_minor" = "amount_paid_minor" WHERE "disputed";--> statement-breakpoint
ALTER TABLE "payments" DROP COLUMN "disputed";