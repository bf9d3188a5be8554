import { z } from '@hono/zod-openapi';
import type { PaymentsPage } from '../../domain/api.ts';
import { PAYMENT_SUBJECTS } from '../../domain/billing/payment-view.ts';

const instant = z.iso.datetime();
const minor = z.number().int();

export const paymentsSchema = z
  .object({
    payments: z.array(
      z.object({
        id: z.uuid(),
        number: z.string().nullable(),
        status: z.enum(['draft', 'open', 'paid', 'void', 'uncollectible']),
        amountDueMinor: minor,
        amountPaidMinor: minor,
        fromBalanceMinor: minor.openapi({
          description: 'What the balance that Stripe holds for the customer paid of it.',
        }),
        amountRefundedMinor: minor.openapi({
          description:
            'What of both went back: refunded, credited to the balance, or beside Stripe.',
        }),
        currency: z.string(),
        about: z.enum(PAYMENT_SUBJECTS).openapi({ description: 'What it is for.' }),
        reason: z.string(),
        periodStart: instant.nullable(),
        periodEnd: instant.nullable(),
        paidAt: instant.nullable(),
        failure: z.object({ code: z.string(), message: z.string() }).nullable(),
        dispute: z
          .object({ outcome: z.enum(['open', 'won', 'lost']), amountMinor: minor })
          .nullable()
          .openapi({ description: 'What the cardholder questions at the bank, and how it ended.' }),
        hostedInvoiceUrl: z.string().nullable(),
        invoicePdf: z.string().nullable(),
        createdAt: instant,
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('Payments') satisfies z.ZodType<PaymentsPage>;
