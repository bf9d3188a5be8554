-- So that tenants may be moved from bucket to bucket.

-- Notes of reservations that their work began and how much of it is owed by now, so that an expired
-- one is counted; with `p_expires_at` the hold lives longer. What is written never falls. The
-- counters stay as they are, so their lock is not needed. Answers which reservations are known here.
create or replace function usage_note_begun(
  p_tenants uuid[], p_reservations uuid[], p_amounts bigint[], p_expires_at timestamptz[],
  out known boolean[]
)
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_amount bigint;
  v_expires_at timestamptz;
begin
  known := array_fill(true, array[cardinality(p_reservations)]);
  for n in 1 .. cardinality(p_reservations) loop
    v_amount := p_amounts[n];
    v_expires_at := p_expires_at[n];
    update usage_reservations
    set begun_amount = greatest(begun_amount, v_amount),
      expires_at = greatest(expires_at, v_expires_at)
    where tenant_id = p_tenants[n] and id = p_reservations[n] and state = 'open';
    if not found then
      perform from usage_reservations where tenant_id = p_tenants[n] and id = p_reservations[n];
      known[n] := found;
    end if;
  end loop;
end $$;

-- A moved tenant keeps the ids of its ledger, so no two buckets give the same. The bucket's number
-- stands above everything that a sequence reaches by itself: 2^56 ids for each.
do $$ declare
  v_number bigint := substr(current_schema(), 2)::bigint;
begin
  if v_number > 0 then
    execute format('alter sequence %I.usage_id_seq restart with %s', current_schema(),
      (v_number << 56) + 1);
  end if;
end $$;
