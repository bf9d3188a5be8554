import type { Tx } from '../../../../db/client.ts';
import {
  listMembers,
  readPlanSeats,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { queueMail } from '../../mail/queue-mail.ts';

type Entitled = Pick<Tenant, 'plan' | 'planVersion'>;

/**
 * Runs a change of the tenant's plan and tells the owner who lost a seat by it: a trigger takes them, and
 * only the owner can choose otherwise.
 */
export async function notifyOfSeats(
  tx: Tx,
  tenant: Tenant,
  { after, now }: { after: Entitled; now: Date },
  change: () => Promise<void>,
): Promise<void> {
  if (after.plan === tenant.plan && after.planVersion === tenant.planVersion) return change();
  const before = await listMembers(tx, tenant.id);
  await change();
  if (before.length < 2) return;
  const seated = new Set(
    (await listMembers(tx, tenant.id)).flatMap(({ userId, hasSeat }) => (hasSeat ? userId : [])),
  );
  const lost = before.filter(({ userId, hasSeat }) => hasSeat && !seated.has(userId));
  if (lost.length === 0) return;
  await queueMail(tx, tenant.id, {
    ...{ kind: 'seats_taken', subjectId: `${tenant.id}:${now.getTime()}`, attempt: 0, now },
    data: {
      team: tenant.name,
      seats: await readPlanSeats(tx, after),
      names: lost.map(({ displayName }) => displayName),
    },
  });
}
