import type Stripe from 'stripe';

declare module '../kernel/kinds.ts' {
  interface Kinds {
    webhook_endpoint: Stripe.WebhookEndpoint;

    _webhook_secret: { id: string; secret: string };
  }
}
