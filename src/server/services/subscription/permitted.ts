import { BillingError } from '../../../domain/errors.ts';
import { isInGoodStanding } from '../../../domain/subscription-status.ts';
import type { LiveSubscription } from './truth.ts';

/** What an operator planned is not undone by a customer, other than by leaving. 409 `state_changed`. */
export function assertNotStaffs({ facts }: LiveSubscription): void {
  if (facts.schedule?.madeBy !== 'staff') return;
  throw new BillingError(
    'state_changed',
    'A change of this subscription was arranged with our support; write to them to alter it.',
  );
}

/**
 * A change of plan needs a subscription that is paid up and that nobody else has in hand: 402
 * `payment_required` with where to pay, 409 `subscription_paused`, 409 `state_changed`.
 */
export function assertChangeable(live: LiveSubscription): void {
  const { status, latestInvoice, collectionPause } = live.snapshot;
  if (status === 'paused') {
    throw new BillingError(
      'subscription_paused',
      'This subscription is paused and charges nothing. Write to our support to have it resumed, or cancel it and choose a plan.',
    );
  }
  if (!isInGoodStanding(status)) {
    const payUrl = latestInvoice?.status === 'open' ? latestInvoice.hostedInvoiceUrl : null;
    throw new BillingError(
      'payment_required',
      'The last invoice is not paid; pay it first, then change the plan.',
      { data: { payUrl } },
    );
  }
  if (collectionPause) {
    throw new BillingError(
      'subscription_paused',
      'Our support has stopped the payments of this subscription for now; write to them to change its plan.',
    );
  }
  assertNotStaffs(live);
}
