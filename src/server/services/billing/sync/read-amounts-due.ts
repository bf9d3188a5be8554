import { isLive } from '../../../../domain/billing/subscription-status.ts';
import type { CallTimeouts } from '../../stripe/client/client.ts';
import type { CustomerBilling } from '../../stripe/customers.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import type { SubscriptionSnapshot } from '../../stripe/snapshots/subscription-snapshot.ts';
import type { MapContext } from './map-subscription.ts';
import type { SyncDeps } from './sync-deps.ts';

export type AmountsDue = Pick<MapContext, 'owedSince' | 'renewals'>;

/**
 * What a customer owes and what will be taken next. On the way, what can no longer give anything is
 * voided: an open invoice of a subscription that has ended, for time that it will not have.
 */
export async function readAmountsDue(
  deps: Pick<SyncDeps, 'stripe' | 'log'>,
  { customer, subscriptions }: CustomerBilling,
  timeouts: CallTimeouts,
): Promise<AmountsDue> {
  // Where the next invoice is drafted already, what is owed is the one before.
  const owing = subscriptions.some(
    (one) => one.latestInvoice?.status === 'open' || ['past_due', 'unpaid'].includes(one.status),
  );
  const open =
    owing && !customer.deleted ? await deps.stripe.findOpenInvoices(customer.id, timeouts) : [];
  for (const invoice of open) {
    const ended = subscriptions.find((one) => one.id === invoice.subscriptionId);
    if (ended && givesNothing(invoice, ended)) await giveUp(deps, invoice.id);
  }
  const renewing = subscriptions.filter(willBeBilled);
  const renewals = await Promise.all(
    renewing.map(async (one) => [one.id, await renewalOf(deps, one, timeouts)] as const),
  );
  const none = subscriptions
    .filter((one) => !willBeBilled(one))
    .map((one) => [one.id, null] as const);
  return {
    owedSince: oldestOf(open),
    renewals: new Map([
      ...none,
      ...renewals.flatMap(([id, renewal]) =>
        renewal === undefined ? [] : [[id, renewal] as const],
      ),
    ]),
  };
}

/** Wholly unpaid, and for a time that begins or goes on after the subscription's end. */
export function givesNothing(
  { amountPaidMinor, periodEnd }: Pick<InvoiceSnapshot, 'amountPaidMinor' | 'periodEnd'>,
  { status, endedAt }: Pick<SubscriptionSnapshot, 'status' | 'endedAt'>,
): boolean {
  return !isLive(status) && amountPaidMinor === 0 && (!endedAt || periodEnd > endedAt);
}

/** A Stripe that does not answer is asked again by the next sync. */
async function giveUp(
  { stripe, log }: Pick<SyncDeps, 'stripe' | 'log'>,
  id: string,
): Promise<void> {
  try {
    await stripe.voidInvoice(id);
    log.info({ invoice: id }, 'an invoice of an ended subscription was voided');
  } catch (error) {
    log.warn({ err: error, invoice: id }, 'an invoice could not be voided yet');
  }
}

function willBeBilled({
  status,
  collectionPause,
  cancelAt,
  cancelAtPeriodEnd,
  items,
}: SubscriptionSnapshot): boolean {
  if (!['active', 'trialing', 'past_due'].includes(status) || collectionPause) return false;
  const renewsAt = Math.min(...items.map((item) => item.currentPeriodEnd.getTime()));
  return !cancelAtPeriodEnd && (!cancelAt || cancelAt.getTime() > renewsAt);
}

/** `undefined` where Stripe could not say; `null` where no invoice will come. */
async function renewalOf(
  { stripe, log }: Pick<SyncDeps, 'stripe' | 'log'>,
  subscription: SubscriptionSnapshot,
  timeouts: CallTimeouts,
): Promise<{ amountMinor: number; currency: string } | null | undefined> {
  try {
    const next = await stripe.previewRenewal(subscription, timeouts);
    return next ? { amountMinor: next.amountDueMinor, currency: next.currency } : null;
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    log.warn({ err: error, subscription: subscription.id }, 'the next invoice is not known');
    return undefined;
  }
}

function oldestOf(open: readonly InvoiceSnapshot[]): Map<string, Date> {
  const oldest = new Map<string, Date>();
  for (const { subscriptionId, owedSince } of open) {
    const known = subscriptionId === null ? undefined : oldest.get(subscriptionId);
    if (subscriptionId !== null && (!known || owedSince < known)) {
      oldest.set(subscriptionId, owedSince);
    }
  }
  return oldest;
}
