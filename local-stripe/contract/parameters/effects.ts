/**
 * Parameters that an answer does not show in the calls of the walk, and what they do. Whatever is
 * neither shown, nor refused, nor here, has been forgotten.
 */
export const effects: readonly { endpoint: RegExp; param: RegExp; what: string }[] = [
  {
    endpoint: /^POST \/v1\/customers$/,
    param: /^(payment_method|tax_id_data)/,
    what: 'payment methods and tax ids of the customer, which are listed apart',
  },
  {
    endpoint: /prices/,
    param: /^transfer_lookup_key$/,
    what: 'takes a `lookup_key` from another price',
  },
  {
    endpoint: /subscription/,
    param: /^(proration_behavior|proration_date|billing_cycle_anchor(\[type\])?|payment_behavior)$/,
    what: 'decides on the bill of a change of items made along with it',
  },
  {
    endpoint: /subscriptions\/:id\/pause$/,
    param: /^(bill_for|invoicing_behavior)/,
    what: 'decides on the bill of a pause, which is none in the second of the start',
  },
  { endpoint: /subscriptions\/:id\/pause$/, param: /^type$/, what: 'the only kind of pause' },
  {
    endpoint: /subscriptions$/,
    param: /^currency$/,
    what: 'one that the prices have; another is refused',
  },
  {
    endpoint: /event_summaries$/,
    param: /^limit$/,
    what: 'there is one summary in the call',
  },
  {
    endpoint: /test_clocks$/,
    param: /^customer$/,
    what: 'a customer who goes by the clock from then on',
  },
  {
    endpoint: /subscription/,
    param: /^(items\[0\]\[)?clear_usage\]?$/,
    what: 'usage records, which prices with meters do not have',
  },
  {
    endpoint: /subscriptions\/:id$/,
    param: /^items\[0\]\[deleted\]$/,
    what: 'takes an item away, which the only one cannot be',
  },
  {
    endpoint: /subscription|invoices\/:id\/pay$/,
    param: /^off_session$/,
    what: 'off-session is how invoices are paid',
  },
  {
    endpoint: /subscriptions/,
    param: /^trial_from_plan$/,
    what: 'the trial of the price; it has none',
  },
  {
    endpoint: /invoices/,
    param: /^(automatically_finalizes_at|days_until_due|pending_invoice_items_behavior)$/,
    what: 'with `auto_advance`, for an invoice that is sent, and where items wait',
  },
  {
    endpoint: /invoiceitems/,
    param: /^tax_behavior$/,
    what: 'is told by the price that the amount gets',
  },
  {
    endpoint: /credit_notes/,
    param: /^refunds\[0\]\[(amount_refunded|type)\]$/,
    what: 'all of the refund, and the only kind of refund',
  },
  {
    endpoint: /credit_notes/,
    param: /^email_type$/,
    what: 'which mail is sent; the local Stripe sends none',
  },
  {
    endpoint: /credit_notes\/preview\/lines$/,
    param: /^(effective_at|memo|metadata|reason)/,
    what: 'of the note, which its lines do not show',
  },
  {
    endpoint: /^GET .*_intents\/:id$/,
    param: /^client_secret$/,
    what: 'asked for with a publishable key; another than its own is refused',
  },
  {
    endpoint: /refunds$/,
    param: /^charge$/,
    what: 'names the payment, as `payment_intent` does in the call',
  },
  {
    endpoint: /payment_methods$/,
    param: /^card\[(cvc|exp_month|exp_year|number)\]$/,
    what: 'a card by number; the context gives a token',
  },
  {
    endpoint: /checkout\/sessions$/,
    param:
      /^(subscription_data\[(billing_mode|description|invoice_settings|metadata|proration_behavior|trial_settings)\]|customer_update)/,
    what: 'goes to the subscription or the customer when it is paid',
  },
  {
    endpoint: /checkout\/sessions$/,
    param: /^payment_intent_data\[/,
    what: 'goes to the payment intent when it is paid',
  },
  {
    endpoint: /checkout\/sessions$/,
    param: /^payment_method_options\[(alipay|wechat_pay)\]/,
    what: 'that wallets pay once and on the web, as they do anyway; anything else is refused',
  },
  {
    endpoint: /checkout\/sessions$/,
    param: /^line_items\[0\]\[(adjustable_quantity|metadata|price)\]/,
    what: 'of the line items, which are listed apart',
  },
  {
    endpoint: /billing_portal\/configurations/,
    param:
      /^features\[(customer_update|subscription_update)\]\[enabled\]$|^features\[invoice_history\]$/,
    what: 'as it is in the context already',
  },
  {
    endpoint: /webhook_endpoints$/,
    param: /^connect$/,
    what: 'true is refused, since there is no Connect; false is the default',
  },
];
