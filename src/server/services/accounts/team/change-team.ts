import type { Db, DbOrTx, Tx } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import { countInvited } from '../../../../db/repositories/accounts/invitation.repository.ts';
import {
  listMembers,
  lockTenantOfPeople,
  readPlanSeats,
  type MemberRow,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Role } from '../../../../domain/ids.ts';
import { hasRoom, mayManage, type Seats } from '../../../../domain/accounts/team.ts';
import { actorOf, type Requester } from '../../billing/requester.ts';

export interface TeamDeps {
  db: Db;
  clock: Clock;
}

/** A team under its lock, as somebody in it changes its people. */
export interface ChangingTeam {
  tx: Tx;
  tenant: Tenant;
  /** Who asks, as they are in the team now. */
  self: MemberRow;
  members: MemberRow[];
  seats: Seats;
  now: Date;
  /** 404 `not_found`. */
  member(userId: string): MemberRow;
  /** 403 `team_role_required` unless who asks manages people of these roles. */
  assertManages(...roles: Role[]): void;
  /** 409 `seats_full` when nobody more fits. */
  assertRoom(): void;
  note(what: { action: string; subjectId: string; before?: object; after?: object }): Promise<void>;
}

/**
 * Runs a change of a team's people under the lock of the tenant: whoever changes them, in whichever
 * process, takes turns. Roles are those of this moment. 401 for who is in the team no more.
 */
export function changeTeam<T>(
  { db, clock }: TeamDeps,
  requester: Requester,
  change: (team: ChangingTeam) => Promise<T>,
): Promise<T> {
  const changed = async (tx: Tx) => {
    const now = clock.now();
    const tenant = await lockTenantOfPeople(tx, requester.tenantId);
    const members = tenant ? await listMembers(tx, tenant.id) : [];
    const self = members.find(({ userId }) => userId === requester.userId);
    if (!tenant || !self) {
      throw new BillingError('unauthenticated', 'You do not belong to this team any more.');
    }
    const seats = await seatsOf(tx, { tenant, members: members.length, now });
    const actor = actorOf({ ...requester, role: self.role });
    return change({
      ...{ tx, tenant, self, members, seats, now },
      member: (userId) => memberOf(members, userId),
      assertManages: (...roles) => assertManages(self.role, roles),
      assertRoom: () => assertRoom(seats),
      note: (what) =>
        insertAuditEntry(tx, {
          ...{ ...what, tenantId: tenant.id, actor, now },
          requestId: requester.requestId ?? null,
        }),
    });
  };
  return repeated(() => db.transaction(changed));
}

/** How many seats the team's plan has, in the team's version of it, and what keeps them. */
export async function seatsOf(
  db: DbOrTx,
  { tenant, members, now }: { tenant: Tenant; members: number; now: Date },
): Promise<Seats> {
  const max = await readPlanSeats(db, tenant);
  return { max, members, invited: await countInvited(db, tenant.id, now) };
}

function memberOf(members: readonly MemberRow[], id: string): MemberRow {
  const member = members.find(({ userId }) => userId === id);
  if (member) return member;
  throw new BillingError('not_found', `There is nobody with the id ${id} in your team.`);
}

/** 403 `team_role_required` unless `actor` manages people of these roles. */
export function assertManages(actor: Role, roles: readonly Role[]): void {
  if (roles.every((role) => mayManage(actor, role))) return;
  throw new BillingError(
    'team_role_required',
    actor === 'admin'
      ? 'Only an owner of the team makes owners, and changes or removes them.'
      : 'Only owners and admins of the team manage its people; ask one of them.',
    { data: { role: actor } },
  );
}

/** 409 `seats_full` when nobody more fits. */
export function assertRoom(seats: Seats): void {
  if (hasRoom(seats)) return;
  const { max, members, invited } = seats;
  throw new BillingError(
    'seats_full',
    `Your plan has seats for ${max}: ${members} are in the team, ${invited} are invited. Choose a larger plan, or remove somebody or an invitation first.`,
    { data: { seats: max, members, invited } },
  );
}
