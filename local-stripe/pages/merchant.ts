import type Stripe from 'stripe';

/**
 * How the pages call whoever sells. A real account has a business name; here a session's branding
 * names it, else the host its links lead back to, unless that is this machine.
 */
export function merchantOf(session: Stripe.Checkout.Session | null, url?: string | null): string {
  const named = session?.branding_settings?.display_name ?? '';
  if (named !== '') return named;
  const back = url ?? session?.success_url ?? null;
  if (back === null || !URL.canParse(back)) return fallback;
  const { hostname } = new URL(back);
  return hostname === 'localhost' || /^[\d.]+$|^\[/.test(hostname) ? fallback : hostname;
}

const fallback = 'Test shop';
