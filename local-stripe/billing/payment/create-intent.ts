import type Stripe from 'stripe';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { walletOptions } from './wallets.ts';

export interface IntentFacts {
  amount: number;
  currency: string;
  customer: string | null;
  paymentMethod?: string | null;
  description?: string | null;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  setupFutureUsage?: Stripe.PaymentIntent.SetupFutureUsage | null;
  captureMethod?: Stripe.PaymentIntent.CaptureMethod;
  confirmationMethod?: Stripe.PaymentIntent.ConfirmationMethod;
  automatic?: Stripe.PaymentIntent.AutomaticPaymentMethods | null;
  receiptEmail?: string | null;
  /** What is told again, see `keptOnIntent`. */
  kept?: Partial<Stripe.PaymentIntent>;
  /** The invoice of a subscription that it pays. */
  invoice?: string;
  /** The payment methods it may be paid with; default cards alone. */
  types?: readonly string[];
  allowedTypes?: readonly string[] | null;
  excludedTypes?: readonly string[] | null;
}

/** A payment intent, announced. */
export function createIntent(ctx: Context, facts: IntentFacts): Stripe.PaymentIntent {
  const id = ctx.newId('pi');
  const paymentMethod = facts.paymentMethod ?? null;
  const types = facts.types ?? ['card'];
  const { payment_method_options: toldOptions, ...told } = facts.kept ?? {};
  const intent = ctx.store.put('payment_intent', {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: facts.allowedTypes ? [...facts.allowedTypes] : null,
    amount: facts.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: facts.automatic ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: facts.captureMethod ?? 'automatic_async',
    client_secret: `${id}_secret_${ctx.newText(25)}`,
    confirmation_method: facts.confirmationMethod ?? 'automatic',
    created: ctx.now,
    currency: facts.currency,
    customer: facts.customer,
    customer_account: null,
    description: facts.description ?? null,
    excluded_payment_method_types: excludedOf(facts.excludedTypes),
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, facts.metadata),
    next_action: null,
    on_behalf_of: null,
    ...(facts.invoice === undefined ? {} : { payment_details: detailsOf(facts.invoice) }),
    payment_method: paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: {
      ...(types.includes('card') ? cardOptions() : {}),
      ...walletOptions(types),
      ...toldOptions,
    },
    payment_method_types: [...types],
    payment_record: null,
    processing: null,
    receipt_email: facts.receiptEmail ?? null,
    review: null,
    setup_future_usage: facts.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: null,
    ...told,
  });
  ctx.emit('payment_intent.created', intent);
  return intent;
}

/** Stripe fills in the invoice's id; what it tells the card's network is the beginning of it. */
function detailsOf(invoice: string): Stripe.PaymentIntent.PaymentDetails {
  return { customer_reference: null, order_reference: invoice };
}

function excludedOf(
  types: readonly string[] | null | undefined,
): Stripe.PaymentIntent['excluded_payment_method_types'] {
  return types ? [...types] : null;
}

function cardOptions(): Stripe.PaymentIntent.PaymentMethodOptions {
  return {
    card: {
      installments: null,
      mandate_options: null,
      network: null,
      request_three_d_secure: 'automatic',
    },
  };
}
