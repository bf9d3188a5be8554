import type { Field } from './compare.ts';

interface Exemption {
  /** Where, as `object.field`: see `Field.place`. */
  place: RegExp;
  why: string;
}

/** What came or went between the recorded versions and 2026-10-28.endive, as the SDK's change log and types say. */
export const moved: readonly Exemption[] = [
  { place: /\.customer_account$/, why: '2025-11 clover: a customer may be an account' },
  { place: /\.allowed_payment_method_types$/, why: '2026-09-30 endive, for payment_method_types' },
  { place: /\.managed_payments(\.|$)/, why: '2026 dahlia: managed payments' },
  { place: /^payment_intent\.payment_record$/, why: '2026 dahlia: payment records' },
  { place: /^invoice\.amount_paid_off_stripe$/, why: '2026 dahlia' },
  { place: /^line_item\.(quantity_decimal|subtotal)$/, why: '2026-03-25 dahlia' },
  { place: /^line_item\.subscription$/, why: 'required by the types of endive' },
  {
    place: /^subscription_item\.(current_trial|billed_until)$/,
    why: '2026 dahlia and endive: offers',
  },
  { place: /^subscription\.billing_schedules$/, why: '2026 dahlia' },
  {
    place: /^subscription\.cancellation_details\.feedback_option$/,
    why: '2026 dahlia: the portal',
  },
  {
    place: /^subscription\.invoice_settings\.(custom_fields|description|footer)$/,
    why: '2026 dahlia: set on the subscription',
  },
  { place: /\.trial_settings\.end_behavior\.billing_cycle_anchor$/, why: '2026-09-30 endive' },
  {
    place: /\.card\.(electronic_commerce_indicator|transaction_link_id)$/,
    why: '2026 dahlia: what the network said',
  },
  { place: /^checkout\.session\.optional_items$/, why: 'required by the types of endive' },
  {
    place: /^invoiceitem\.(frozen_fields|invoicing_rules|net_amount|quantity_decimal)$/,
    why: '2026 dahlia',
  },
  { place: /^product\.tax_details$/, why: '2026-09-30 endive' },
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
  return [...moved, ...chosen].find((one) => one.place.test(place))?.why ?? null;
}
