import type { Tx } from '../../../../db/client.ts';
import { insertRemedy } from '../../../../db/repositories/billing/remedy.repository.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { CreditPurchase, Tenant } from '../../../../db/schema/index.ts';
import { wakeRemedies } from '../sync/queues.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/** Somebody paid after the team was deleted: it gives nothing, and goes back by the policy. Once. */
export async function orderReturn(
  { jobs, policies, clock }: PurchaseDeps,
  tx: Tx,
  tenant: Tenant,
  { stripeInvoiceId, creditsExpireAt, amountMinor, currency }: CreditPurchase,
): Promise<void> {
  // Its invoice comes a moment after the money. What was granted before has been had.
  if (!stripeInvoiceId || creditsExpireAt) return;
  const refunds = policies.latePayment === 'refund';
  const now = clock.now();
  const isNew = await insertRemedy(tx, {
    tenantId: tenant.id,
    kind: 'refund_invoice',
    subjectId: stripeInvoiceId,
    cause: 'late_payment',
    state: refunds ? 'open' : 'noted',
    now,
  });
  if (!isNew) return;
  await raiseAlert(tx, {
    tenantId: tenant.id,
    kind: 'late_payment',
    subjectId: stripeInvoiceId,
    message: `A pack was paid for a team that was deleted; ${refunds ? 'the money is given back' : 'give the money back'}.`,
    details: { amountMinor, currency, late: 'pack_of_deleted_team', policy: policies.latePayment },
    now,
  });
  await wakeRemedies(jobs, tx, tenant.id, now);
}
