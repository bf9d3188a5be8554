import type Stripe from 'stripe';
import type { Context } from '../kernel/types.ts';

/** How the pages call whoever sells: as the session's branding says, else as the account is called. */
export function merchantOf(ctx: Context, session: Stripe.Checkout.Session | null): string {
  return session?.branding_settings?.display_name || ctx.businessName;
}
