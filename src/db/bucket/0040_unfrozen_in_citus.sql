-- Keeps a grant from being drawn, or lets it be drawn again and moves its end by the time it was
-- frozen (or by `p_extend`). What holds have of it they keep, and what lapsed before stays so. False for
-- a repeat. The new end is worked out before: Citus refuses to change rows by a time and an interval that
-- they have, which is for it a matter of settings.
create or replace function credit_freeze(
  p_tenant uuid, p_grant uuid, p_ref text, p_freeze boolean, p_extend interval, p_actor text,
  p_reason text, p_now timestamptz
) returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  v_ends_at timestamptz;
  v_verb text := case when p_freeze then 'freeze' else 'unfreeze' end;
begin
  a := credit_account(p_tenant);
  perform from credit_changes where tenant_id = p_tenant and verb = v_verb and ref = p_ref;
  if found then return false; end if;
  a := credit_put_back(credit_rehead(a, p_now));
  if p_freeze then
    update credit_grants set frozen_at = p_now
    where tenant_id = p_tenant and id = p_grant and frozen_at is null;
  else
    -- The account's lock guards its grants.
    select expires_at + coalesce(p_extend, p_now - frozen_at) into v_ends_at
    from credit_grants where tenant_id = p_tenant and id = p_grant and frozen_at is not null;
    if found then
      update credit_grants set expires_at = v_ends_at, frozen_at = null
      where tenant_id = p_tenant and id = p_grant;
    end if;
  end if;
  insert into credit_changes (tenant_id, verb, ref, grant_id, actor, reason, made_at)
  values (p_tenant, v_verb, p_ref, p_grant, p_actor, p_reason, p_now);
  perform credit_keep(credit_rehead(a, p_now), p_now);
  return true;
end $$;
