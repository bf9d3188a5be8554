import { revokeInvitationsOf } from '../../../../db/repositories/accounts/invitation.repository.ts';
import type { Role } from '../../../../domain/ids.ts';
import type { ChangingTeam } from './change-team.ts';

/**
 * Takes back what somebody has invited to as one of `roles`, when they may do so no more: else whoever
 * is removed comes back by an invitation to an address of theirs that they sent before.
 */
export async function withdrawInvitations(
  { tx, tenant, now, note }: ChangingTeam,
  invitedBy: string,
  roles: readonly Role[],
): Promise<void> {
  if (roles.length === 0) return;
  const revoked = await revokeInvitationsOf(tx, { tenantId: tenant.id, invitedBy, roles, now });
  for (const { id, email, role } of revoked) {
    await note({ action: 'invitation.revoked', subjectId: id, before: { email, role } });
  }
}
