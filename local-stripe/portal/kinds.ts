import type Stripe from 'stripe';
import type { PortalRow } from './row.ts';

declare module '../kernel/kinds.ts' {
  interface Kinds {
    'billing_portal.configuration': Stripe.BillingPortal.Configuration;
    'billing_portal.session': Stripe.BillingPortal.Session;

    _portal: PortalRow;
  }
}
