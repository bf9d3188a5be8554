CREATE TABLE "rate_cards" (
	"version" integer PRIMARY KEY NOT NULL,
	"effective_at" timestamp with time zone NOT NULL,
	"weights" jsonb NOT NULL,
	"published_at" timestamp with time zone NOT NULL,
	CONSTRAINT "rate_cards_version" CHECK ("rate_cards"."version" > 0)
);
--> statement-breakpoint
-- The ledger names the card that a call was weighed by.
create function rate_cards_stay() returns trigger
language plpgsql as $$
begin
  raise exception 'a published rate card never changes' using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger rate_cards_stay
before update or delete on rate_cards
for each row
execute function rate_cards_stay();
--> statement-breakpoint
create trigger rate_cards_published
after insert on rate_cards
for each statement
execute function plan_versions_published();
