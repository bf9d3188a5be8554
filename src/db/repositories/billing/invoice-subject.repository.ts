import { inArray } from 'drizzle-orm';
import type { PaymentSubject } from '../../../domain/billing/payment-view.ts';
import type { Db } from '../../client.ts';
import { creditPurchases, statements, type Payment } from '../../schema/index.ts';

/** What invoices are for, by their ids at Stripe. */
export async function findInvoiceSubjects(
  db: Db,
  payments: readonly Payment[],
): Promise<Map<string, PaymentSubject>> {
  const ids = payments.map(({ stripeInvoiceId }) => stripeInvoiceId);
  if (ids.length === 0) return new Map();
  const [packs, bills] = await Promise.all([
    db
      .select({ id: creditPurchases.stripeInvoiceId })
      .from(creditPurchases)
      .where(inArray(creditPurchases.stripeInvoiceId, ids)),
    db
      .select({ id: statements.stripeInvoiceId })
      .from(statements)
      .where(inArray(statements.stripeInvoiceId, ids)),
  ]);
  const subjects = new Map<string, PaymentSubject>(
    payments
      .filter((one) => one.stripeSubscriptionId !== null)
      .map((one) => [one.stripeInvoiceId, 'subscription']),
  );
  for (const { id } of packs) subjects.set(id!, 'pack');
  for (const { id } of bills) subjects.set(id!, 'statement');
  return subjects;
}
