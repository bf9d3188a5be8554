import type Stripe from 'stripe';
import { StripeError } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import { assertPayable } from './create.ts';
import { sessionTotals } from './session.ts';

export type QuantityRefusal =
  { reason: 'bounds'; minimum: number; maximum: number } | { reason: 'empty' | 'refused' };

/**
 * The payer wants another quantity of a line that may be adjusted; 0 takes it out. Null: the session
 * is changed. A session keeps something to buy (and a subscription something that recurs).
 */
export function adjustQuantity(
  ctx: Context,
  session: Stripe.Checkout.Session,
  lineId: string,
  quantity: number,
): QuantityRefusal | null {
  const before = ctx.store.get('_checkout', session.id);
  const line = before.lines.find(({ id }) => id === lineId);
  if (!line?.adjustable) return { reason: 'refused' };
  const { minimum, maximum } = line.adjustable;
  if (!Number.isInteger(quantity) || quantity < minimum || quantity > maximum) {
    return { reason: 'bounds', minimum, maximum };
  }
  const lines = before.lines
    .map((one) => (one.id === lineId ? { ...one, quantity } : one))
    .filter((one) => one.quantity !== 0);
  const needsRecurring = session.mode === 'subscription';
  const isEmpty = !lines.some(({ price }) => {
    return !needsRecurring || ctx.store.get('price', price).recurring !== null;
  });
  if (isEmpty) return { reason: 'empty' };
  try {
    ctx.attempt(() => {
      const row = ctx.store.put('_checkout', { ...before, lines });
      const totals = sessionTotals(ctx, session, row);
      assertPayable({ ...session, ...totals });
      ctx.store.put('checkout.session', { ...session, ...totals });
    });
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    return { reason: 'refused' };
  }
  return null;
}
