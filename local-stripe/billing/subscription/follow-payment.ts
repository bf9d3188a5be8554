import { billingSettings } from '../settings.ts';
import type Stripe from 'stripe';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context, DomainEvents } from '../../kernel/types.ts';
import { subscriptionOf } from '../invoice/subscription-of.ts';
import { endSubscription, hasEnded } from './end.ts';
import { applyPendingUpdate, givePendingUpdateUp, isPendingInvoice } from './pending-update.ts';
import { announceEntitlements } from './changed.ts';
import { pausedBy } from './paused.ts';

/** What a paid invoice does to its subscription and its customer. */
export function followPayment(ctx: Context, { invoice, card }: DomainEvents['invoice.paid']): void {
  const subscription = subscriptionOf(ctx, invoice);
  if (subscription !== null) {
    if (isPendingInvoice(ctx, invoice)) applyPendingUpdate(ctx, subscription);
    else recover(ctx, subscription, invoice, card);
  }
  updateDelinquency(ctx, idOf(invoice.customer!));
}

/** What a failed attempt does, and after the last one what the retry settings say. */
export function followFailure(
  ctx: Context,
  { invoice, isFinal }: DomainEvents['invoice.failed'],
): void {
  const subscription = subscriptionOf(ctx, invoice);
  if (subscription !== null && subscription.status !== 'incomplete') {
    const isLatest = idOrNull(subscription.latest_invoice) === invoice.id;
    const wasGood = subscription.status === 'active' || subscription.status === 'trialing';
    if (isLatest && wasGood && !isPendingInvoice(ctx, invoice)) {
      const patch = { status: 'past_due' as const };
      ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
    }
  }
  if (invoice.billing_reason !== 'subscription_create') {
    updateDelinquency(ctx, idOf(invoice.customer!));
  }
  if (isFinal && subscription !== null && !isPendingInvoice(ctx, invoice)) {
    giveUp(ctx, subscription.id, invoice);
  }
}

/** The status follows the most recent invoice that is not void. */
function recover(
  ctx: Context,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice,
  card: string | null,
): void {
  if (hasEnded(subscription)) return;
  const patch: Partial<Stripe.Subscription> = {};
  const isLatest = idOrNull(subscription.latest_invoice) === invoice.id;
  const isStuck = ['incomplete', 'past_due', 'unpaid'].includes(subscription.status);
  if (isLatest && isStuck) {
    const isTrialing = (subscription.trial_end ?? 0) > ctx.now;
    patch.status = isTrialing ? 'trialing' : 'active';
  }
  if (
    card !== null &&
    subscription.payment_settings?.save_default_payment_method === 'on_subscription'
  ) {
    patch.default_payment_method = card;
  }
  const after = ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  if (after === subscription) return;
  ctx.unschedule('subscription.incomplete', subscription.id);
  announceEntitlements(ctx, after);
}

/**
 * After an invoice was voided or written off: the status follows the most recent invoice that is not
 * void, and one written off is forgiven.
 */
export function followWriteOff(
  ctx: Context,
  { invoice }: DomainEvents['invoice.written_off'],
): void {
  const found = subscriptionOf(ctx, invoice);
  if (found !== null && invoice.status === 'void' && isPendingInvoice(ctx, invoice)) {
    givePendingUpdateUp(ctx, found.id);
  }
  updateDelinquency(ctx, idOf(invoice.customer!));
  if (found === null) return;
  const subscription = ctx.store.get('subscription', found.id);
  const stands = ctx.store.by('invoice', 'subscription', subscription.id).findLast((one) => {
    return one.status !== 'void' && one.status !== 'draft' && !isPendingInvoice(ctx, one);
  });
  if (stands?.status === 'open') return;
  if (subscription.status !== 'past_due' && subscription.status !== 'unpaid') return;
  const patch = { status: 'active' as const };
  const after = ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  announceEntitlements(ctx, after);
}

/** Automatic tax that was switched off on an invoice is off for the next ones too. */
export function followTaxDisabled(
  ctx: Context,
  { invoice }: DomainEvents['invoice.tax_disabled'],
): void {
  const subscription = subscriptionOf(ctx, invoice);
  if (subscription?.automatic_tax.enabled !== true) return;
  const automatic_tax = {
    disabled_reason: 'requires_location_inputs' as const,
    enabled: false,
    liability: null,
  };
  ctx.update('subscription', subscription, { automatic_tax }, 'customer.subscription.updated');
}

/** A sent invoice that was not paid in time makes its subscription past due. */
export function followOverdue(ctx: Context, { invoice }: DomainEvents['invoice.overdue']): void {
  const subscription = subscriptionOf(ctx, invoice);
  if (subscription?.status !== 'active') return;
  const patch = { status: 'past_due' as const };
  const after = ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  announceEntitlements(ctx, after);
}

function giveUp(ctx: Context, id: string, invoice: Stripe.Invoice): void {
  const subscription = ctx.store.get('subscription', id);
  if (hasEnded(subscription) || subscription.status === 'incomplete') return;
  switch (billingSettings(ctx.store).retry.final) {
    case 'cancel':
      endSubscription(ctx, subscription, { reason: 'payment_failed' });
      return;
    case 'unpaid': {
      const patch = { status: 'unpaid' as const };
      const after = ctx.update(
        'subscription',
        subscription,
        patch,
        'customer.subscription.updated',
      );
      announceEntitlements(ctx, after);
      break;
    }
    case 'pause': {
      const paused = ctx.store.put('subscription', {
        ...subscription,
        status: 'paused',
        status_details: pausedBy(ctx, 'final_payment_failure'),
      });
      ctx.unschedule('subscription.cycle', id);
      ctx.unschedule('subscription.upcoming', id);
      ctx.emit('customer.subscription.paused', paused);
      announceEntitlements(ctx, paused);
      break;
    }
    case 'past_due':
      break;
  }
  const open = ctx.store.get('invoice', invoice.id);
  if (open.status === 'open') ctx.store.put('invoice', { ...open, auto_advance: false });
}

/** Delinquent: an open invoice was tried and failed, of those that are collected by themselves. */
export function updateDelinquency(ctx: Context, customerId: string): void {
  const customer = ctx.store.find('customer', customerId);
  if (customer === undefined) return;
  const delinquent = ctx.store.by('invoice', 'open', customerId).some((invoice) => {
    const isFirst = invoice.billing_reason === 'subscription_create';
    const isCollected = invoice.auto_advance || subscriptionOf(ctx, invoice) !== null;
    return invoice.attempted && isCollected && !isFirst && !isPendingInvoice(ctx, invoice);
  });
  ctx.update('customer', customer, { delinquent }, 'customer.updated');
}
