alter table credit_changes drop constraint if exists credit_changes_verb;
alter table credit_changes add constraint credit_changes_verb
  check (verb in ('revoke', 'freeze', 'unfreeze', 'spare'));

-- Ends a revocation that is not to be, once: what is still due of it stays with its holds, and the
-- answer is what it has taken, now or when holds gave it back. A revocation that never was took nothing.
create or replace function credit_spare(
  p_tenant uuid, p_grant uuid, p_ref text, p_actor text, p_reason text, p_now timestamptz
) returns bigint
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  c credit_changes;
  v_taken bigint;
  v_spared bigint;
  v_late bigint;
begin
  a := credit_account(p_tenant);
  select revoked_micro into v_taken from credit_changes
  where tenant_id = p_tenant and verb = 'spare' and ref = p_ref;
  if found then return v_taken; end if;
  select * into c from credit_changes
  where tenant_id = p_tenant and verb = 'revoke' and ref = p_ref and grant_id = p_grant;
  if not found then return 0; end if;

  v_spared := (select least(c.pending_micro, g.revoke_due_micro) from credit_grants g
    where g.tenant_id = p_tenant and g.id = p_grant);
  update credit_grants set revoke_due_micro = revoke_due_micro - v_spared
  where tenant_id = p_tenant and id = p_grant;
  -- All that came back to the grant and was revoked then, without what was answered for before.
  v_late := (select coalesce(sum(micro), 0) from credit_draws
      where tenant_id = p_tenant and grant_id = p_grant and kind = 'revoked')
    - (select coalesce(sum(case when verb = 'revoke' then revoked_micro else pending_micro end), 0)
      from credit_changes
      where tenant_id = p_tenant and grant_id = p_grant and verb in ('revoke', 'spare'));
  v_late := greatest(0, least(c.pending_micro - v_spared, v_late));
  v_taken := c.revoked_micro + v_late;
  insert into credit_changes (tenant_id, verb, ref, grant_id, revoked_micro, pending_micro, actor,
    reason, made_at)
  values (p_tenant, 'spare', p_ref, p_grant, v_taken, v_late, p_actor, p_reason, p_now);
  return v_taken;
end $$;
