import type { Field } from './compare.ts';

interface Exemption {
  /** Where, as `object.field`: see `Field.place`. */
  place: RegExp;
  why: string;
}

/** What came to be in a release of the SDK, as its change log says there in a line with `words`. */
interface Release {
  place: RegExp;
  /** Version and day: `22.2.0 - 2026-05-27`. */
  release: string;
  /** What a line of that release's notes holds, each. */
  words: readonly string[];
}

/**
 * What came between the recorded versions (2025-10-29.clover, 2026-03-25.dahlia) and ours. A test looks
 * each one up in the change log of the installed SDK.
 */
export const released: readonly Release[] = [
  {
    place: /\.customer_account$/,
    release: '20.1.0 - 2025-12-16',
    words: ['`customer_account`', '`Subscription`'],
  },
  {
    place: /^line_item\.subtotal$/,
    release: '20.1.0 - 2025-12-16',
    words: ['`subtotal`', '`InvoiceLineItem`'],
  },
  {
    place: /^(line_item|invoiceitem)\.quantity_decimal$/,
    release: '21.0.0 - 2026-03-25',
    words: ['`quantity_decimal`', '`InvoiceLineItem`', '`InvoiceItem`'],
  },
  {
    place: /^credit_note_line_item\.metadata(\.|$)/,
    release: '21.0.0 - 2026-03-25',
    words: ['`metadata`', '`CreditNoteLineItem`'],
  },
  {
    place: /\.managed_payments(\.|$)/,
    release: '22.1.0 - 2026-04-23',
    words: ['`managed_payments`', '`Checkout.Session`', '`PaymentIntent`', '`Subscription`'],
  },
  {
    place: /^invoice\.amount_paid_off_stripe$/,
    release: '22.2.0 - 2026-05-27',
    words: ['`amount_paid_off_stripe`', '`Invoice`'],
  },
  {
    place: /^subscription_item\.billed_until$/,
    release: '22.2.0 - 2026-05-27',
    words: ['`billed_until`', '`SubscriptionItem`'],
  },
  {
    place: /^subscription\.billing_schedules$/,
    release: '22.2.0 - 2026-05-27',
    words: ['`billing_schedules`', '`Subscription`'],
  },
  {
    place: /^subscription\.invoice_settings\.(custom_fields|description|footer)$/,
    release: '22.3.0 - 2026-06-24',
    words: ['`custom_fields`', '`description`', '`footer`', '`Subscription.invoice_settings`'],
  },
  {
    place: /^charge\.payment_method_details\.card\.transaction_link_id$/,
    release: '22.3.0 - 2026-06-24',
    words: ['`transaction_link_id`', '`Charge.payment_method_details.card`'],
  },
  {
    place: /^refund\.(customer|customer_account)$/,
    release: '22.4.0 - 2026-07-29',
    words: ['`customer`', '`Refund`'],
  },
  {
    place: /^refund\.payment_method$/,
    release: '22.4.0 - 2026-07-29',
    words: ['`payment_method`', '`Refund`'],
  },
  {
    place: /^(payment|setup)_intent\.allowed_payment_method_types$/,
    release: '22.4.0 - 2026-07-29',
    words: ['`allowed_payment_method_types`', '`PaymentIntent`', '`SetupIntent`'],
  },
  {
    place: /^checkout\.session\.allowed_payment_method_types$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`allowed_payment_method_types`', '`Checkout.Session`'],
  },
  {
    place: /^subscription\.cancellation_details\.feedback_option$/,
    release: '22.6.0 - 2026-08-26',
    words: ['`feedback_option`', '`Subscription.cancellation_details`'],
  },
  {
    place: /^invoiceitem\.frozen_fields$/,
    release: '22.6.0 - 2026-08-26',
    words: ['`frozen_fields`', '`InvoiceItem`'],
  },
  {
    place: /^invoiceitem\.invoicing_rules$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`invoicing_rules`', '`InvoiceItem`'],
  },
  {
    place: /^payment_intent\.payment_record$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`payment_record`', '`PaymentIntent`'],
  },
  {
    place: /^subscription_item\.current_trial$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`current_trial`', '`SubscriptionItem`'],
  },
  {
    place: /\.trial_settings\.end_behavior\.billing_cycle_anchor$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`billing_cycle_anchor`', '`Subscription.trial_settings.end_behavior`'],
  },
  {
    place: /^charge\.payment_method_details\.card\.electronic_commerce_indicator$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`electronic_commerce_indicator`', '`Charge.payment_method_details.card`'],
  },
  {
    place: /^product\.tax_details$/,
    release: '23.0.0 - 2026-09-30',
    words: ['`tax_details`', '`Product`'],
  },
];

/** What differs though no change log says so. */
export const unannounced: readonly Exemption[] = [
  { place: /^line_item\.subscription$/, why: 'required by the types; no recorded answer has it' },
  {
    place: /^checkout\.session\.optional_items$/,
    why: 'required by the types; no recorded session has it',
  },
  {
    place: /^payment_intent\.payment_details\.order_reference$/,
    why: 'the first 25 characters of the id until 2025, all of it in 2026-03-25.dahlia',
  },
  {
    place: /\.next_action\.use_stripe_sdk\./,
    why: 'for Stripe.js alone; the types: the shape of the contents is subject to change',
  },
];

/** What the owner of the recorded account had chosen in the Dashboard, and could choose otherwise. */
export const chosen: readonly Exemption[] = [
  { place: /\.payment_method_types$/, why: 'methods that were turned on; here those imitated are' },
  {
    place: /\.payment_method_options\.(?!card\b)/,
    why: 'goes with the methods that were turned on',
  },
  { place: /\.payment_method_configuration_details(\.|$)/, why: 'the name of that choice' },
];

/** Parameters that 2026-09-30.endive spells otherwise, in its spelling. */
export function inOurVersion(path: string, form: [string, string][]): [string, string][] {
  const takesObject = /^\/v1\/(subscriptions\/|invoices\/create_preview)/.test(path);
  return form
    .filter(([name]) => !/^payment_method_types(\[|$)/.test(name))
    .map(([name, value]) => {
      const isAnchor = /(^|\[)billing_cycle_anchor\]?$/.test(name);
      return takesObject && isAnchor ? [`${name}[type]`, value] : [name, value];
    });
}

/** The reason why this field may differ, or null. */
export function whyExempt({ place }: Field): string | null {
  const found = [...unannounced, ...chosen].find((one) => one.place.test(place));
  return found?.why ?? released.find((one) => one.place.test(place))?.release ?? null;
}
