import {
  findInvitation,
  updateInvitation,
} from '../../../../db/repositories/accounts/invitation.repository.ts';
import {
  insertMembership,
  listMembers,
  lockTenantOfPeople,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import {
  lockUser,
  markEmailVerified,
} from '../../../../db/repositories/accounts/user.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Tx } from '../../../../db/client.ts';
import type { Invitation } from '../../../../db/schema/index.ts';
import type { TeamView } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { repeated } from '../../../../db/repeated.ts';
import { actorOf, type Requester } from '../../billing/requester.ts';
import { assertRoom, seatsOf, type TeamDeps } from './change-team.ts';

/**
 * Lets the person who was invited into the team: under its lock, so that no seat is given twice and of
 * two who follow one link one gets in.
 */
export function acceptInvitation(
  { db, clock }: TeamDeps,
  requester: Requester,
  { id, tenantId, email, role, tokenHash }: Invitation,
): Promise<TeamView> {
  const { userId } = requester;
  const accepted = async (tx: Tx): Promise<TeamView> => {
    const now = clock.now();
    const tenant = await lockTenantOfPeople(tx, tenantId);
    const invitation = await findInvitation(tx, tenantId, { id });
    if (!tenant || invitation?.tokenHash !== tokenHash) {
      throw new BillingError('invitation_over', 'This invitation was used or taken back just now.');
    }
    const user = await lockUser(tx, userId);
    if (user?.email !== email) {
      throw new BillingError(
        'wrong_account',
        `This invitation is for ${email}, and you are signed in as ${user?.email ?? 'somebody else'}. Sign in with that address.`,
        { data: { email } },
      );
    }
    const members = await listMembers(tx, tenantId);
    const before = members.find((member) => member.userId === userId);
    const seats = await seatsOf(tx, { tenant, members: members.length, now });
    // The seat that this invitation keeps is the one that is taken.
    assertRoom({ ...seats, invited: seats.invited - 1 });
    const isNew = await insertMembership(tx, { tenantId, userId, role, now });
    await updateInvitation(tx, id, { state: 'accepted', settledAt: now });
    // Who follows the link reads the mailbox.
    await markEmailVerified(tx, { userId, email, now });
    if (isNew) {
      await insertAuditEntry(tx, {
        ...{ tenantId, actor: actorOf({ ...requester, role }), action: 'member.joined' },
        ...{ subjectId: userId, after: { email, role } },
        ...{ requestId: requester.requestId ?? null, now },
      });
    }
    const { name, plan } = tenant;
    // Whoever is in it already stays what they are.
    return { id: tenantId, name, plan, role: before?.role ?? role, current: false };
  };
  return repeated(() => db.transaction(accepted));
}
