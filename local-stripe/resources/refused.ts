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
];

/** What of Stripe a path belongs to that is not imitated, or null where nothing is known of it. */
export function refusedArea(path: string): string | null {
  const found = areas.find(([prefix]) => `${path}/`.startsWith(prefix));
  return found === undefined ? null : found[1];
}
