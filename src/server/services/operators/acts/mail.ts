import type { Db } from '../../../../db/client.ts';
import { resendMail as sendOnceMore } from '../../../../db/repositories/mail-outbox.repository.ts';
import { refusing } from '../../../../domain/accounts/operator-act.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { getMailTo } from '../find-tenant.ts';
import { fact, actResult, type Act } from './act.ts';

export interface MailActDeps {
  db: Db;
}

/** Has a mail sent once more, as it was. 404 `not_found`, 409 `state_changed` while it waits anyhow. */
export const resendMail: Act<MailActDeps, { mailId: string }> = async (
  { db },
  { tenantId, dryRun },
  { mailId },
) => {
  const { kind, recipient } = await getMailTo(db, tenantId, mailId);
  const facts = [fact.text('mail', kind), fact.text('recipient', recipient)];
  if (dryRun) return actResult(false, ...facts);
  if (await sendOnceMore(db, mailId)) return actResult(true, ...facts);
  throw new BillingError(
    'state_changed',
    'This mail waits to be sent already.',
    refusing('mail_waits'),
  );
};
