import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlert,
} from '../../../../db/repositories/operations/alert.repository.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { APP_MARK, type CustomerBilling } from '../../stripe/customers.ts';

/**
 * Alerts operators of somebody who pays at Stripe by our mark and whose tenant is not here: the
 * database is another, or older, than the account.
 */
export async function alertUnknownTenant(
  tx: Tx,
  { customer, subscriptions }: CustomerBilling,
  now: Date,
): Promise<void> {
  if (customer.deleted || customer.metadata['app'] !== APP_MARK) return;
  if (!subscriptions.some(({ status }) => isLive(status))) return;
  await raiseAlert(tx, {
    tenantId: null,
    kind: 'unknown_tenant',
    subjectId: customer.id,
    message:
      'This customer pays at Stripe for a tenant that this database does not have (or that has another customer), and gets nothing for it: the database is empty, restored or another installation’s.',
    details: { tenantId: customer.metadata['tenantId'] ?? null },
    now,
  });
}

/** Resolves that alert once the tenant is there. */
export function resolveUnknownTenant(tx: Tx, customerId: string, now: Date): Promise<void> {
  return resolveAlert(tx, 'unknown_tenant', customerId, now);
}
