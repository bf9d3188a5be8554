import { randomUUID } from 'node:crypto';
import type { DbOrTx } from '../../../db/client.ts';
import { insertMail } from '../../../db/repositories/mail-outbox.repository.ts';
import type { User } from '../../../db/schema/index.ts';
import type { MailData, MailKind } from '../mail/templates.ts';
import type { MailedPurpose, MailedTokens } from './mailed-token.ts';
import type { LinkInMail } from './own/one-time-links.ts';

/** The shortest time between two mails of a kind to one person, whoever asks for them. */
const ONCE_IN_MS = { verify_email: 10 * 60_000, open_account: 30 * 60_000 } as const;

const PAGES = { verify_email: '/verify-email', open_account: '/login' } as const;

interface AccountMail {
  subjectId?: string;
  attempt?: number;
  /** Elsewhere than at the person's own address. */
  recipient?: string;
  data?: object;
  link?: LinkInMail;
  now: Date;
}

/** The mails to a person about the account; what strangers can ask for at most once in its time. */
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
    const attempt = Math.floor(now.getTime() / ONCE_IN_MS[kind]);
    await this.write(db, kind, user, { subjectId: user.id, attempt, data, now });
  }

  /** Puts a mail to a person into the outbox; without a subject, one that stands alone. */
  async write(db: DbOrTx, kind: MailKind, user: User, mail: AccountMail): Promise<void> {
    const { subjectId = randomUUID(), attempt = 0, recipient = user.email, data, link } = mail;
    await insertMail(db, {
      ...{ tenantId: user.tenantId, kind, recipient, subjectId, attempt },
      ...{ locale: user.locale, timeZone: user.timeZone },
      data: { ...data, ...(link ? { link } : {}), name: user.displayName },
      createdAt: mail.now,
    });
  }
}
