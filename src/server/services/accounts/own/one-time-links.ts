import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { DbOrTx, Tx } from '../../../../db/client.ts';
import {
  deleteExpiredLinks,
  endLaterLinks,
  endLinks,
  findOpenLink,
  insertMailedLink,
  isEmailHeld,
  takeLink,
  type LinkPurpose,
} from '../../../../db/repositories/accounts/mailed-link.repository.ts';
import type { MailedLink } from '../../../../db/schema/index.ts';
import { LinkTokens } from '../../mail/link-token.ts';

const MINUTE_MS = 60_000;

/** How long each link may be followed, and the page that it leads to. */
const LINKS: Record<LinkPurpose, { lastsMs: number; path: string }> = {
  reset_password: { lastsMs: 30 * MINUTE_MS, path: '/reset-password' },
  change_email: { lastsMs: 24 * 60 * MINUTE_MS, path: '/verify-email' },
  revert_email: { lastsMs: 7 * 24 * 60 * MINUTE_MS, path: '/take-back-email' },
};

/** What the outbox says of a link: the mail service makes the address of it when it sends. */
export interface LinkInMail {
  id: string;
  path: string;
}

/** Links in mails that do something once. `clock` is the real time. */
export class OneTimeLinks {
  private readonly tokens: LinkTokens;
  private readonly clock: Clock;

  constructor(deps: { jwtSecret: string; clock: Clock }) {
    this.tokens = new LinkTokens(deps.jwtSecret);
    this.clock = deps.clock;
  }

  /** Makes a link; the mail that carries it is written in the same transaction. */
  async issue(
    tx: Tx,
    purpose: LinkPurpose,
    to: { userId: string; email: string },
  ): Promise<LinkInMail> {
    const id = randomUUID();
    const now = this.clock.now();
    const { lastsMs, path } = LINKS[purpose];
    await insertMailedLink(tx, {
      ...{ id, purpose, ...to, tokenHash: hashOf(this.tokens.of(id)) },
      ...{ expiresAt: new Date(now.getTime() + lastsMs), createdAt: now },
    });
    return { id, path };
  }

  /** 410 `link_over` for a link that was used, is too old, was made for something else, or is made up. */
  async check(db: DbOrTx, purpose: LinkPurpose, token: string): Promise<MailedLink> {
    return orOver(await findOpenLink(db, this.wanted(purpose, token)));
  }

  /** Uses it up with the transaction; of two at once one gets it, the other 410 `link_over`. */
  async take(tx: Tx, purpose: LinkPurpose, token: string): Promise<MailedLink> {
    return orOver(await takeLink(tx, this.wanted(purpose, token)));
  }

  /** Takes the force of a person's other links for these purposes. */
  end(tx: Tx, userId: string, ...purposes: LinkPurpose[]): Promise<void> {
    return endLinks(tx, { userId, purposes, now: this.clock.now() });
  }

  /**
   * Takes the force of the ways back to addresses that came after this one. Older ones stay: who took
   * an account over and changed its address twice cannot end its owner's way back.
   */
  endLater(tx: Tx, { userId, purpose, createdAt }: MailedLink): Promise<void> {
    const now = this.clock.now();
    return endLaterLinks(tx, { userId, purpose: purpose as LinkPurpose, since: createdAt, now });
  }

  /** Whether somebody (else than `exceptUserId`) may still take the address back. */
  isHeld(db: DbOrTx, email: string, exceptUserId?: string): Promise<boolean> {
    return isEmailHeld(db, { email, exceptUserId, now: this.clock.now() });
  }

  /** Forgets what is too old. */
  async prune(db: DbOrTx): Promise<void> {
    await deleteExpiredLinks(db, this.clock.now());
  }

  private wanted(purpose: LinkPurpose, token: string) {
    return { purpose, tokenHash: hashOf(token), now: this.clock.now() };
  }
}

function orOver(link: MailedLink | undefined): MailedLink {
  if (link) return link;
  throw new BillingError(
    'link_over',
    'This link was used before, or is too old; ask for a new one.',
  );
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
