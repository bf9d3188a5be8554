-- Credits of which nobody was told that they end, and credits of a team that is deleted.

-- All of these or none, before anybody who waits for one of them takes us for a deadlock.
set local statement_timeout = 400;
lock table credit_grants in access exclusive mode;
set local statement_timeout = 0;

-- When the mail about its end was written; null until then. Whoever lists what ends passes over those that
-- were told of, so that all have their turn.
alter table credit_grants add column if not exists ending_told_at timestamptz;
create index if not exists credit_grants_ending_idx on credit_grants (expires_at, tenant_id, id)
  where ending_told_at is null;

-- Takes back everything that is left of a tenant's grants, once; see `credit_revoke`. What holds have of them
-- stays with them, and is revoked when it comes back.
create or replace function credit_revoke_all(
  p_tenant uuid, p_cause text, p_actor text, p_reason text, p_now timestamptz
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_head uuid;
  v_grant uuid;
begin
  select head_grant into v_head from credit_accounts where tenant_id = p_tenant for update;
  if not found then return; end if;
  for v_grant in
    select id from credit_grants
    where tenant_id = p_tenant and revoked_at is null
      and (left_micro > 0 or held_micro > 0 or id = v_head)
    order by id
  loop
    perform credit_revoke(p_tenant, v_grant, p_cause || ':' || v_grant, null, p_actor, p_reason, p_now);
  end loop;
end $$;

-- Takes over what a tenant may use, from whoever decides it. What is not newer than what is here
-- changes nothing, so it may come twice and out of order. The new limits and rates stand in the
-- counters of the tenant's newest period in the caller's transaction, and so does what overage is sold in
-- the account: no call is admitted by the old ones after it. Whoever calls it as the version before did says
-- nothing of overage or of what rolls over, nor when it changed. What is left of a deleted tenant's credits
-- is taken back.
--
-- A month that was over at `p_at` stays as it was, for what rolls over of it. Where something may and the
-- tenant used nothing in it, it is opened by what the tenant had.
create or replace function usage_put_tenant(
  p_tenant uuid, p_version bigint, p_plan text, p_limits jsonb, p_base_plan text,
  p_base_limits jsonb, p_share_from timestamptz, p_share_until timestamptz,
  p_deleted_at timestamptz, p_rates jsonb default '{}', p_overage jsonb default null,
  p_rollover jsonb default null, p_at timestamptz default null
) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_month text := to_char(p_at at time zone 'UTC', 'YYYY-MM');
  v_month_starts_at timestamptz := date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC';
  v_tenant usage_tenants;
  v_period text;
  v_resource resource_type;
  v_limit bigint;
  v_rate bigint;
  v_rollover smallint;
  a credit_accounts;
begin
  select * into v_tenant from usage_tenants where tenant_id = p_tenant for update;
  if v_tenant.version < p_version and v_tenant.rollover <> '{}'
    and coalesce(v_tenant.since < v_month_starts_at, v_month is not null)
  then
    perform usage_open(to_char((v_month || '-01')::date - 1, 'YYYY-MM'), array[p_tenant]);
  end if;

  insert into usage_tenants as t (tenant_id, version, plan, limits, base_plan, base_limits,
    share_from, share_until, deleted_at, rates, overage, rollover, since)
  values (p_tenant, p_version, p_plan, p_limits, p_base_plan, p_base_limits, p_share_from,
    p_share_until, p_deleted_at, p_rates, p_overage, coalesce(p_rollover, '{}'), p_at)
  on conflict (tenant_id) do update
  set version = excluded.version, plan = excluded.plan, limits = excluded.limits,
    base_plan = excluded.base_plan, base_limits = excluded.base_limits,
    share_from = excluded.share_from, share_until = excluded.share_until,
    deleted_at = excluded.deleted_at, rates = excluded.rates,
    overage = coalesce(excluded.overage, t.overage), rollover = coalesce(p_rollover, t.rollover),
    since = coalesce(excluded.since, t.since)
  where t.version < excluded.version
  returning * into v_tenant;
  if not found then return; end if;

  v_period := (select max(period) from usage_totals where tenant_id = p_tenant);
  for v_resource in
    select resource_type from usage_totals
    where tenant_id = p_tenant and period = v_period and period >= coalesce(v_month, period)
    order by resource_type
    for update
  loop
    v_limit := usage_limit_of(v_tenant, v_period, v_resource);
    v_rate := (v_tenant.rates ->> v_resource::text)::bigint;
    v_rollover := coalesce((v_tenant.rollover ->> v_resource::text)::smallint, 0::smallint);
    perform usage_write_limit(p_tenant, v_period, v_resource, v_limit);
    update usage_totals set rate_micro = v_rate, rollover_percent = v_rollover
    where tenant_id = p_tenant and period = v_period and resource_type = v_resource
      and (rate_micro is distinct from v_rate or rollover_percent <> v_rollover);
  end loop;

  if v_tenant.deleted_at is not null then
    perform credit_revoke_all(p_tenant, 'tenant-deleted', 'system:delete-tenant',
      'The team was deleted.', v_tenant.deleted_at);
  end if;

  if p_overage is null then return; end if;
  a := credit_account(p_tenant);
  if a.overage_on or a.overage_paused is distinct from p_overage ->> 'suspended' then
    a := credit_offer(a, p_overage, p_version::text, coalesce(v_period, to_char(now(), 'YYYY-MM')), now());
    perform credit_keep(a, a.updated_at);
  end if;
end $$;
