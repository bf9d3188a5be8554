import type Stripe from 'stripe';

declare module '../kernel/vocabulary.ts' {
  interface Vocabulary {
    eventType: Stripe.Event.Type;
  }
}
