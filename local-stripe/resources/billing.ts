import { account, balance } from './account.ts';
import { balanceTransactions, charges } from './charges.ts';
import { creditNotes } from './credit-notes.ts';
import { customerBalanceTransactions } from './customer-balance.ts';
import { disputes } from './disputes.ts';
import { invoiceItems } from './invoice-items.ts';
import { invoicePayments } from './invoice-payments.ts';
import { invoices, lineItems } from './invoices.ts';
import { paymentIntents } from './payment-intents.ts';
import { paymentMethods } from './payment-methods.ts';
import { earlyFraudWarnings } from './radar.ts';
import { refunds } from './refunds.ts';
import { setupIntents } from './setup-intents.ts';
import { subscriptionItems } from './subscription-items.ts';
import { subscriptionSchedules } from './subscription-schedules.ts';
import { subscriptions } from './subscriptions.ts';

/** What is billed, and how it is paid. */
export const billing = [
  paymentMethods,
  paymentIntents,
  setupIntents,
  charges,
  balanceTransactions,
  refunds,
  disputes,
  subscriptions,
  subscriptionItems,
  subscriptionSchedules,
  invoices,
  lineItems,
  invoiceItems,
  invoicePayments,
  customerBalanceTransactions,
  creditNotes,
  account,
  balance,
  earlyFraudWarnings,
];
