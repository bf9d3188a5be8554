import type { Context } from '../../src/server/context.ts';
import type { MailKind } from '../../src/server/services/mail/templates.ts';

/** The mails of that kind to that address as their reader has them, the newest first. */
export async function mailsTo(
  context: Pick<Context, 'services'>,
  kind: MailKind,
  recipient: string,
): Promise<string[]> {
  const mails = await context.services.mails.show(1_000);
  return mails
    .filter((mail) => mail.kind === kind && mail.recipient === recipient)
    .map(({ text }) => text);
}

/** The token in the link of the newest such mail. */
export async function tokenMailed(
  context: Pick<Context, 'services'>,
  kind: MailKind,
  recipient: string,
): Promise<string> {
  const [text] = await mailsTo(context, kind, recipient);
  const token = /[?&]token=([\w.-]+)/.exec(text ?? '')?.[1];
  if (token === undefined) throw new Error(`No link was mailed: ${kind} to ${recipient}.`);
  return token;
}
