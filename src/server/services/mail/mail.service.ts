import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createTransport, type Transporter } from 'nodemailer';
import type { Db } from '../../../db/client.ts';
import { writeDurably } from '../../../db/durable-file.ts';
import {
  claimDueMails,
  listMails,
  markMailFailed,
  markMailSent,
} from '../../../db/repositories/mail-outbox.repository.ts';
import type { Mail } from '../../../db/schema/index.ts';
import type { ContactView } from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { MailConfig } from '../../config/config.ts';
import { errorText } from '../../log/error-text.ts';
import type { Logger } from '../../log.ts';
import { LinkTokens } from './link-token.ts';
import type { MailCounter } from './metrics.ts';
import type { MailContent } from './templates.ts';
import { renderMail, type MailSender } from './render-mail.ts';

/** Mails taken at once: few, so that a crash delays few. */
const BATCH = 20;
/** After this a mail whose sender died is sent by another. */
const LEASE_MS = 10 * 60_000;
const TRIES_MAX = 8;
const FIRST_DELAY_MS = 60_000;

export interface ShownMail extends MailContent {
  id: string;
  kind: string;
  recipient: string;
  createdAt: Date;
  state: 'sent' | 'waiting' | 'given up';
}

/** Writes mails into the outbox that wait to be written. */
export type MailSource = () => Promise<void>;

/**
 * Sends what lies in the outbox: by SMTP, or, without one, into files under the data folder. A
 * mail that cannot be sent is tried again with growing delays, and never fails what it tells of.
 */
export class MailService {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sender: MailSender;
  readonly #from: string;
  readonly #folder: string;
  readonly #transport: Transporter | undefined;
  readonly #links: LinkTokens;
  readonly #counter: MailCounter | undefined;
  readonly #sources: MailSource[] = [];

  constructor(deps: {
    db: Db;
    clock: Clock;
    log: Logger;
    appUrl: string;
    contact: ContactView;
    dataDir: string;
    jwtSecret: string;
    mail: MailConfig & { from: string };
    counter?: MailCounter;
  }) {
    this.#counter = deps.counter;
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#sender = { appUrl: deps.appUrl, contact: deps.contact };
    this.#from = deps.mail.from;
    this.#links = new LinkTokens(deps.jwtSecret);
    this.#folder = path.join(deps.dataDir, 'mail');
    this.#transport = deps.mail.kind === 'smtp' ? createTransport(deps.mail.url) : undefined;
  }

  /** Has `source` asked for its mails before every sending; what it cannot write now waits there. */
  drawFrom(source: MailSource): void {
    this.#sources.push(source);
  }

  /** Sends every mail that is due; answers how many went out. */
  async sendDue(signal?: AbortSignal): Promise<number> {
    for (const source of this.#sources) {
      await source().catch((err: unknown) => {
        this.#log.warn({ err }, 'some mails could not be written; they wait for the next time');
      });
    }
    let sent = 0;
    while (!signal?.aborted) {
      const now = this.#clock.now();
      const leaseEnds = new Date(now.getTime() + LEASE_MS);
      const mails = await claimDueMails(this.#db, { now, leaseEnds, limit: BATCH });
      if (mails.length === 0) break;
      for (const mail of mails) {
        const error = await this.#send(mail);
        this.#counter?.inc({ outcome: error === undefined ? 'sent' : 'failed' });
        if (error === undefined) {
          sent += 1;
          await markMailSent(this.#db, mail.id, this.#clock.now());
        } else await markMailFailed(this.#db, mail.id, this.#afterFailure(mail, error));
      }
    }
    return sent;
  }

  #afterFailure(mail: Mail, error: string) {
    const now = this.#clock.now();
    const tries = mail.sendAttempts + 1;
    this.#log.warn({ mailId: mail.id, kind: mail.kind, tries, error }, 'mail not sent');
    const delayMs = FIRST_DELAY_MS * 4 ** mail.sendAttempts;
    return {
      error,
      now,
      nextSendAt: tries >= TRIES_MAX ? null : new Date(now.getTime() + delayMs),
    };
  }

  /** The outbox names a link by its id; its address is made for the reader alone. */
  #withLink(mail: Mail): Mail {
    const { link } = mail.data as { link?: { id: string; path: string } };
    if (!link) return mail;
    const url = `${this.#sender.appUrl}${link.path}?token=${this.#links.of(link.id)}`;
    return { ...mail, data: { ...(mail.data as object), url } };
  }

  /** Answers what went wrong, if something did. */
  async #send(mail: Mail): Promise<string | undefined> {
    try {
      const content = renderMail(this.#withLink(mail), this.#sender);
      if (this.#transport) {
        await this.#transport.sendMail({
          from: this.#from,
          to: mail.recipient,
          ...content,
          // The same mail sent twice, after a crash, is one to the reader's mail program.
          messageId: `<${mail.id}${mail.resends > 0 ? `.${mail.resends}` : ''}@small-squaretable>`,
        });
      } else await this.#keep(mail, content);
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }

  async #keep(mail: Mail, { subject, text }: MailContent): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const head = `From: ${this.#from}\nTo: ${mail.recipient}\nSubject: ${subject}\n`;
    const file = path.join(this.#folder, `${mail.id}.txt`);
    await writeDurably(file, `${head}\n${text}\n`, { mode: 0o600 });
  }

  /** The newest mails as their readers see them, after sending what is due. */
  async show(limit: number): Promise<ShownMail[]> {
    await this.sendDue();
    const mails = await listMails(this.#db, limit);
    return mails.map((mail) => ({
      ...this.#contentOf(mail),
      id: mail.id,
      kind: mail.kind,
      recipient: mail.recipient,
      createdAt: mail.createdAt,
      state: mail.sentAt ? 'sent' : mail.failedAt ? 'given up' : 'waiting',
    }));
  }

  /** What a mail says to its reader, but for what would let somebody else in their place: links' tokens. */
  readWithoutTokens(mail: Mail): MailContent {
    const { subject, text } = this.#contentOf(mail);
    return { subject, text: text.replace(/([?&]token=)[^\s&#]+/g, '$1…') };
  }

  #contentOf(mail: Mail): MailContent {
    try {
      return renderMail(this.#withLink(mail), this.#sender);
    } catch (error) {
      return { subject: mail.kind, text: errorText(error) };
    }
  }

  close(): void {
    this.#transport?.close();
  }
}
