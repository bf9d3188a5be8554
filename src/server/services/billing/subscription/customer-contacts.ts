import type { Db } from '../../../../db/client.ts';
import {
  closeContactChange,
  listChangedContacts,
} from '../../../../db/repositories/billing/contact.repository.ts';
import { findBillingContact } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Logger } from '../../../log.ts';
import type { StripeService } from '../../stripe.service.ts';

const AT_ONCE = 50;

/**
 * Gives Stripe's customers the addresses that their owners have changed to. What Stripe does not take
 * now is tried again next time; the newest address is read just before, so that doing it twice, or in
 * two processes, ends with the right one.
 */
export async function syncContacts(deps: {
  db: Db;
  stripe: StripeService;
  log: Logger;
}): Promise<void> {
  const { db, stripe, log } = deps;
  for (const changed of await listChangedContacts(db, AT_ONCE)) {
    const { tenantId, customerId } = changed;
    const contact = await findBillingContact(db, tenantId);
    try {
      if (contact) await stripe.setCustomerEmail(customerId, contact.email);
      await closeContactChange(db, changed);
    } catch (err) {
      log.warn({ err, tenantId }, 'Stripe does not know the new address of a customer yet');
    }
  }
}
