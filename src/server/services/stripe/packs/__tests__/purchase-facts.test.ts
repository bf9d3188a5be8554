import { expect, test } from 'vitest';
import type { ChargeReading } from '../../charges.ts';
import type { InvoiceSnapshot } from '../../snapshots/invoice-snapshot.ts';
import { readingOf } from '../purchase-facts.ts';

/** A bank's debit is charged on the first day, and its money is there on the fifth. */
const [ordered, arrived] = [new Date('2026-11-02T10:00:00Z'), new Date('2026-11-06T10:00:00Z')];
const invoice = {
  ...{ id: 'in_1', status: 'paid', totalMinor: 600, amountPaidMinor: 600, fromBalanceMinor: 0 },
  ...{ paidAt: arrived, paymentIntentId: 'pi_1' },
} as InvoiceSnapshot;
const found = {
  charge: { amountMinor: 600, amountRefundedMinor: 0, disputed: false, createdAt: ordered },
  ...{ refunds: [], dispute: null, notes: [] },
} as unknown as ChargeReading;

test('12.41 an automatic purchase is paid when its money is there, not when it was charged', () => {
  expect(readingOf(invoice, found, []).facts).toMatchObject({ payment: 'paid', paidAt: arrived });
});
