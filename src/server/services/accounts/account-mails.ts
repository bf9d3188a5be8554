import type { DbOrTx } from '../../../db/client.ts';
import { insertMail } from '../../../db/repositories/mail-outbox.repository.ts';
import type { User } from '../../../db/schema/index.ts';
import type { MailData } from '../mail/templates.ts';
import type { MailedPurpose, MailedTokens } from './mailed-token.ts';

/** The shortest time between two mails of a kind to one person, whoever asks for them. */
const ONCE_IN_MS = { verify_email: 10 * 60_000, open_account: 30 * 60_000 } as const;

const PAGES = { verify_email: '/verify-email', open_account: '/login' } as const;

/** The mails that carry a link into an account; each at most once in its time. */
export class AccountMails {
  private readonly tokens: MailedTokens;
  private readonly appUrl: string;

  constructor(deps: { tokens: MailedTokens; appUrl: string }) {
    this.tokens = deps.tokens;
    this.appUrl = deps.appUrl;
  }

  /** Asks whether the address is theirs. */
  askToVerify(db: DbOrTx, user: User, now: Date): Promise<void> {
    return this.send(db, 'verify_email', user, now);
  }

  /** Offers a way in while strangers guess at the password. */
  offerToOpen(db: DbOrTx, user: User, now: Date): Promise<void> {
    return this.send(db, 'open_account', user, now);
  }

  private async send(db: DbOrTx, kind: MailedPurpose, user: User, now: Date): Promise<void> {
    const token = await this.tokens.issue(kind, { userId: user.id, email: user.email });
    const data: MailData[MailedPurpose] = { url: `${this.appUrl}${PAGES[kind]}?token=${token}` };
    await insertMail(db, {
      ...{ tenantId: user.tenantId, kind, recipient: user.email },
      ...{ locale: user.locale, timeZone: user.timeZone },
      subjectId: user.id,
      attempt: Math.floor(now.getTime() / ONCE_IN_MS[kind]),
      data: { ...data, name: user.displayName },
      createdAt: now,
    });
  }
}
