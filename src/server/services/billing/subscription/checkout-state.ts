import type { CheckoutView } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { findCheckout } from '../../../../db/repositories/billing/checkout-session.repository.ts';
import type { CheckoutSession } from '../../../../db/schema/index.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { BillingDeps } from './change-billing.ts';
import type { Requester } from '../requester.ts';

/**
 * What is known of a Checkout that the tenant opened: by Stripe, else by our rows where these are
 * final. 404 `not_found` for any other, whosever it is.
 */
export async function checkoutState(
  billing: BillingDeps,
  { tenantId }: Requester,
  stripeSessionId: string,
): Promise<CheckoutView> {
  const row = await findCheckout(billing.db, tenantId, stripeSessionId);
  if (!row) {
    throw new BillingError('not_found', 'This team has opened no such checkout.');
  }
  return { state: await stateOf(billing, row) };
}

async function stateOf(
  { stripe, log }: BillingDeps,
  row: CheckoutSession,
): Promise<CheckoutView['state']> {
  if (row.status === 'expired') return 'expired';
  try {
    const found = await stripe.findCheckout(row.stripeSessionId);
    if (!found || found.status === 'expired') return 'expired';
    if (found.status === 'open') return 'open';
    return found.paymentStatus === 'unpaid' ? 'processing' : 'paid';
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    log.warn({ err: error, sessionId: row.stripeSessionId }, 'a checkout could not be looked up');
    return row.status === 'complete' ? 'processing' : 'unknown';
  }
}
