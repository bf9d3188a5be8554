-- Buckets of metering may lie on other servers, each of them away now and then.
CREATE TABLE "metering_copies" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"due_since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metering_corrections" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid NOT NULL,
	"request" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "metering_buckets" ADD COLUMN "node" text;--> statement-breakpoint
ALTER TABLE "metering_buckets" ADD COLUMN "away_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "metering_buckets" ADD COLUMN "migrated_to" text;
--> statement-breakpoint
-- Where each bucket lies: `node` is null in this database, else `host:port`. Citus, where it is in
-- this database, moves buckets by itself; their tables are then made and changed from here.
create function bucket_nodes() returns table (number smallint, node text, by_citus boolean)
language plpgsql stable as $$
begin
  if to_regclass('pg_catalog.pg_dist_schema') is null then
    return query select b.number, b.node, false from metering_buckets b order by 1;
    return;
  end if;
  return query execute $q$
    select b.number, coalesce(b.node, c.node), b.node is null and c.node is not null
    from metering_buckets b
    left join lateral (
      select n.nodename || ':' || n.nodeport as node
      from pg_dist_schema s
      join pg_dist_partition p on p.colocationid = s.colocationid
      join pg_dist_shard h on h.logicalrelid = p.logicalrelid
      join pg_dist_placement l on l.shardid = h.shardid
      join pg_dist_node n on n.groupid = l.groupid and n.noderole = 'primary'
      where s.schemaid = to_regnamespace(bucket_schema(b.number))
      limit 1
    ) c on true
    order by 1 $q$;
end $$;
--> statement-breakpoint
-- What a bucket is told about a tenant, and which bucket that is.
create function tenant_entitlement(
  p_tenant uuid, out bucket int, out version bigint, out plan text, out limits jsonb,
  out base_plan text, out base_limits jsonb, out share_from timestamptz, out share_until timestamptz,
  out deleted_at timestamptz, out rates jsonb
)
language sql stable as $$
  select t.usage_bucket, t.entitlement_version, t.plan::text, plan_limits_of(t.plan, t.plan_version),
    b.plan::text, plan_limits_of(b.plan, t.base_plan_version), t.share_from, t.share_until,
    t.deleted_at, plan_rates_of(t.plan, t.plan_version)
  from tenants t
  cross join lateral (select case when t.base_plan <= t.plan then t.base_plan end as plan) b
  where t.id = p_tenant;
$$;
--> statement-breakpoint
-- A change of what a tenant may use reaches a bucket of this database in its own transaction. One that
-- lies elsewhere may be away, and then nothing waits for it: what it is to be told is written here.
create or replace function tenants_metered() returns trigger
language plpgsql as $$
declare
  e record;
begin
  if exists (select from bucket_nodes() n where n.number = new.usage_bucket and n.node is not null)
  then
    insert into metering_copies (tenant_id, version) values (new.id, new.entitlement_version)
    on conflict (tenant_id) do update set version = excluded.version;
    perform pg_notify('metering_copies', '');
  else
    e := tenant_entitlement(new.id);
    execute format('select %I.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      bucket_schema(new.usage_bucket))
    using new.id, e.version, e.plan, e.limits, e.base_plan, e.base_limits, e.share_from,
      e.share_until, e.deleted_at, e.rates;
  end if;
  if tg_op = 'UPDATE' then perform pg_notify('tenant_plan', new.id::text); end if;
  return null;
end $$;
--> statement-breakpoint
-- As before, in every bucket of this database; tenants whose bucket lies elsewhere are told one by one.
create or replace function plan_limits_changed() returns trigger
language plpgsql as $$
declare
  v_bucket record;
begin
  for v_bucket in select n.number, n.node from bucket_nodes() n order by 1 loop
    if v_bucket.node is null then
      execute format('select %I.usage_put_plan($1, $2)', bucket_schema(v_bucket.number))
      using new.plan::text, plan_limits_of(new.plan);
    else
      update tenants set entitlement_version = entitlement_version + 1
      where usage_bucket = v_bucket.number and new.plan in (plan, base_plan);
    end if;
  end loop;
  return null;
end $$;
--> statement-breakpoint
-- A new tenant comes into one of the buckets that answer, by its id: evenly, and without asking how
-- full they are.
create or replace function tenants_placed() returns trigger
language plpgsql as $$
declare
  v_buckets smallint[] := (
    select coalesce(array_agg(number order by number) filter (where away_since is null),
      array_agg(number order by number))
    from metering_buckets
  );
begin
  new.usage_bucket :=
    v_buckets[1 + (hashtext(new.id::text) & 2147483647) % cardinality(v_buckets)];
  return new;
end $$;
