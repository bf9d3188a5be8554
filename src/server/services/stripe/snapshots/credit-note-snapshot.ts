import { z } from 'zod';
import { seconds, toDate } from './schemas.ts';

/** The one reader of Stripe's credit notes: what we use of them, checked. */

const creditNote = z
  .object({
    id: z.string(),
    currency: z.string(),
    created: seconds,
    status: z.string(),
    total: z.number().int(),
    post_payment_amount: z.number().int(),
    out_of_band_amount: z.number().int().nullish(),
    refunds: z.array(z.object({ amount_refunded: z.number().int() })),
  })
  .transform(({ status, created, refunds, ...note }) => {
    const isIssued = status === 'issued';
    const besideMinor = isIssued ? (note.out_of_band_amount ?? 0) : 0;
    const refundedMinor = refunds.reduce((sum, one) => sum + one.amount_refunded, 0);
    const paidMinor = isIssued ? note.post_payment_amount - refundedMinor : 0;
    return {
      id: note.id,
      currency: note.currency,
      createdAt: toDate(created),
      /** What of a paid invoice it gives back beside Stripe; what it refunds is a refund's. */
      besideMinor,
      /** What it puts on the customer's balance, for whichever invoice comes next. */
      toBalanceMinor: Math.max(0, paidMinor - besideMinor),
      /** What it gives in any way but a refund, also off what was not paid yet. */
      otherwiseMinor: isIssued ? note.total - refundedMinor : 0,
    };
  });

export type CreditNoteSnapshot = z.output<typeof creditNote>;

export function readCreditNote(answer: unknown): CreditNoteSnapshot {
  return creditNote.parse(answer);
}
