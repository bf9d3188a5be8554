import type Stripe from 'stripe';
import { cardError } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { ensureIntent, finalizeInvoice } from '../invoice/finalize.ts';
import { createInvoiceItem, keepInvoiceItem } from '../invoice/items.ts';
import type { LineDraft } from '../invoice/line.ts';
import { attemptInvoice, markPaid, methodFor } from '../invoice/pay.ts';
import { advanceInvoice } from '../invoice/advance.ts';
import { judgeCharge } from '../payment/behavior.ts';
import { declineError, thrownDecline } from '../payment/decline.ts';
import type { Debit } from '../rows.ts';
import type { Change } from './change.ts';
import { discountsAt } from './charges.ts';
import { linesOf } from './debits.ts';
import { customerOf } from './end.ts';
import { useUpOnceDiscounts } from './once-discounts.ts';
import { noMethod } from './start.ts';

export interface Billing {
  /**
   * The `payment_behavior`. `unattended`: nobody is there to be told of a missing card, so the change
   * happens and its invoice stays open.
   */
  payment: string;
  proration: string;
  prorationDate: number | null;
}

const pendingSeconds = 23 * 3600;

/** Does what a change means for the bill: now, with the next invoice, or once it is paid. */
export function billChange(
  ctx: Context,
  before: Stripe.Subscription,
  plain: Partial<Stripe.Subscription>,
  change: Change,
  billing: Billing,
): Stripe.Subscription {
  if (!isImmediate(change, billing)) return billLater(ctx, before, plain, change);
  const { invoice, items } = draftWithItems(ctx, before, change, billing);
  const patch = { ...plain, ...changedFields(before, change.next) };
  const verdict = judge(ctx, invoice, billing.payment);
  const waits = verdict !== 'succeeds' && billing.payment === 'pending_if_incomplete';
  const debits = withLines(change, invoice);
  const after = waits
    ? holdBack(ctx, before, patch, change, invoice, debits)
    : ctx.update(
        'subscription',
        before,
        { ...patch, latest_invoice: invoice.id },
        'customer.subscription.updated',
      );
  if (!waits) ctx.store.put('_billed', { id: before.id, debits });
  for (const { id } of items) ctx.emit('invoiceitem.created', ctx.store.get('invoiceitem', id));
  ctx.emit('invoice.created', invoice);
  collect(ctx, invoice, billing.payment, verdict);
  return useUpOnceDiscounts(ctx, ctx.store.get('subscription', after.id), invoice);
}

function isImmediate(change: Change, { proration }: Billing): boolean {
  const hasLines = change.prorations.length + change.periodLines.length > 0;
  return change.startsAnew || (proration === 'always_invoice' && hasLines);
}

function draftWithItems(
  ctx: Context,
  before: Stripe.Subscription,
  change: Change,
  { prorationDate }: Billing,
): { invoice: Stripe.Invoice; items: Stripe.InvoiceItem[] } {
  const customer = idOf(before.customer);
  const items = change.prorations.map((line) => keepInvoiceItem(ctx, customer, line, null));
  return {
    invoice: draftUpdateInvoice(ctx, change.next, change.periodLines, prorationDate),
    items,
  };
}

function billLater(
  ctx: Context,
  before: Stripe.Subscription,
  plain: Partial<Stripe.Subscription>,
  change: Change,
): Stripe.Subscription {
  const patch = { ...plain, ...changedFields(before, change.next) };
  const after = ctx.update('subscription', before, patch, 'customer.subscription.updated');
  ctx.store.put('_billed', { id: before.id, debits: change.debits });
  for (const line of change.prorations) createInvoiceItem(ctx, idOf(before.customer), line, null);
  return after;
}

type Verdict = 'succeeds' | 'fails' | 'waits';

/** What will become of the payment. Throws where the caller asked for all or nothing. */
function judge(ctx: Context, invoice: Stripe.Invoice, payment: string): Verdict {
  const isAutomatic = invoice.collection_method === 'charge_automatically';
  if (invoice.amount_due === 0 || !isAutomatic) return 'succeeds';
  if (payment === 'default_incomplete') return 'waits';
  const method = methodFor(ctx, invoice);
  if (method === null) {
    if (payment === 'pending_if_incomplete' || payment === 'unattended') return 'fails';
    throw noMethod();
  }
  const verdict = judgeCharge(ctx, method, false);
  if (verdict.kind === 'succeeds') return 'succeeds';
  if (payment !== 'error_if_incomplete') return 'fails';
  if (verdict.kind === 'declines') {
    const error = declineError(verdict.decline, ctx.store.get('payment_method', method), null);
    throw thrownDecline(error, {}, { keepsChanges: false });
  }
  throw cardError(
    {
      code: 'subscription_payment_intent_requires_action',
      message:
        'Payment for this subscription requires additional user action before it can be completed successfully.',
    },
    { keepsChanges: false },
  );
}

function collect(ctx: Context, draft: Stripe.Invoice, payment: string, verdict: Verdict): void {
  if (draft.collection_method === 'send_invoice') {
    advanceInvoice(ctx, draft);
    return;
  }
  const invoice = finalizeInvoice(ctx, draft);
  if (invoice.amount_due === 0) {
    markPaid(ctx, invoice, { isAutomatic: true });
  } else if (verdict === 'waits') {
    ensureIntent(ctx, invoice);
    const subscription = ctx.store.get(
      'subscription',
      idOf(invoice.parent!.subscription_details!.subscription),
    );
    if (payment !== 'default_incomplete' || subscription.status !== 'active') return;
    const patch = { status: 'past_due' as const };
    ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  } else {
    attemptInvoice(ctx, invoice, { isAutomatic: true });
  }
}

/** The change is kept aside until its invoice is paid. */
function holdBack(
  ctx: Context,
  before: Stripe.Subscription,
  patch: Partial<Stripe.Subscription>,
  change: Change,
  invoice: Stripe.Invoice,
  debits: Record<string, Debit>,
): Stripe.Subscription {
  const { next } = change;
  const expires_at = Math.min(
    ctx.now + pendingSeconds,
    ...before.items.data.map((item) => item.current_period_end),
  );
  ctx.store.put('_pending_update', { id: before.id, invoice: invoice.id, patch, debits });
  ctx.schedule(expires_at, 'subscription.pending_update', before.id);
  const moved = next.billing_cycle_anchor !== before.billing_cycle_anchor;
  const ended = next.trial_end !== before.trial_end;
  return ctx.update(
    'subscription',
    before,
    {
      latest_invoice: invoice.id,
      pending_update: {
        billing_cycle_anchor: moved ? next.billing_cycle_anchor : null,
        cancel_at_period_end: patch.cancel_at_period_end ?? null,
        discount: null,
        discounts: patch.discounts === undefined ? null : patch.discounts,
        expires_at,
        metadata: patch.metadata ?? null,
        subscription_items: next.items.data,
        trial_end: ended ? next.trial_end : null,
        trial_from_plan: null,
      },
    },
    'customer.subscription.updated',
  );
}

function draftUpdateInvoice(
  ctx: Context,
  next: Stripe.Subscription,
  lines: LineDraft[],
  prorationDate: number | null,
): Stripe.Invoice {
  return draftInvoice(ctx, {
    customer: customerOf(ctx, next),
    subscription: next,
    currency: next.currency,
    billingReason: 'subscription_update',
    lines,
    discounts: discountsAt(ctx, next, ctx.now),
    periodStart: Math.min(...next.items.data.map((item) => item.current_period_start)),
    periodEnd: ctx.now,
    sweepsPending: true,
    autoAdvance: next.pause_collection === null,
    finalizesAt: null,
    prorationDate,
  });
}

/** The parts of `next` that the change is about; everything else stays as it is then. */
function changedFields(
  before: Stripe.Subscription,
  next: Stripe.Subscription,
): Partial<Stripe.Subscription> {
  const fields = [
    'items',
    'billing_cycle_anchor',
    'status',
    'trial_end',
    'trial_start',
    'cancel_at',
  ] as const;
  const patch: Partial<Stripe.Subscription> = {};
  for (const field of fields) {
    if (next[field] !== before[field]) Object.assign(patch, { [field]: next[field] });
  }
  return patch;
}

/** Where the new debits stand, for the credits of a later change to point to. */
function withLines(change: Change, invoice: Stripe.Invoice): Record<string, Debit> {
  return Object.fromEntries(
    Object.entries(change.debits).map(([item, debit]) => {
      const billed = debit.invoice === null ? linesOf(invoice, item) : {};
      return [item, { ...debit, ...billed }];
    }),
  );
}
