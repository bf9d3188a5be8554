/**
 * Parameters that an answer does not show in the context of the walk, and what they do. Whatever is
 * neither shown, nor refused, nor here, has been forgotten.
 */
export const effects: readonly { endpoint: RegExp; param: RegExp; what: string }[] = [
  {
    endpoint: /./,
    param:
      /^(currency|customer|product|payment_method|billing_scheme|mode|ui_mode|collection_method)$/,
    what: 'as it is in the context already; another value is shown or refused',
  },
  {
    endpoint: /^POST \/v1\/customers$/,
    param: /^tax_id_data/,
    what: 'tax ids of the customer, which are listed apart',
  },
  {
    endpoint: /^POST \/v1\/customers\/:id$/,
    param: /^invoice_settings\[default_payment_method\]$/,
    what: 'an id, as in the context already',
  },
  {
    endpoint: /prices/,
    param: /^transfer_lookup_key$/,
    what: 'takes a `lookup_key` from another price',
  },
  { endpoint: /prices$/, param: /^recurring\[usage_type\]$/, what: '`licensed` is the default' },
  {
    endpoint: /subscription/,
    param: /^(proration_behavior|proration_date|billing_cycle_anchor(\[type\])?|payment_behavior)$/,
    what: 'decides on the bill of a change of items made along with it',
  },
  {
    endpoint: /subscriptions/,
    param: /^off_session$/,
    what: 'off-session is how invoices are paid',
  },
  {
    endpoint: /subscriptions/,
    param: /^trial_from_plan$/,
    what: 'the trial of the price; it has none',
  },
  {
    endpoint: /subscription/,
    param: /^(items\[0\]\[(price|plan)\]|plan)$/,
    what: 'the price of the context; `plan` is its old name, read where `price` is not given',
  },
  {
    endpoint: /subscriptions/,
    param: /^add_invoice_items\[0\]\[price_data\]\[unit_amount(_decimal)?\]$/,
    what: 'the price of a line on the next invoice',
  },
  {
    endpoint: /invoices/,
    param: /^(automatically_finalizes_at|days_until_due|pending_invoice_items_behavior)$/,
    what: 'with `auto_advance`, for an invoice that is sent, and where items wait',
  },
  {
    endpoint: /prices\/:id$/,
    param: /^tax_behavior$/,
    what: 'as in the context already; it never changes',
  },
  {
    endpoint: /invoiceitems/,
    param: /^tax_behavior$/,
    what: 'is told by the price that the amount gets',
  },
  {
    endpoint: /(payment|setup)_intents/,
    param:
      /^(return_url|off_session|error_on_requires_action|use_stripe_sdk|confirm|automatic_payment_methods)$/,
    what: 'where a challenge leads, or whether there may be one',
  },
  {
    endpoint: /payment_intents|checkout/,
    param: /^payment_method_options\[(alipay|wechat_pay)\]/,
    what: 'how a wallet is paid with; the context pays by card',
  },
  {
    endpoint: /payment_methods$/,
    param: /^card\[(cvc|exp_month|exp_year|number)\]$/,
    what: 'a card by number; the context gives a token',
  },
  {
    endpoint: /checkout\/sessions$/,
    param:
      /^subscription_data\[(billing_mode|description|invoice_settings|metadata|proration_behavior|trial_settings)\]/,
    what: 'goes to the subscription when it is paid',
  },
  {
    endpoint: /checkout\/sessions$/,
    param: /^line_items\[0\]\[(adjustable_quantity|metadata|price)\]/,
    what: 'of the line items, which are listed apart',
  },
  {
    endpoint: /billing_portal\/configurations$/,
    param:
      /^features\[(customer_update|subscription_update)\]\[enabled\]$|^features\[invoice_history\]$/,
    what: 'as it is in the context already',
  },
];
