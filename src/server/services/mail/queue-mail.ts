import type { Tx } from '../../../db/client.ts';
import { findBillingContact } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import { insertMail } from '../../../db/repositories/mail-outbox.repository.ts';
import { BILLING_MAILS, isWanted } from '../../../domain/mails.ts';
import type { MailKind } from './templates.ts';

/**
 * Queues a mail to the tenant's owner, in the owner's language, unless it is one that may be done
 * without and is not wanted; about money also to the tenant's second address. Nobody to write to is
 * fine.
 */
export async function queueMail(
  tx: Tx,
  tenantId: string,
  mail: { kind: MailKind; subjectId: string; attempt: number; data: object; now: Date },
): Promise<void> {
  const contact = await findBillingContact(tx, tenantId);
  if (!contact) return;
  const { now, ...rest } = mail;
  const { email, locale, timeZone, displayName, billingEmail } = contact;
  const written = {
    ...{ ...rest, tenantId, locale, timeZone, createdAt: now },
    data: { name: displayName, ...mail.data },
  };
  if (isWanted(mail.kind, contact.mutedMails)) {
    await insertMail(tx, { ...written, recipient: email });
  }
  if (billingEmail === null || !BILLING_MAILS.includes(mail.kind)) return;
  const subjectId = `${mail.subjectId}:billing-address`;
  await insertMail(tx, { ...written, subjectId, recipient: billingEmail });
}
