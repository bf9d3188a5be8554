import type Stripe from 'stripe';
import { couponText } from '../coupon-text.ts';
import { backUrlOf, frameOf } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { subscriptionName } from './home-model.ts';
import type { CancelView } from './leave.ts';

/** The cancel page: what ends when, what becomes of the money, and the optional reason. */
export function cancelView(visit: PortalVisit, subscription: Stripe.Subscription): CancelView {
  const { ctx, page, features, path } = visit;
  const { portal } = page.words;
  const feature = features.subscription_cancel;
  const name = subscriptionName(ctx, subscription);
  const end = Math.max(...subscription.items.data.map((item) => item.current_period_end));
  const isNow = feature.mode === 'immediately';
  const base = `${path}/subscriptions/${subscription.id}`;
  return {
    ...frameOf(visit),
    action: `${base}/cancel`,
    backUrl: backUrlOf(visit),
    consequences: [
      isNow ? portal.cancelNow(name) : portal.cancelAtEnd(name, page.date(end)),
      ...(isNow && feature.proration_behavior === 'create_prorations' ? [portal.cancelCredit] : []),
    ],
    reasons: feature.cancellation_reason.enabled ? feature.cancellation_reason.options : [],
    offer: offerOf(visit, subscription, `${base}/offer`),
  };
}

function offerOf(
  { ctx, page, session }: PortalVisit,
  subscription: Stripe.Subscription,
  action: string,
): CancelView['offer'] {
  const id = session.flow?.subscription_cancel?.retention?.coupon_offer?.coupon;
  const coupon = ctx.store.find('coupon', id ?? '');
  if (coupon === undefined) return null;
  return {
    text: page.words.portal.offerText(couponText(page, coupon, subscription.currency)),
    action,
  };
}
