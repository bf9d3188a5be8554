import type { MembersView, MemberView, TeamView } from '../../../../domain/api.ts';
import { BillingError, isBusy } from '../../../../domain/errors.ts';
import { ROLES, type Role, type TenantId, type UserId } from '../../../../domain/ids.ts';
import { mayManage } from '../../../../domain/accounts/team.ts';
import type { MemberLimits } from '../../../../domain/billing/usage/member-limits.ts';
import type { UsagePart } from '../../../../domain/billing/usage/breakdown.ts';
import { revokeKeysOf } from '../../../../db/repositories/accounts/api-key.repository.ts';
import {
  deleteMembership,
  insertMembership,
  listMembers,
  listTenantsOf,
  updateMembership,
  type MemberRow,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import {
  findTenant,
  insertTenant,
} from '../../../../db/repositories/accounts/tenant.repository.ts';
import { findAccountById, lockUser } from '../../../../db/repositories/accounts/user.repository.ts';
import { noteContactChangedBy } from '../../../../db/repositories/billing/contact.repository.ts';
import type { Requester } from '../../billing/requester.ts';
import type { UsageService } from '../../usage.service.ts';
import type { AccountMails } from '../account-mails.ts';
import type { MembershipCache } from '../membership-cache.ts';
import { describeMember, limitsOf, NO_LIMITS } from './describe-member.ts';
import { changeTeam, seatsOf, type ChangingTeam, type TeamDeps } from './change-team.ts';
import { passSeatOn } from './pass-seat-on.ts';
import { withdrawInvitations } from './withdraw-invitations.ts';

export interface MemberDeps extends TeamDeps {
  mails: AccountMails;
  memberships: MembershipCache;
  usage: Pick<UsageService, 'breakDown' | 'memberLimits'>;
}

/** Who is in a team, and as what. */
export class MemberService {
  readonly #deps: MemberDeps;

  constructor(deps: MemberDeps) {
    this.#deps = deps;
  }

  /** By the names that they go by. */
  async listNames(tenantId: TenantId): Promise<{ id: string; name: string }[]> {
    const rows = await listMembers(this.#deps.db, tenantId);
    return rows.map(({ userId, displayName }) => ({ id: userId, name: displayName }));
  }

  /** The teams that a person belongs to, by their names. */
  async listTeams(reader: { userId: UserId; tenantId: TenantId }): Promise<TeamView[]> {
    const rows = await listTenantsOf(this.#deps.db, reader.userId);
    return rows.map(({ tenant: { id, name, plan }, membership: { role } }) => ({
      ...{ id, name, plan, role },
      current: id === reader.tenantId,
    }));
  }

  /** Everybody in the team with what they used this month, and its seats. */
  async read(reader: { userId: UserId; tenantId: TenantId }): Promise<MembersView> {
    const { db, clock } = this.#deps;
    const now = clock.now();
    const tenant = await findTenant(db, reader.tenantId);
    if (!tenant) throw new BillingError('tenant_not_found', 'This team no longer exists.');
    const rows = await listMembers(db, tenant.id);
    const [used, rooms] = await Promise.all([
      this.#readUsage(tenant.id),
      this.#deps.usage.memberLimits.list(tenant.id),
    ]);
    const seats = await seatsOf(db, { tenant, members: rows.length, now });
    return { members: rows.map((row) => describeMember(row, reader.userId, used, rooms)), seats };
  }

  /** What each person used this month; `null` when that is too much to add up. */
  async #readUsage(tenantId: string): Promise<UsagePart[] | null> {
    try {
      return (await this.#deps.usage.breakDown({ tenantId, by: 'member' })).parts;
    } catch (error) {
      if (isBusy(error)) return null;
      throw error;
    }
  }

  /** 403 `team_role_required`, 404 `not_found`, 409 `last_owner`. Answers the member as they are then. */
  async changeRole(requester: Requester, userId: string, role: Role): Promise<MemberView> {
    await changeTeam(this.#deps, requester, async (team) => {
      const member = team.member(userId);
      team.assertManages(member.role, role);
      if (member.role === role) return;
      if (member.role === 'owner') assertOtherOwner(team, member);
      await this.#setRole(team, member, role);
      await team.note({
        ...{ action: 'member.role_changed', subjectId: userId },
        ...{ before: { role: member.role }, after: { role } },
      });
    });
    return this.#seen(requester, userId);
  }

  /** Makes somebody the owner in the asking owner's place, who stays as an admin. 403, 404. */
  async handOver(requester: Requester, userId: string): Promise<MemberView> {
    const { mails } = this.#deps;
    await changeTeam(this.#deps, requester, async (team) => {
      const member = team.member(userId);
      team.assertManages('owner');
      if (member.userId === team.self.userId) return;
      await this.#setRole(team, member, 'owner');
      await this.#setRole(team, team.self, 'admin');
      await team.note({
        ...{ action: 'team.ownership_handed_over', subjectId: userId },
        before: { role: member.role, owner: team.self.userId },
        after: { role: 'owner', owner: userId },
      });
      const account = await findAccountById(team.tx, userId, team.tenant.id);
      const data = { team: team.tenant.name, by: team.self.displayName };
      if (account) await mails.write(team.tx, 'team_owner', account.user, { data, now: team.now });
    });
    return this.#seen(requester, userId);
  }

  /** Gives or takes a seat; by owners alone. 403, 404, 409 `seats_full`. */
  async setSeat(requester: Requester, userId: string, hasSeat: boolean): Promise<MemberView> {
    await changeTeam(this.#deps, requester, async (team) => {
      const member = team.member(userId);
      team.assertManages('owner');
      if (member.hasSeat === hasSeat) return;
      const taken = team.members.filter((one) => one.hasSeat).length;
      if (hasSeat && taken >= team.seats.max) {
        throw new BillingError(
          'seats_full',
          `All ${team.seats.max} seats of your plan are taken; take one from somebody first.`,
          { data: { seats: team.seats.max } },
        );
      }
      await updateMembership(team.tx, member, { hasSeat });
      await team.note({
        action: hasSeat ? 'member.seat_given' : 'member.seat_taken',
        ...{ subjectId: userId, before: { hasSeat: !hasSeat }, after: { hasSeat } },
      });
    });
    return this.#seen(requester, userId);
  }

  /** Says how much somebody may use in a month, in the place of what was said before. 403, 404. */
  async setLimits(requester: Requester, userId: string, limits: MemberLimits): Promise<MemberView> {
    const { usage } = this.#deps;
    await changeTeam(this.#deps, requester, async (team) => {
      const { tx, tenant } = team;
      const member = team.member(userId);
      team.assertManages(member.role);
      const before = limitsOf(await usage.memberLimits.list(tenant.id, userId), userId);
      await usage.memberLimits.set(tx, { tenantId: tenant.id, memberId: userId, limits });
      await team.note({
        ...{ action: 'member.limits_changed', subjectId: userId },
        ...{ before, after: { ...NO_LIMITS, ...limits } },
      });
    });
    return this.#seen(requester, userId);
  }

  /**
   * Takes somebody out of the team, or the asking person themselves: their keys here end at once, and
   * who belongs to no other team gets one of their own. What somebody who was taken out had invited to
   * is withdrawn. A seat that becomes free is the next one's. 403, 404, 409 `last_owner`.
   */
  async remove(requester: Requester, userId: string): Promise<void> {
    const seated = await changeTeam(this.#deps, requester, async (team) => {
      const { tx, tenant, now } = team;
      const member = team.member(userId);
      const leaves = member.userId === team.self.userId;
      if (!leaves) team.assertManages(member.role);
      if (member.role === 'owner') assertOtherOwner(team, member);
      const whose = { tenantId: tenant.id, userId };
      const apiKeys = await revokeKeysOf(tx, { ...whose, now });
      // What they hold is settled all the same.
      const { memberLimits } = this.#deps.usage;
      await memberLimits.set(tx, { tenantId: tenant.id, memberId: userId, limits: {} });
      const account = await findAccountById(tx, userId, tenant.id);
      await ensureOtherTeam(team, member);
      await noteContactChangedBy(tx, { tenantId: tenant.id, now }, () =>
        deleteMembership(tx, member),
      );
      await team.note({
        ...{ action: leaves ? 'member.left' : 'member.removed', subjectId: userId },
        before: { name: member.displayName, email: member.email, role: member.role, apiKeys },
      });
      const seated = await passSeatOn(tx, { tenant, freedBy: member, now });
      if (leaves || !account) return seated;
      await withdrawInvitations(team, userId, ROLES);
      const data = { team: tenant.name, by: team.self.displayName };
      await this.#deps.mails.write(tx, 'team_left', account.user, { data, now });
      return seated;
    });
    for (const who of [userId, ...(seated ? [seated] : [])]) {
      this.#deps.memberships.forget({ tenantId: requester.tenantId, userId: who });
    }
  }

  /** Whoever may do less from now on has invited nobody to more than that. */
  async #setRole(team: ChangingTeam, member: MemberRow, role: Role): Promise<void> {
    const { tx, tenant, now } = team;
    await noteContactChangedBy(tx, { tenantId: tenant.id, now }, () =>
      updateMembership(tx, member, { role }),
    );
    const beyond = ROLES.filter((one) => !mayManage(role, one));
    await withdrawInvitations(team, member.userId, beyond);
  }

  async #seen(requester: Requester, userId: string): Promise<MemberView> {
    this.#deps.memberships.forget({ tenantId: requester.tenantId, userId });
    this.#deps.memberships.forget(requester);
    const { members } = await this.read(requester);
    const member = members.find(({ id }) => id === userId);
    if (member) return member;
    throw new BillingError(
      'state_changed',
      'Somebody removed this person from the team meanwhile.',
    );
  }
}

function assertOtherOwner({ members }: ChangingTeam, member: MemberRow): void {
  if (members.some(({ role, userId }) => role === 'owner' && userId !== member.userId)) return;
  throw new BillingError(
    'last_owner',
    'A team always has an owner: make somebody else the owner first, or delete the team.',
  );
}

/**
 * Everybody has a team to be signed in to: who would have none is given one of their own. Counted under
 * the lock of the person: two teams may let them go at the same time.
 */
async function ensureOtherTeam({ tx, now }: ChangingTeam, member: MemberRow): Promise<void> {
  const { userId, displayName } = member;
  await lockUser(tx, userId);
  if ((await listTenantsOf(tx, userId)).length > 1) return;
  const own = await insertTenant(tx, { name: displayName, now });
  await insertMembership(tx, { tenantId: own.id, userId, role: 'owner', now });
}
