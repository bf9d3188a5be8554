import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { UserId } from '../../../domain/ids.ts';
import type { Db } from '../../../db/client.ts';
import {
  countUnverifiedMessage,
  findAccountById,
  markEmailVerified,
  uncountUnverifiedMessage,
} from '../../../db/repositories/accounts/user.repository.ts';
import type { AccessClaims } from './access-token.ts';
import type { AccountMails } from './account-mails.ts';
import type { MailedTokens } from './mailed-token.ts';

/** Chat messages that a person may send before the e-mail address is verified. */
const UNVERIFIED_MESSAGES_MAX = 10;

export interface EmailVerifierDeps {
  db: Db;
  clock: Clock;
  tokens: MailedTokens;
  mails: AccountMails;
}

/** Verifies e-mail addresses by a mailed link, and limits what can be done before. */
export class EmailVerifier {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly tokens: MailedTokens;
  private readonly mails: AccountMails;

  constructor(deps: EmailVerifierDeps) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.tokens = deps.tokens;
    this.mails = deps.mails;
  }

  /** 400 `invalid_request` for a link that is not valid any more. Following it again is no error. */
  async verify(token: string): Promise<void> {
    const { userId, email } = await this.tokens.read('verify_email', token);
    if (await markEmailVerified(this.db, { userId, email, now: this.clock.now() })) return;
    throw new BillingError('invalid_request', 'This link is for another address than you use now.');
  }

  /** Sends the link again, at most once in ten minutes; nothing to do for who is verified. */
  async sendAgain(userId: UserId): Promise<void> {
    const account = await findAccountById(this.db, userId);
    const user = account?.user;
    if (user && !user.emailVerifiedAt)
      await this.mails.askToVerify(this.db, user, this.clock.now());
  }

  /**
   * Lets a person who has not shown that the address is theirs send so many messages: 403
   * `email_unverified` after that. Answers whether one was counted, which `uncountMessage` gives back.
   */
  async countMessage(person: Pick<AccessClaims, 'userId' | 'emailVerified'>): Promise<boolean> {
    if (person.emailVerified) return false;
    const { userId } = person;
    if (await countUnverifiedMessage(this.db, { userId, max: UNVERIFIED_MESSAGES_MAX }))
      return true;
    throw unverified(`${UNVERIFIED_MESSAGES_MAX} messages are sent`);
  }

  uncountMessage(userId: UserId): Promise<void> {
    return uncountUnverifiedMessage(this.db, userId);
  }

  /** 403 `email_unverified` for a person who has not shown that the address is theirs. */
  async assertVerified(person: Pick<AccessClaims, 'userId' | 'emailVerified'>): Promise<void> {
    if (person.emailVerified) return;
    const account = await findAccountById(this.db, person.userId);
    if (!account?.user.emailVerifiedAt) throw unverified('paying comes after it');
  }
}

function unverified(why: string): BillingError {
  return new BillingError(
    'email_unverified',
    `Confirm your e-mail address first: ${why}. The link is in the mail that we sent you; POST /api/auth/email/resend sends it again.`,
  );
}
