/**
 * Fields whose value each world makes by itself: that both have one, and of the same form, is all
 * that can agree.
 */
export const ofEachWorld: readonly { field: RegExp; form?: RegExp; why: string }[] = [
  { field: /client_secret$/, form: /^[a-z]+_\w+_secret_\w+$/, why: 'random' },
  { field: /fingerprint$/, form: /^\w{16}$/, why: 'of the card number and the account' },
  { field: /invoice_prefix$/, form: /^[A-Z0-9]{8}$/, why: 'random, of each customer' },
  {
    field: /(^|\.)number$/,
    form: /^[A-Z0-9]{8}-\d{4}(-CN-\d{2})?$/,
    why: 'begins with that prefix',
  },
  { field: /authorization_code$/, form: /^\w{6}$/, why: "the bank's" },
  { field: /network_transaction_id$/, form: /^\d{15}$/, why: "the network's" },
  { field: /coupon\.times_redeemed$/, why: 'what the account did before' },
  { field: /risk_score$/, why: "Radar's" },
  { field: /calculated_statement_descriptor$/, form: /^[A-Z ]{5,22}$/, why: "the account's name" },
  { field: /(account_name|display_name)$/, form: /./, why: "the account's name" },
  {
    field: /(hosted_invoice_url|invoice_pdf|pdf|receipt_url|request_log_url|(^|\.)url)$/,
    form: /^https?:\/\//,
    why: 'begins with where Stripe is reached, and holds random text',
  },
];
