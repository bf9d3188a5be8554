import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

const day = 86_400;
const startOfDay = (at: number) => at - (at % day);

/** How long `automatic_async` takes to book what it captured; Stripe promises an hour at most. */
const bookingSeconds = 60;

/** Books money that came (positive) or went; answers the id. Fees as for a card in test mode. */
export function recordBalance(
  ctx: Context,
  entry: {
    amount: number;
    currency: string;
    source: string;
    type: 'charge' | 'refund' | 'adjustment' | 'refund_failure';
    feeMinor?: number;
    description?: string | null;
  },
): string {
  const fee =
    entry.feeMinor ?? (entry.type === 'charge' ? Math.round(entry.amount * 0.029) + 30 : 0);
  return ctx.store.put('balance_transaction', {
    id: ctx.newId('txn'),
    object: 'balance_transaction',
    amount: entry.amount,
    available_on: startOfDay(ctx.now + 7 * day),
    balance_type: 'payments',
    created: ctx.now,
    currency: entry.currency,
    description: entry.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: entry.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: entry.amount - fee,
    reporting_category: entry.type === 'adjustment' ? 'dispute' : entry.type,
    source: entry.source,
    status: 'pending',
    type: entry.type,
  }).id;
}

/**
 * Books a charge whose money was captured by itself; null when the intent is captured asynchronously,
 * which is booked a moment later (Stripe's "Asynchronous capture").
 */
export function bookCapture(
  ctx: Context,
  { amount, capture_method, currency, description }: Stripe.PaymentIntent,
  charge: string,
): string | null {
  if (capture_method === 'automatic_async') {
    ctx.schedule(ctx.now + bookingSeconds, 'charge.booked', charge);
    return null;
  }
  return recordBalance(ctx, { amount, currency, source: charge, type: 'charge', description });
}

/** What was captured asynchronously is booked, and told of. */
export function bookCharge(ctx: Context, id: string): void {
  const charge = ctx.store.find('charge', id);
  if (charge === undefined) return;
  const { amount_captured: amount, currency, description } = charge;
  const entry = { amount, currency, source: id, type: 'charge' as const, description };
  const balance_transaction = recordBalance(ctx, entry);
  ctx.update('charge', charge, { balance_transaction }, 'charge.updated');
}
