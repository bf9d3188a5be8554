CREATE TABLE "business_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "business_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"month" text NOT NULL,
	"currency" text NOT NULL,
	"name" text NOT NULL,
	"minor" bigint NOT NULL,
	"count" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "business_months" (
	"month" text NOT NULL,
	"currency" text NOT NULL,
	"name" text NOT NULL,
	"minor" bigint NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "business_months_month_currency_name_pk" PRIMARY KEY("month","currency","name")
);
--> statement-breakpoint
CREATE INDEX "alerts_open_idx" ON "alerts" USING btree ("raised_at","id") WHERE "alerts"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "payments_recovered_idx" ON "payments" USING btree ("paid_at") WHERE "payments"."status" = 'paid' and "payments"."attempt_count" > 1;--> statement-breakpoint
CREATE INDEX "payments_one_off_idx" ON "payments" USING btree ("paid_at") WHERE "payments"."status" = 'paid' and "payments"."stripe_subscription_id" is null;--> statement-breakpoint
CREATE INDEX "payments_of_subscription_idx" ON "payments" USING btree ("stripe_subscription_id","tenant_id") WHERE "payments"."amount_paid_minor" > 0;--> statement-breakpoint
CREATE INDEX "statements_number_idx" ON "statements" USING btree ("invoice_number");--> statement-breakpoint
CREATE INDEX "stripe_events_ignored_idx" ON "stripe_events" USING btree ("received_at","id") WHERE "stripe_events"."state" = 'ignored';--> statement-breakpoint
CREATE INDEX "subscriptions_begun_idx" ON "subscriptions" USING btree (coalesce("stripe_created_at", "created_at"));--> statement-breakpoint
CREATE INDEX "subscriptions_live_idx" ON "subscriptions" USING btree ("plan","status") WHERE "subscriptions"."status" <> 'canceled';--> statement-breakpoint
CREATE INDEX "subscriptions_trials_idx" ON "subscriptions" USING btree ("stripe_subscription_id","tenant_id","status") WHERE "subscriptions"."trial_end" is not null;
--> statement-breakpoint
-- What an invoice adds to the month of its payment: what was paid, the tax in it, and whether an earlier
-- charge for it had failed.
create function business_of_payment(p payments)
returns table (month text, currency text, name text, minor bigint, count bigint)
language sql stable as $$
  select to_char(p.paid_at at time zone 'UTC', 'YYYY-MM'), p.currency, s.name, s.minor, 1::bigint
  from (values
    ('paid', p.amount_paid_minor, true),
    ('tax', p.tax_minor, p.tax_minor <> 0),
    ('recovered', p.amount_paid_minor, p.attempt_count > 1)
  ) as s (name, minor, counts)
  where p.status = 'paid' and p.amount_paid_minor > 0 and p.paid_at is not null and s.counts;
$$;
--> statement-breakpoint
-- What a refund adds to the month in which it was given: nothing where it failed.
create function business_of_refund(r refunds)
returns table (month text, currency text, name text, minor bigint, count bigint)
language sql stable as $$
  select to_char(r.created_at at time zone 'UTC', 'YYYY-MM'), r.currency, 'refunded', r.amount_minor, 1::bigint
  where r.status not in ('failed', 'canceled');
$$;
--> statement-breakpoint
create function business_of_movement(m mrr_movements)
returns table (month text, currency text, name text, minor bigint, count bigint)
language sql stable as $$
  select to_char(m.at at time zone 'UTC', 'YYYY-MM'), m.currency, m.kind, m.after_minor - m.before_minor,
    1::bigint;
$$;
--> statement-breakpoint
-- Notes by how much a row moved the sums: what it adds now less what it added before. A line of its own
-- for each change: two customers never wait for one month's row.
create function business_changed() returns trigger
language plpgsql as $$
declare
  v_of text := format('%I', tg_argv[0]);
  v_before text := format('select month, currency, name, -minor, -count from %s($1)', v_of);
  v_now text := format('select month, currency, name, minor, count from %s($2)', v_of);
begin
  execute format(
    'insert into business_changes (month, currency, name, minor, count)
     select month, currency, name, sum(minor), sum(count)
     from (%s) as moved (month, currency, name, minor, count)
     group by month, currency, name
     having sum(minor) <> 0 or sum(count) <> 0',
    case tg_op
      when 'INSERT' then v_now
      when 'DELETE' then v_before
      else v_before || ' union all ' || v_now
    end)
  using old, new;
  return null;
end $$;
--> statement-breakpoint
create trigger payments_business
after insert or delete or update of status, amount_paid_minor, tax_minor, attempt_count, paid_at, currency
on payments
for each row
execute function business_changed('business_of_payment');
--> statement-breakpoint
create trigger refunds_business
after insert or delete or update of status, amount_minor, currency, created_at
on refunds
for each row
execute function business_changed('business_of_refund');
--> statement-breakpoint
create trigger mrr_movements_business
after insert or delete or update
on mrr_movements
for each row
execute function business_changed('business_of_movement');
--> statement-breakpoint
-- The sums counted anew, from every row.
create function business_counted()
returns table (month text, currency text, name text, minor bigint, count bigint)
language sql stable as $$
  select b.month, b.currency, b.name, sum(b.minor)::bigint, sum(b.count)::bigint
  from (
    select f.* from payments p, business_of_payment(p) f
    union all select f.* from refunds r, business_of_refund(r) f
    union all select f.* from mrr_movements m, business_of_movement(m) f
  ) b
  group by b.month, b.currency, b.name;
$$;
--> statement-breakpoint
insert into business_months (month, currency, name, minor, count)
select month, currency, name, minor, count from business_counted();
