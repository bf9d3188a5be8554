import type { Store } from '../kernel/store.ts';

const day = 86_400;

/** What the Dashboard would be used for: retries, reminders, tax, and how payments end. */
export interface BillingSettingsRow {
  id: 'settings';
  retry: RetrySettings;
  invoiceRetry: InvoiceRetrySettings;
  /** Days before a renewal at which `invoice.upcoming` is sent. */
  upcomingDays: number;
  /** How wallets (Alipay, WeChat Pay) tell what became of a payment. */
  delayedPayments: DelayedPayments;
  /** How wallets end refunds. */
  walletRefunds: WalletRefunds;
  tax: TaxSettings;
}

export interface RetrySettings {
  /** Attempts in all, the first included. */
  attempts: number;
  spacingSeconds: number;
  final: 'cancel' | 'unpaid' | 'past_due' | 'pause';
}

/** Of one-off invoices, which have settings of their own. */
export interface InvoiceRetrySettings {
  attempts: number;
  spacingSeconds: number;
  /** What becomes of the invoice after the last attempt. */
  final: 'open' | 'uncollectible';
}

/** 0 seconds: at once. Else the payment is `processing` until then, and ends in `outcome`. */
export interface DelayedPayments {
  seconds: number;
  outcome: 'succeeded' | 'failed';
}

/** Null seconds: as long as each wallet takes. */
export interface WalletRefunds {
  seconds: number | null;
  outcome: 'succeeded' | 'failed';
}

/** Where the business is, and where it collects tax; null: the table that comes along. */
export interface TaxSettings {
  country: string;
  registrations: TaxRegistration[] | null;
}

/** Tax is collected from customers in that country, or in that state of it alone. */
export interface TaxRegistration {
  country: string;
  state?: string;
  percentage: number;
  tax: 'gst' | 'jct' | 'sales_tax' | 'vat';
}

/** As an account comes: eight attempts within two weeks, then the subscription is canceled. */
const defaultSettings: BillingSettingsRow = {
  id: 'settings',
  retry: { attempts: 8, spacingSeconds: 2 * day, final: 'cancel' },
  invoiceRetry: { attempts: 8, spacingSeconds: 2 * day, final: 'open' },
  upcomingDays: 7,
  delayedPayments: { seconds: 0, outcome: 'succeeded' },
  walletRefunds: { seconds: null, outcome: 'succeeded' },
  tax: { country: 'US', registrations: null },
};

export function billingSettings(store: Store): BillingSettingsRow {
  // What an older state does not know is as an account comes.
  return { ...defaultSettings, ...store.find('_billing_settings', 'settings') };
}

/** Changes some settings; inside a transaction. */
export function changeBilling(
  store: Store,
  change: Partial<Omit<BillingSettingsRow, 'id'>>,
): BillingSettingsRow {
  return store.put('_billing_settings', { ...billingSettings(store), ...change });
}
