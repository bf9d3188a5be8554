-- Whoever changes meanwhile is written by the trigger, before this (then it is left as it is) or after.
insert into u00.usage_tenants (tenant_id, version, plan, limits, base_plan, base_limits, share_from,
  share_until, deleted_at)
select t.id, t.entitlement_version, t.plan, p.limits, b.plan, b.limits, t.share_from, t.share_until,
  t.deleted_at
from tenants t
join (
  select plan, jsonb_object_agg(resource_type, "limit") as limits from plan_limits group by plan
) p on p.plan = t.plan
left join (
  select plan, jsonb_object_agg(resource_type, "limit") as limits from plan_limits group by plan
) b on b.plan = t.base_plan and t.base_plan < t.plan
on conflict do nothing;
