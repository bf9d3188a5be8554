import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { cancelIntent } from '../payment/intent.ts';
import { changeBalance } from './balance.ts';
import { dropPayment } from './payments.ts';

/** Calls an open invoice off: nobody owes it any more, and used credit comes back. */
export function voidInvoice(ctx: Context, before: Stripe.Invoice): Stripe.Invoice {
  if (before.status !== 'open' && before.status !== 'uncollectible') {
    throw invalidRequest(
      `You can only void open or uncollectible invoices: this one is ${before.status}.`,
      undefined,
      'status_transition_invalid',
    );
  }
  const intent = dropPayment(ctx, before.id);
  if (intent !== null && intent.status !== 'canceled') cancelIntent(ctx, intent, 'void_invoice');
  stopCollection(ctx, before.id);
  const invoice = ctx.update('invoice', before, {
    status: 'void',
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...before.status_transitions, voided_at: ctx.now },
  });
  ctx.emit('invoice.voided', invoice);
  const taken = (before.ending_balance ?? 0) - before.starting_balance;
  const customer = ctx.store.find('customer', idOf(before.customer!));
  if (taken !== 0 && customer !== undefined) {
    changeBalance(ctx, customer, {
      amount: -taken,
      currency: before.currency,
      type: 'unapplied_from_invoice',
      invoice: before.id,
    });
  }
  ctx.follow('invoice.written_off', { invoice });
  return invoice;
}

/** Written off: still owed, no longer collected. The subscription stays as it is. */
export function markUncollectible(
  ctx: Context,
  before: Stripe.Invoice,
  reason: Stripe.Invoice.StatusDetails.Uncollectible.Reason = 'user_forgiven',
): Stripe.Invoice {
  if (before.status !== 'open') {
    throw invalidRequest(
      `You can only mark open invoices as uncollectible: this one is ${before.status}.`,
      undefined,
      'status_transition_invalid',
    );
  }
  stopCollection(ctx, before.id);
  const invoice = ctx.update('invoice', before, {
    status: 'uncollectible',
    auto_advance: false,
    next_payment_attempt: null,
    status_details: { uncollectible: { reason } },
    status_transitions: { ...before.status_transitions, marked_uncollectible_at: ctx.now },
  });
  ctx.emit('invoice.marked_uncollectible', invoice);
  ctx.follow('invoice.written_off', { invoice });
  return invoice;
}

function stopCollection(ctx: Context, id: string): void {
  for (const kind of ['finalize', 'retry', 'overdue']) ctx.unschedule(`invoice.${kind}`, id);
}
