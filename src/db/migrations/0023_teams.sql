CREATE TABLE "invitations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" "user_role" NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"link_id" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"mails" integer DEFAULT 1 NOT NULL,
	"invited_by" uuid,
	"expires_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invitations_tokenHash_unique" UNIQUE("token_hash"),
	CONSTRAINT "invitations_email_lower" CHECK ("invitations"."email" = lower("invitations"."email")),
	CONSTRAINT "invitations_state" CHECK ("invitations"."state" in ('open', 'accepted', 'revoked'))
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" "user_role" NOT NULL,
	"has_seat" boolean DEFAULT true NOT NULL,
	"joined_at" timestamp with time zone NOT NULL,
	"chosen_at" timestamp with time zone,
	CONSTRAINT "memberships_tenant_id_user_id_pk" PRIMARY KEY("tenant_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "plan_versions" ADD COLUMN "seats" integer;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD COLUMN "tenant_id" uuid;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_users_id_fk" FOREIGN KEY ("invited_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_open_idx" ON "invitations" USING btree ("tenant_id","email") WHERE "invitations"."state" = 'open';--> statement-breakpoint
CREATE INDEX "invitations_invited_by_idx" ON "invitations" USING btree ("invited_by");--> statement-breakpoint
CREATE INDEX "memberships_user_idx" ON "memberships" USING btree ("user_id");--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "plan_versions" ADD CONSTRAINT "plan_versions_seats" CHECK ("plan_versions"."seats" > 0);
--> statement-breakpoint
-- A process of the version before publishes without seats: they are those of the version before it.
create function plan_versions_seats() returns trigger
language plpgsql as $$
begin
  new.seats := coalesce(new.seats,
    (select seats from plan_versions where plan = new.plan order by version desc limit 1),
    case new.plan when 'team' then 10 else 1 end);
  return new;
end $$;
--> statement-breakpoint
create trigger plan_versions_seats
before insert on plan_versions
for each row
execute function plan_versions_seats();
--> statement-breakpoint
alter table plan_versions disable trigger plan_versions_stay;
--> statement-breakpoint
update plan_versions set seats = case plan when 'team' then 10 else 1 end;
--> statement-breakpoint
alter table plan_versions enable trigger plan_versions_stay;
--> statement-breakpoint
alter table plan_versions alter column seats set not null;
--> statement-breakpoint
-- The seats of a plan in one of its versions; null asks for the newest, and so does one that is not there.
create function plan_seats_of(p_plan plan, p_version int) returns int
language sql stable as $$
  select coalesce(
    (select seats from plan_versions where plan = p_plan and version = p_version),
    (select seats from plan_versions where plan = p_plan order by version desc limit 1),
    1);
$$;
--> statement-breakpoint
-- Where a user's row says the tenant, as the version before writes it, the membership follows: a new
-- user is a member there, and one whose tenant is changed moves.
create function users_membership() returns trigger
language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.tenant_id <> new.tenant_id then
    delete from memberships where tenant_id = old.tenant_id and user_id = new.id;
  end if;
  insert into memberships (tenant_id, user_id, role, joined_at)
  values (new.tenant_id, new.id, new.role, new.created_at)
  on conflict (tenant_id, user_id) do update set role = excluded.role
  where memberships.role <> excluded.role;
  return null;
end $$;
--> statement-breakpoint
create trigger users_membership
after insert or update of tenant_id, role on users
for each row
execute function users_membership();
--> statement-breakpoint
-- And the other way round: the version before reads the role of the user's row, and whoever is taken
-- out of the tenant that stands there gets another one of theirs.
create function memberships_user() returns trigger
language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    update users set role = new.role
    where id = new.user_id and tenant_id = new.tenant_id and role <> new.role;
    return null;
  end if;
  update users u set tenant_id = m.tenant_id, role = m.role
  from (
    select tenant_id, role from memberships
    where user_id = old.user_id
    order by chosen_at desc nulls last, joined_at, tenant_id
    limit 1
  ) m
  where u.id = old.user_id and u.tenant_id = old.tenant_id;
  return null;
end $$;
--> statement-breakpoint
create trigger memberships_user
after update of role or delete on memberships
for each row
execute function memberships_user();
--> statement-breakpoint
insert into memberships (tenant_id, user_id, role, joined_at)
select tenant_id, id, role, created_at from users
on conflict do nothing;
--> statement-breakpoint
-- A change of plan gives and takes seats. Who has one keeps it before others; among equals owners come
-- first, then admins, then who joined earlier. Who was there when seats came keeps theirs until then.
create function tenants_seats() returns trigger
language plpgsql as $$
declare
  v_seats int := plan_seats_of(new.plan, new.plan_version);
begin
  if old.plan = new.plan and plan_seats_of(old.plan, old.plan_version) = v_seats then
    return null;
  end if;
  with ranked as (
    select user_id,
      row_number() over (order by has_seat desc, role, joined_at, user_id) <= v_seats as has_seat
    from memberships where tenant_id = new.id
  ), changed as (
    update memberships m set has_seat = r.has_seat
    from ranked r
    where m.tenant_id = new.id and m.user_id = r.user_id and m.has_seat <> r.has_seat
    returning m.user_id, m.has_seat
  )
  insert into audit_log (tenant_id, actor_kind, actor_id, action, subject_id, before, after, created_at)
  select new.id, 'system', 'seats',
    case when has_seat then 'member.seat_given' else 'member.seat_taken' end, user_id::text,
    jsonb_build_object('hasSeat', not has_seat), jsonb_build_object('hasSeat', has_seat),
    new.updated_at
  from changed order by user_id;
  return null;
end $$;
--> statement-breakpoint
create trigger tenants_seats
after update of plan, plan_version on tenants
for each row
when (old.plan is distinct from new.plan or old.plan_version is distinct from new.plan_version)
execute function tenants_seats();
