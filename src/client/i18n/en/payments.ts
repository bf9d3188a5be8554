import type { InvoiceStatus } from '../../subscription/invoice-status.ts';

const status: Record<InvoiceStatus, string> = {
  draft: 'In preparation',
  open: 'Open',
  paid: 'Paid',
  void: 'Void',
  uncollectible: 'Not collected',
  refunded: 'Refunded',
  partly_refunded: 'Partly refunded',
  failed: 'Failed',
  disputed: 'Disputed',
  dispute_lost: 'Charged back',
};

export default {
  title: 'Invoices',
  caption: 'Your invoices, newest first',
  empty: 'No invoices yet.',
  more: 'Show earlier',
  details: 'Billing details',
  columns: {
    date: 'Date',
    number: 'Number',
    reason: 'For',
    amount: 'Amount',
    status: 'Status',
    file: 'Document',
  },
  status,
  refunded: '{amount} refunded',
  dispute: {
    open: '{amount} is disputed at the bank.',
    won: 'A dispute over {amount} was decided for us.',
    lost: 'The bank took {amount} back.',
  },
  pdf: 'PDF',
  pdfOf: 'PDF of invoice {number}',
  view: 'View',
  viewOf: 'View invoice {number}',
  pay: 'Pay',
  payOf: 'Pay invoice {number}',
  draftNumber: 'Draft',
  reason: {
    subscription_create: 'First payment',
    subscription_cycle: 'Renewal',
    subscription_update: 'Plan change',
    manual: 'Single invoice',
    other: 'Invoice',
  },
  failure: {
    card_declined: 'The card was declined.',
    insufficient_funds: 'There was not enough money on the card.',
    expired_card: 'The card has expired.',
    authentication_required: 'The bank wants a confirmation.',
    other: 'The payment failed.',
  },
};
