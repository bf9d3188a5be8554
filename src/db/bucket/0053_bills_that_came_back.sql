-- A bill that was paid is trusted for as long as the money is kept. `returned`: all of it went back to the
-- customer, or the bank questions it. `lost`: the bank took it back. Neither lets more be unpaid at once, and
-- what is lost is unpaid again.

set local statement_timeout = 400;
lock table overage_bills in access exclusive mode;
set local statement_timeout = 0;

alter table overage_bills drop constraint if exists overage_bills_state;
alter table overage_bills add constraint overage_bills_state
  check (state in ('billed', 'paid', 'returned', 'lost', 'failed', 'void')) not valid;

-- Changes the state of a bill, of those states alone from which that goes; false where nothing changes.
-- An account is suspended as 'unpaid' while one of its bills is failed.
create or replace function credit_overage_bill(p_tenant uuid, p_ref text, p_from text[], p_to text)
returns boolean
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  a credit_accounts;
  b overage_bills;
  v_owed constant text[] := array['billed', 'failed', 'lost'];
begin
  a := credit_account(p_tenant);
  select * into b from overage_bills where tenant_id = p_tenant and ref = p_ref;
  if b.state is null or b.state <> all(p_from) then return false; end if;
  a := credit_unload(a);
  update overage_bills set state = p_to, changed_at = now() where tenant_id = p_tenant and ref = p_ref;
  a.unpaid_micro := a.unpaid_micro
    + b.micro * ((p_to = any(v_owed))::int - (b.state = any(v_owed))::int);
  a.overage_suspended := (select max('unpaid') from overage_bills
    where tenant_id = p_tenant and state = 'failed');
  perform credit_keep(a, a.updated_at);
  return true;
end $$;

-- It is paid: its µcr are unpaid no longer, so as much more may be used (within the cap), and with the
-- first and the second that are paid more may be unpaid at once. If it had failed and no other has, the
-- suspension is lifted: the next call may use overage again, without another consent if that is in force
-- still. So it is again when a bank decides for us, or a refund fails. False for a repeat, for a void one,
-- and for a ref that nobody billed.
create or replace function credit_overage_paid(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'returned', 'lost'], 'paid');
$$;

-- It was paid, and all of it went back to the customer, or the bank questions it: no trust comes of it, and
-- nothing of it is unpaid. False for a repeat, for a void one, and for a ref that nobody billed.
create or replace function credit_overage_returned(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'paid', 'lost'], 'returned');
$$;

-- It was paid, and the bank took it back: no trust comes of it, and its µcr are unpaid again. False for a
-- repeat, for a void one, and for a ref that nobody billed.
create or replace function credit_overage_lost(p_tenant uuid, p_ref text) returns boolean
language sql
set search_path from current
as $$
  select credit_overage_bill(p_tenant, p_ref, array['billed', 'failed', 'paid', 'returned'], 'lost');
$$;
