-- Gives a member these limits, resource → units a month, in the place of those before; {} takes them all
-- away. They hold for every call that is admitted after the caller's commit, whatever was used already.
-- False when the tenant is not here. What a row is compared with is worked out before: Citus refuses to
-- change rows by the text of their resource, which is for it a matter of settings.
create or replace function usage_limit_member(
  p_tenant uuid, p_member text, p_limits jsonb, p_now timestamptz
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  -- Work may be told of so late.
  v_since text := to_char((p_now - interval '35 days') at time zone 'UTC', 'YYYY-MM');
  v_limited resource_type[] := array(
    select e.key::resource_type from jsonb_each_text(p_limits) as e(key, value)
    where e.value is not null);
  t usage_totals;
  v_per_member boolean;
begin
  -- So that no month is opened meanwhile.
  perform from usage_tenants where tenant_id = p_tenant for update;
  if not found then return false; end if;
  perform from usage_totals where tenant_id = p_tenant and period >= v_since
  order by period, resource_type
  for update;
  delete from usage_member_limits where tenant_id = p_tenant and member_id = p_member;
  delete from usage_member_totals where tenant_id = p_tenant and member_id = p_member
    and resource_type <> all(v_limited);
  insert into usage_member_limits (tenant_id, member_id, resource_type, month_max)
  select p_tenant, p_member, o.resource, (p_limits ->> o.resource::text)::bigint
  from unnest(v_limited) as o(resource);
  for t in
    select * from usage_totals where tenant_id = p_tenant and period >= v_since
  loop
    perform from usage_member_limits
    where tenant_id = p_tenant and resource_type = t.resource_type
    limit 1;
    v_per_member := found;
    if t.per_member <> v_per_member then
      update usage_totals set per_member = v_per_member
      where tenant_id = p_tenant and period = t.period and resource_type = t.resource_type;
    end if;
  end loop;
  return true;
end $$;
