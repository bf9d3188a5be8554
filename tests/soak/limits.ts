import { periodOf } from '../../src/domain/period.ts';
import type { UsageBreakdown } from '../../src/domain/billing/usage/breakdown.ts';
import type { Person } from '../faults/person.ts';
import { inEveryBucket } from '../support/buckets.ts';
import type { Member, Told } from './told.ts';

/** Clocks of the processes are a moment apart. */
const APART_MS = 5_000;

/** The highest of the limits that may be in force; null where there may be none. */
export const highestOf = ({ mayBe }: Pick<Member, 'mayBe'>): number | null =>
  mayBe.includes(null) ? null : Math.max(...(mayBe as number[]));

/**
 * Right after a call was let through: what the member used and holds this month, by ledger and holds, is
 * within the limit. Later it may pass that: what is held settles in full, also above what was held and under a
 * limit that is lower by then, and then nothing more is let through.
 */
export async function overLimit(
  { world, tenantId }: Person,
  told: Told,
  member: Member,
): Promise<string[]> {
  const max = highestOf(member);
  if (max === null) return [];
  const now = world.local.clock.now();
  const [room] = await inEveryBucket<{ n: string | null }>(
    world.pool,
    `select sum(n) as n from (
       select amount as n from u00.usage where tenant_id = $1 and period = $2
         and resource_type = 'images' and metadata ->> 'userId' = $3
       union all
       select amount from u00.usage_reservations where tenant_id = $1 and period = $2
         and resource_type = 'images' and metadata ->> 'userId' = $3 and state = 'open'
         and expires_at > $4) as all_of_it`,
    [tenantId, periodOf(now), member.id, new Date(now.getTime() + APART_MS)],
  );
  const has = Number(room?.n ?? 0);
  return has <= max + late(told, member)
    ? []
    : [`a member may use ${max} pictures, and was let through to ${has}`];
}

/** What settlements whose answers were lost may still bring above what was held. */
function late({ holds }: Told, { id }: Member): number {
  return holds
    .filter((held) => held.memberId === id && held.settled === null && !held.released)
    .reduce(
      (sum, { amount, settling }) => sum + Math.max(0, ...settling.map((n) => n - amount)),
      0,
    );
}

/** Refused by their own limit is only who has one, and only what it does not leave room for. */
export function wronglyRefused(
  { mayBe }: Pick<Member, 'mayBe'>,
  asked: number,
  answer: { used: number; limit: number | null; held?: number },
): string[] {
  const { used, limit, held = 0 } = answer;
  if (limit === null || !mayBe.includes(limit)) {
    const said = mayBe.map((one) => one ?? 'none').join(' or ');
    return [`a member was held to ${limit}, where the limit is ${said}`];
  }
  if (used + held + asked > limit) return [];
  return [`a member was refused ${asked} pictures with ${used + held} of ${limit} taken`];
}

/** Who left has no limit any more, and each month's parts by member are the ledger's, and make its total. */
export async function wrongMembers(
  { world, tenantId, api }: Person,
  told: Told,
): Promise<string[]> {
  if (told.members.length === 0) return [];
  const gone = told.members.filter(({ left }) => left).map(({ id }) => id);
  const limits = await inEveryBucket<{ id: string }>(
    world.pool,
    `select member_id as id from u00.usage_member_limits where tenant_id = $1 and member_id = any($2)`,
    [tenantId, gone],
  );
  const wrong = limits.map(({ id }) => `${id} is gone, and limited all the same`);
  const rows = await inEveryBucket<{ period: string; id: string | null; n: string }>(
    world.pool,
    `select period, metadata ->> 'userId' as id, sum(amount) as n from u00.usage
     where tenant_id = $1 and resource_type = 'images' group by 1, 2`,
    [tenantId],
  );
  for (const [period, its] of Map.groupBy(rows, (row) => row.period)) {
    const { body, status } = await api.get<UsageBreakdown>(
      `/api/subscription/usage/breakdown?by=member&period=${period}`,
    );
    if (status !== 200) return [...wrong, `the members' parts of ${period} answer ${status}`];
    const shown = new Map(body.parts.map(({ id, used }) => [id, used.images]));
    for (const { id, n } of its) {
      if ((shown.get(id) ?? 0) === Number(n)) continue;
      wrong.push(`${id ?? 'nobody'} used ${n} in ${period}, and is shown ${shown.get(id) ?? 0}`);
    }
    const sum = its.reduce((all, { n }) => all + Number(n), 0);
    if (body.total.used.images !== sum)
      wrong.push(`${sum} were used in ${period}, and ${body.total.used.images} are shown`);
  }
  return wrong;
}
