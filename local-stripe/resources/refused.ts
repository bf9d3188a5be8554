/** Areas of Stripe's API that are refused by name, so that nobody looks for a typing error. */
const areas: readonly [prefix: string, name: string][] = [
  ['/v2/', 'API v2 (`/v2`)'],
  ['/v1/billing/credit_grants', 'billing credit grants'],
  ['/v1/billing/credit_balance', 'billing credit grants'],
  ['/v1/billing/alerts', 'billing alerts'],
  ['/v1/payment_links', 'payment links'],
  ['/v1/quotes', 'quotes'],
  ['/v1/account_links', 'Connect'],
  ['/v1/account_sessions', 'Connect'],
  ['/v1/accounts', 'Connect'],
  ['/v1/application_fees', 'Connect'],
  ['/v1/transfers', 'Connect'],
  ['/v1/sources', 'Sources'],
  ['/v1/tokens', 'tokens'],
  ['/v1/files', 'files'],
  ['/v1/file_links', 'files'],
  ['/v1/reviews', 'Radar reviews'],
  ['/v1/radar/value_lists', 'Radar rules'],
  ['/v1/radar/value_list_items', 'Radar rules'],
  ['/v1/payouts', 'payouts'],
  ['/v1/topups', 'top-ups'],
  ['/v1/shipping_rates', 'shipping'],
  ['/v1/confirmation_tokens', 'confirmation tokens'],
  ['/v1/customer_sessions', 'customer sessions'],
  ['/v1/ephemeral_keys', 'ephemeral keys'],
  ['/v1/mandates', 'mandates'],
  ['/v1/setup_attempts', 'setup attempts'],
  ['/v1/payment_method_configurations', 'payment method configurations'],
  ['/v1/payment_method_domains', 'payment method domains'],
  ['/v1/payment_records', 'payment records'],
  ['/v1/invoice_rendering_templates', 'invoice templates'],
  ['/v1/reporting', 'reports'],
  ['/v1/sigma', 'Sigma'],
  ['/v1/issuing', 'Issuing'],
  ['/v1/terminal', 'Terminal'],
  ['/v1/treasury', 'Treasury'],
  ['/v1/identity', 'Identity'],
  ['/v1/financial_connections', 'Financial Connections'],
  ['/v1/climate', 'Climate'],
];

/** What of Stripe a path belongs to that is not imitated, or null where nothing is known of it. */
export function refusedArea(path: string): string | null {
  const found = areas.find(([prefix]) => `${path}/`.startsWith(prefix));
  return found === undefined ? null : found[1];
}
