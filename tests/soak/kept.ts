import { periodOf } from '../../src/domain/period.ts';
import { parseReservationId } from '../../src/server/services/usage/calls/reservation-id.ts';
import type { Person } from '../faults/person.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { wrongMembers } from './limits.ts';
import type { Told } from './told.ts';

/** Where the books have something else than somebody was told. */
export async function notKept(person: Person, told: Told): Promise<string[]> {
  return [
    ...told.broken,
    ...(await lostUse(person, told)),
    ...(await wrongHolds(person, told)),
    ...(await wrongMembers(person, told)),
    ...(await lostGifts(person, told)),
    ...(await billsOverCap(person, told)),
  ];
}

/** What was answered as recorded stands in the ledger once, whoever was killed then. */
async function lostUse({ world, tenantId }: Person, { recorded }: Told): Promise<string[]> {
  const rows = await inEveryBucket<{
    key: string;
    amount: string;
    n: number;
    whose: string | null;
  }>(
    world.pool,
    `select idempotency_key as key, sum(amount) as amount, count(*)::int as n,
       min(metadata ->> 'userId') as whose
     from u00.usage where tenant_id = $1 and idempotency_key is not null group by 1`,
    [tenantId],
  );
  const found = new Map(rows.map((row) => [row.key, row]));
  return [...recorded].flatMap(([key, { amount, memberId }]) => {
    const { n = 0, amount: sum = '0', whose = null } = found.get(key) ?? {};
    if (n === 1 && Number(sum) === amount && whose === memberId) return [];
    const said = `${amount} pictures of ${memberId ?? 'nobody'} were recorded`;
    return [`${said}, and the ledger has ${sum} of ${whose ?? 'nobody'} in ${n} rows`];
  });
}

/** What is held is recorded as it was settled, once; what is not settled is free again, the month over or not. */
async function wrongHolds({ world, tenantId }: Person, { holds }: Told): Promise<string[]> {
  const rows = await inEveryBucket<{ id: string; amount: string; whose: string | null }>(
    world.pool,
    `select reservation_id::text as id, sum(amount) as amount, min(metadata ->> 'userId') as whose
     from u00.usage where tenant_id = $1 and reservation_id is not null group by 1`,
    [tenantId],
  );
  const recorded = new Map(rows.map((row) => [row.id, row]));
  const wrong = holds.flatMap(
    ({ reservationId, amount, memberId, settling, settled, released }) => {
      const row = recorded.get(String(parseReservationId(reservationId).id));
      const its = Number(row?.amount ?? 0);
      const right = settled !== null ? [settled] : released ? [0] : [0, ...settling];
      if (row && row.whose !== memberId)
        return [`a hold of ${memberId ?? 'nobody'} was recorded as of ${row.whose ?? 'nobody'}`];
      if (right.includes(its)) return [];
      return [`a hold of ${amount} was to be recorded as ${right.join(' or ')}, and is as ${its}`];
    },
  );
  const held = await inEveryBucket<{ n: string | null }>(
    world.pool,
    'select sum(held) as n from u00.usage_totals where tenant_id = $1',
    [tenantId],
  );
  const left = held.reduce((sum, { n }) => sum + Number(n), 0);
  return left === 0 ? wrong : [...wrong, `${left} units are held for good`];
}

/** What staff were told that they gave is there, once a ref. */
async function lostGifts({ world, tenantId }: Person, told: Told): Promise<string[]> {
  const count = (table: string, ref: string, refs: string[]) =>
    inEveryBucket<{ ref: string }>(
      world.pool,
      `select ${ref} as ref from u00.${table} where tenant_id = $1 and ${ref} = any($2)`,
      [tenantId, refs],
    );
  const credits = await count('credit_grants', 'origin_ref', told.credits);
  const allowances = await count('allowances', 'ref', told.allowances);
  const wrong = (what: string, refs: string[], found: { ref: string }[]) =>
    refs.flatMap((one) => {
      const n = found.filter(({ ref }) => ref === one).length;
      return n === 1 ? [] : [`${what} ${one} was given, and is there ${n} times`];
    });
  return [
    ...wrong('credits', told.credits, credits),
    ...wrong('the allowance', told.allowances, allowances),
  ];
}

/** The highest cap that may have been in force in a month. */
export function capIn({ caps }: Pick<Told, 'caps'>, period: string): number {
  const periodAt = (at: number) => periodOf(new Date(at));
  const before = caps.findLast(({ at }) => periodAt(at) < period)?.upToMinor ?? 0;
  const within = caps.filter(({ at }) => periodAt(at) === period);
  return Math.max(before, ...within.map(({ upToMinor }) => upToMinor));
}

/** All statements of a month together bill no more than the cap that was agreed to. */
async function billsOverCap({ world, tenantId }: Person, told: Told): Promise<string[]> {
  const { rows } = await world.pool.query<{ period: string; minor: string }>(
    `select period, sum(amount_minor) as minor from statement_lines where tenant_id = $1 group by 1`,
    [tenantId],
  );
  return rows.flatMap(({ period, minor }) => {
    const cap = capIn(told, period);
    return Number(minor) <= cap ? [] : [`${period} was billed ${minor}, over a cap of ${cap}`];
  });
}
