import { insertAuditEntry } from '../../../db/repositories/audit-log.repository.ts';
import {
  deleteTenantUsers,
  markTenantDeleted,
} from '../../../db/repositories/tenant-billing.repository.ts';
import { isLive } from '../../../domain/subscription-status.ts';
import { isStripeUnavailable } from '../stripe/errors.ts';
import { actorOf, changeBilling, type Asker, type Billing } from './billing.ts';
import { syncCustomer } from './sync-customer.ts';

/**
 * Deletes the tenant: at Stripe first, and not at all when that fails, so that nobody is charged
 * for an account that cannot be entered any more. Every subscription ends, whatever its state, open
 * Checkout sessions can no longer be paid, open invoices are voided. Its people are erased; what
 * tells of money stays.
 */
export async function deleteTenant(billing: Billing, asker: Asker): Promise<void> {
  const customerId = await changeBilling(billing, asker, async (tx, tenant) => {
    const { stripe, clock } = billing;
    const { stripeCustomerId } = tenant;
    const found = stripeCustomerId ? await stripe.findBilling(stripeCustomerId) : undefined;
    if (stripeCustomerId && found && !found.customer.deleted) {
      for (const open of await stripe.listOpenCheckouts(stripeCustomerId)) {
        await stripe.expireCheckout(open.id);
      }
      // Ended ones too: an unpaid invoice outlives its subscription.
      for (const { id, status } of found.subscriptions) {
        if (isLive(status)) await stripe.cancelSubscription(id, 'The account was deleted.');
        await stripe.voidOpenInvoices(id);
      }
    }
    const now = clock.now();
    await insertAuditEntry(tx, {
      tenantId: tenant.id,
      actor: actorOf(asker),
      action: 'tenant.deleted',
      subjectId: tenant.id,
      requestId: asker.requestId ?? null,
      now,
    });
    await deleteTenantUsers(tx, tenant.id);
    await markTenantDeleted(tx, tenant.id, now);
    return stripeCustomerId;
  });
  if (!customerId) return;
  try {
    await syncCustomer(billing, customerId, { actor: actorOf(asker) });
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
  }
}
