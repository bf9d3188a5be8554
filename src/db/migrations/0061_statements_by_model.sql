ALTER TABLE "statement_lines" ADD COLUMN "details" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "statements" ADD COLUMN "proof_format" smallint DEFAULT 1 NOT NULL;
