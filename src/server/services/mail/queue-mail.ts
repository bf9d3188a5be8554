import type { Tx } from '../../../db/client.ts';
import { findBillingContact } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import { insertMail } from '../../../db/repositories/mail-outbox.repository.ts';
import type { MailKind } from './templates.ts';

/** Queues a mail to the tenant's owner, in the owner's language; nobody to write to is fine. */
export async function queueMail(
  tx: Tx,
  tenantId: string,
  mail: { kind: MailKind; subjectId: string; attempt: number; data: object; now: Date },
): Promise<void> {
  const contact = await findBillingContact(tx, tenantId);
  if (!contact) return;
  const { now, ...rest } = mail;
  const { email, locale, timeZone, displayName } = contact;
  await insertMail(tx, {
    ...rest,
    tenantId,
    recipient: email,
    locale,
    timeZone,
    data: { name: displayName, ...mail.data },
    createdAt: now,
  });
}
