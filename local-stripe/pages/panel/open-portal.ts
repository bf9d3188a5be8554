import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { newest } from '../../control/state.ts';
import { createPortalSession } from '../../portal/create-session.ts';

/** A portal session as the shop would make it: with the default configuration, else the newest. */
export function openPortal(
  local: LocalStripe,
  customer: string,
  back: string | undefined,
): { url: string } | 'noPortal' {
  const configurations = newest(local, 'billing_portal.configuration', 1000);
  const chosen =
    configurations.find(({ is_default }) => is_default) ??
    configurations.find(({ active }) => active);
  if (chosen === undefined) return 'noPortal';
  const session = local.kernel.run((ctx) =>
    createPortalSession(ctx, {
      customer,
      configuration: chosen.id,
      return_url: new URL(back ?? '/_control', local.url).href,
    }),
  );
  return { url: session.url };
}
