import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { afterIntent } from '../invoice/pay.ts';
import { invoiceOfIntent } from '../invoice/payments.ts';
import { hasEnded } from '../subscription/end.ts';
import { confirmIntent, failChallenge } from '../payment/intent.ts';
import type { Confirmation } from '../payment/intent.ts';
import { confirmSetup, failSetupChallenge } from '../payment/setup.ts';

/** Confirms an intent on somebody's behalf, with what follows for the invoice it pays. */
export function payIntent(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  confirmation: Confirmation,
): Stripe.PaymentIntent {
  const after = confirmIntent(ctx, intent, confirmation);
  followInvoice(ctx, after, { skipsAction: true });
  return ctx.store.get('payment_intent', after.id);
}

/** The challenge page of any intent, whatever started it: passed or failed, with all that follows. */
export function settleChallenge(ctx: Context, id: string, passed: boolean): void {
  const intent = ctx.store.find('payment_intent', id);
  if (intent !== undefined) {
    assertWaiting(intent.status);
    const paymentMethod = idOrNull(intent.payment_method)!;
    const after = passed
      ? confirmIntent(ctx, intent, { paymentMethod, passed: true })
      : failChallenge(ctx, intent);
    followInvoice(ctx, after, { skipsAction: false });
    return;
  }
  const setup = ctx.store.get('setup_intent', id);
  assertWaiting(setup.status);
  if (!passed) failSetupChallenge(ctx, setup);
  else {
    const paymentMethod = idOrNull(setup.payment_method)!;
    followSetup(ctx, confirmSetup(ctx, setup, { paymentMethod, passed: true }));
  }
}

/** A subscription that waited for a card to be set up has it now. */
export function followSetup(ctx: Context, setup: Stripe.SetupIntent): void {
  if (setup.status !== 'succeeded') return;
  const [subscription] = ctx.store.by('subscription', 'pending_setup_intent', setup.id);
  if (subscription === undefined || hasEnded(subscription)) return;
  const saves = subscription.payment_settings?.save_default_payment_method === 'on_subscription';
  ctx.update(
    'subscription',
    subscription,
    {
      pending_setup_intent: null,
      ...(saves ? { default_payment_method: idOrNull(setup.payment_method) } : {}),
    },
    'customer.subscription.updated',
  );
}

function followInvoice(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  { skipsAction }: { skipsAction: boolean },
): void {
  const invoice = invoiceOfIntent(ctx, intent.id);
  if (invoice === null) return;
  // A challenge that the payer is about to answer is not yet a failure of the invoice.
  if (skipsAction && intent.status === 'requires_action') return;
  afterIntent(ctx, invoice, intent, { isAutomatic: false });
}

function assertWaiting(status: string): void {
  if (status === 'requires_action') return;
  throw invalidRequest(`Nothing is waiting for authentication here: the status is ${status}.`);
}
