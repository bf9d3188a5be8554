import { createHash, randomUUID } from 'node:crypto';
import type { InvitationOffer, InvitationView, TeamView } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Role } from '../../../../domain/ids.ts';
import { INVITATION_DAYS } from '../../../../domain/accounts/team.ts';
import {
  findInvitation,
  findInvitationByToken,
  insertInvitation,
  listInvitations,
  updateInvitation,
  type InvitationRow,
} from '../../../../db/repositories/accounts/invitation.repository.ts';
import {
  findAccountByEmail,
  findAccountById,
} from '../../../../db/repositories/accounts/user.repository.ts';
import type { Invitation } from '../../../../db/schema/index.ts';
import type { Requester } from '../../billing/requester.ts';
import { LinkTokens } from '../../mail/link-token.ts';
import type { AccountMails } from '../account-mails.ts';
import { normalizeEmail } from '../account-view.ts';
import type { MembershipCache } from '../membership-cache.ts';
import { acceptInvitation } from './accept-invitation.ts';
import { assertManages, changeTeam, type ChangingTeam, type TeamDeps } from './change-team.ts';
import type { InvitationLimit } from './invitation-limit.ts';

const DAY_MS = 86_400_000;
const PAGE = '/invitation';

export interface InvitationDeps extends TeamDeps {
  mails: AccountMails;
  limit: InvitationLimit;
  jwtSecret: string;
  memberships: MembershipCache;
}

/** People who are asked by mail to join a team. */
export class InvitationService {
  readonly #deps: InvitationDeps;
  readonly #tokens: LinkTokens;

  constructor(deps: InvitationDeps) {
    this.#deps = deps;
    this.#tokens = new LinkTokens(deps.jwtSecret);
  }

  /** For owners and admins: what was neither accepted nor revoked. 403 `team_role_required`. */
  async list(requester: Requester): Promise<InvitationView[]> {
    const { db, clock } = this.#deps;
    await this.#assertManages(requester, 'member');
    const rows = await listInvitations(db, requester.tenantId);
    return rows.map((row) => describe(row, clock.now()));
  }

  /**
   * Mails an invitation. 403 `team_role_required`, 409 `already_member`, `already_invited`,
   * `seats_full`, 429 `rate_limited`. Whether the address has an account is told by nothing.
   */
  async invite(requester: Requester, wish: { email: string; role: Role }): Promise<InvitationView> {
    const email = normalizeEmail(wish.email);
    await this.#assertManages(requester, wish.role);
    await this.#deps.limit.count(requester.tenantId);
    return changeTeam(this.#deps, requester, async (team) => {
      const { tx, tenant, now } = team;
      team.assertManages(wish.role);
      if (team.members.some((member) => member.email === email)) {
        throw new BillingError('already_member', `${email} is in the team already.`);
      }
      const before = await findInvitation(tx, tenant.id, { email });
      if (before && before.expiresAt > now) {
        throw new BillingError(
          'already_invited',
          `${email} is invited already; send that mail again, or revoke the invitation first.`,
        );
      }
      team.assertRoom();
      const link = this.#newLink(now);
      const values = { ...link, role: wish.role, invitedBy: team.self.userId, createdAt: now };
      const invitation = before
        ? await updateInvitation(tx, before.id, { ...values, mails: before.mails + 1 })
        : await insertInvitation(tx, { ...values, tenantId: tenant.id, email });
      await this.#mail(team, invitation);
      await note(team, 'invitation.sent', invitation);
      return describe({ invitation, inviter: team.self.displayName }, now);
    });
  }

  /**
   * Mails it again, for another seven days; the link of the mail before opens nothing any more. 403,
   * 404 `not_found`, 409 `seats_full` for one that was past its end, 429 `rate_limited`.
   */
  async resend(requester: Requester, id: string): Promise<InvitationView> {
    await this.#assertManages(requester, 'member');
    await this.#deps.limit.count(requester.tenantId);
    return changeTeam(this.#deps, requester, async (team) => {
      const { tx, now } = team;
      const before = await openInvitation(team, id);
      if (before.expiresAt <= now) team.assertRoom();
      const link = this.#newLink(now);
      // It is now theirs who vouches for it.
      const changes = { ...link, mails: before.mails + 1, invitedBy: team.self.userId };
      const invitation = await updateInvitation(tx, id, changes);
      await this.#mail(team, invitation);
      await note(team, 'invitation.sent_again', invitation);
      const rows = await listInvitations(tx, team.tenant.id);
      return describe(
        rows.find((row) => row.invitation.id === id)!,
        now,
      );
    });
  }

  /** Takes its force. 403, 404 `not_found`. */
  revoke(requester: Requester, id: string): Promise<void> {
    return changeTeam(this.#deps, requester, async (team) => {
      const invitation = await openInvitation(team, id);
      await updateInvitation(team.tx, id, { state: 'revoked', settledAt: team.now });
      await note(team, 'invitation.revoked', invitation);
    });
  }

  /** What the link offers. 410 `invitation_over`. */
  async look(token: string): Promise<InvitationOffer> {
    const { db, clock } = this.#deps;
    const found = await findInvitationByToken(db, hashOf(token));
    const { invitation, inviter, team } = assertOpen(found, clock.now());
    const { email, role, expiresAt } = invitation;
    return {
      ...{ team, inviter, email, role, expiresAt: expiresAt.toISOString() },
      hasAccount: (await findAccountByEmail(db, email)) !== undefined,
    };
  }

  /**
   * Joins the team, once. 403 `wrong_account` for somebody else than who was invited, 409 `seats_full`,
   * 410 `invitation_over`. Answers the team.
   */
  async accept(requester: Requester, token: string): Promise<TeamView> {
    const { db, clock } = this.#deps;
    const found = await findInvitationByToken(db, hashOf(token));
    const { invitation } = assertOpen(found, clock.now());
    return acceptInvitation(this.#deps, requester, invitation);
  }

  /** Before anything is counted, and again under the lock. */
  async #assertManages(requester: Requester, role: Role): Promise<void> {
    assertManages((await this.#deps.memberships.getNow(requester)).role, [role]);
  }

  #newLink(now: Date) {
    const linkId = randomUUID();
    return {
      linkId,
      tokenHash: hashOf(this.#tokens.of(linkId)),
      expiresAt: new Date(now.getTime() + INVITATION_DAYS * DAY_MS),
    };
  }

  async #mail({ tx, tenant, self, now }: ChangingTeam, invitation: Invitation): Promise<void> {
    const { email: recipient, linkId, role } = invitation;
    const inviter = await findAccountById(tx, self.userId, tenant.id);
    const reader = await findAccountByEmail(tx, recipient);
    if (!inviter) return;
    const { locale, timeZone } = reader?.user ?? inviter.user;
    await this.#deps.mails.write(
      tx,
      'team_invitation',
      { ...inviter.user, locale, timeZone },
      {
        ...{ subjectId: linkId, recipient, link: { id: linkId, path: PAGE }, now },
        data: { team: tenant.name, role, endsAt: invitation.expiresAt.toISOString() },
      },
    );
  }
}

/** One that the asking person may see to. */
async function openInvitation(team: ChangingTeam, id: string): Promise<Invitation> {
  const invitation = await findInvitation(team.tx, team.tenant.id, { id });
  team.assertManages(invitation?.role ?? 'member');
  if (invitation) return invitation;
  throw new BillingError(
    'not_found',
    `There is no invitation ${id}: it was accepted or revoked, or never was.`,
  );
}

function note(team: ChangingTeam, action: string, { id, email, role }: Invitation): Promise<void> {
  const what = { email, role };
  const change = action === 'invitation.revoked' ? { before: what } : { after: what };
  return team.note({ action, subjectId: id, ...change });
}

/** 410 `invitation_over`. */
function assertOpen<T extends InvitationRow>(found: T | undefined, now: Date): T {
  if (found?.invitation.state === 'open' && found.invitation.expiresAt > now) return found;
  throw new BillingError(
    'invitation_over',
    'This invitation was accepted, taken back or sent again, or is older than seven days; use the newest mail, or ask for a new one.',
  );
}

function describe({ invitation, inviter }: InvitationRow, now: Date): InvitationView {
  const { id, email, role, createdAt, expiresAt } = invitation;
  return {
    ...{ id, email, role, inviter },
    state: expiresAt > now ? 'open' : 'expired',
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
