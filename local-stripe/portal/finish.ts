import type Stripe from 'stripe';
import type { Context } from '../kernel/types.ts';

/** What was just done, as the portal says it at the top of its first page. */
export const doneKinds = [
  'canceled',
  'resumed',
  'updated',
  'scheduled',
  'card',
  'removed',
  'default',
  'details',
  'paused',
  'unpaused',
  'offer',
] as const;
export type DoneKind = (typeof doneKinds)[number];

/**
 * Where the person goes on after something was done: a session opened for one flow does what its
 * `after_completion` says, any other shows the portal's first page.
 */
export function finishStep(
  ctx: Context,
  session: Stripe.BillingPortal.Session,
  done: DoneKind,
): string {
  const home = `/p/session/${session.id}?done=${done}`;
  const row = ctx.store.get('_portal', session.id);
  if (session.flow === null || row.flowDone) return home;
  ctx.store.put('_portal', { ...row, flowDone: true });
  const { type, redirect } = session.flow.after_completion;
  if (type === 'redirect' && redirect !== null) return redirect.return_url;
  return type === 'hosted_confirmation'
    ? `/p/session/${session.id}/confirmation?done=${done}`
    : home;
}
