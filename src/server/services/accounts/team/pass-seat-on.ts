import type { Tx } from '../../../../db/client.ts';
import {
  listMembers,
  readPlanSeats,
  updateMembership,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Membership, Tenant } from '../../../../db/schema/index.ts';

/**
 * Gives the seat of somebody who has just left to the first of those without one: owners before admins
 * before members, who joined earlier before who joined later, as a change of plan gives them. Where
 * one was free before, an owner had taken it on purpose, and nothing is given. The caller holds the
 * tenant's row. Answers who got it.
 */
export async function passSeatOn(
  tx: Tx,
  values: { tenant: Tenant; freedBy: Pick<Membership, 'hasSeat'>; now: Date },
): Promise<string | undefined> {
  const { tenant, freedBy, now } = values;
  if (!freedBy.hasSeat) return undefined;
  const members = await listMembers(tx, tenant.id);
  const next = members.find(({ hasSeat }) => !hasSeat);
  const taken = members.filter(({ hasSeat }) => hasSeat).length;
  if (!next || taken + 1 !== (await readPlanSeats(tx, tenant))) return undefined;
  await updateMembership(tx, next, { hasSeat: true });
  await insertAuditEntry(tx, {
    ...{ tenantId: tenant.id, actor: { kind: 'system', task: 'seats' }, now },
    ...{ action: 'member.seat_given', subjectId: next.userId },
    ...{ before: { hasSeat: false }, after: { hasSeat: true } },
  });
  return next.userId;
}
