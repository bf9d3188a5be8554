import type Stripe from 'stripe';
import type { ErrorBody } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';
import { address } from '../addresses.ts';
import { createCardMethod, readCardNumber } from './methods.ts';

/** A card as a person types it. */
export interface CardEntry {
  number: string;
  expMonth: number;
  /** Two digits or four. */
  expYear: number;
  cvc: string;
  name?: string | null;
  email?: string | null;
  country?: string | null;
  postalCode?: string | null;
}

/** A payment method of the card; throws 402 when no card is like that. */
export function methodOfEntry(ctx: Context, entry: CardEntry): Stripe.PaymentMethod {
  const card = readCardNumber(ctx, entry);
  return createCardMethod(ctx, {
    card,
    expMonth: entry.expMonth,
    expYear: entry.expYear,
    billing: {
      name: entry.name ?? null,
      email: entry.email ?? null,
      address: address({
        ...(entry.country ? { country: entry.country } : {}),
        ...(entry.postalCode ? { postal_code: entry.postalCode } : {}),
      }),
    },
  });
}

/** An intent's last error as the error of an answer. */
export function errorOf(
  error: Stripe.PaymentIntent.LastPaymentError | Stripe.SetupIntent.LastSetupError,
): ErrorBody {
  return { ...error, message: error.message ?? 'Your card was declined.' } as ErrorBody;
}
