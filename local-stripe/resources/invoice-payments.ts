import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';

export const invoicePayments = resource({
  kind: 'invoice_payment',
  path: '/v1/invoice_payments',
  references: {
    invoice: 'invoice',
    'payment.charge': 'charge',
    'payment.payment_intent': 'payment_intent',
  },
  indexes: {
    invoice: ({ invoice }) => idOf(invoice),
    payment_intent: ({ payment }) => idOrNull(payment.payment_intent),
  },
  list: {
    invoice: (one, invoice: string) => idOf(one.invoice) === invoice,
    payment: ({ payment }, wanted: { type: string; payment_intent?: string }) =>
      payment.type === wanted.type &&
      (wanted.payment_intent === undefined ||
        idOrNull(payment.payment_intent) === wanted.payment_intent),
    status: (one, status: string) => one.status === status,
  },
});
