import { BillingError } from '../../../../domain/errors.ts';
import {
  changingOf,
  STAFF_FLAGS,
  type StaffFlag,
} from '../../../../domain/billing/subscription-status.ts';
import type { LiveSubscription } from '../intents/stripe-state.ts';

/** What staff set on the subscription. */
export function flagsOf({ facts, snapshot, item }: LiveSubscription): StaffFlag[] {
  const flags: StaffFlag[] = [];
  if (snapshot.collectionPause) flags.push('collection_paused');
  if (snapshot.sendsInvoices) flags.push('sends_invoices');
  if (facts.schedule?.madeBy === 'staff') flags.push('staff_schedule');
  if (facts.cancelAt && facts.cancelAt > item.currentPeriodEnd) flags.push('ends_later');
  return flags;
}

/**
 * What an operator arranged is not undone by a customer's click, other than by leaving: throws where
 * the table of the domain says that the customer is to ask. 409 `subscription_paused`, `state_changed` (with what was `arranged`).
 */
export function assertMayAlter(live: LiveSubscription, verb: 'now' | 'later' | 'resume'): void {
  const flag = flagsOf(live).find((one) => STAFF_FLAGS[one][verb] === 'asks');
  if (!flag) return;
  if (flag === 'collection_paused') {
    throw new BillingError(
      'subscription_paused',
      'Our support has stopped the payments of this subscription for now; write to them to change its plan.',
    );
  }
  throw new BillingError(
    'state_changed',
    flag === 'sends_invoices'
      ? 'This subscription is paid by invoice; write to our support to change its plan before its period ends.'
      : 'A change of this subscription was arranged with our support; write to them to alter it.',
    { data: { arranged: flag } },
  );
}

/**
 * A change of plan needs a subscription that is paid up: 402 `payment_required` with where to pay,
 * 409 `subscription_paused`.
 */
export function assertPaidUp({ snapshot, payUrl }: LiveSubscription): void {
  const change = changingOf(snapshot.status);
  if (change === 'goes') return;
  if (change === 'rests') {
    throw new BillingError(
      'subscription_paused',
      'This subscription is paused and charges nothing. Write to our support to have it resumed, or cancel it and choose a plan.',
    );
  }
  throw new BillingError(
    'payment_required',
    'The last invoice is not paid; pay it first, then change the plan.',
    { data: { payUrl } },
  );
}
