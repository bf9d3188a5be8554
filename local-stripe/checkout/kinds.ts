import type Stripe from 'stripe';
import type { CheckoutRow } from './row.ts';

declare module '../kernel/kinds.ts' {
  interface Kinds {
    'checkout.session': Stripe.Checkout.Session;

    _checkout: CheckoutRow;
  }
}
