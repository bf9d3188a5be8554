import type { Hono } from 'hono';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { callApi } from '../../portal/api.ts';
import { finishStep } from '../../portal/finish.ts';
import { cancelInPortal } from '../../portal/leave.ts';
import { readForm, show } from '../visitor.ts';
import { renderCancel } from './leave.ts';
import { cancelView } from './leave-model.ts';
import { notAllowed, visitSubscription } from './visit.ts';

const base = '/p/session/:id/subscriptions/:subscription';

/** Cancelling, with its optional reason, and the offer to whoever stays. */
export function cancelRoutes(app: Hono, getLocal: () => LocalStripe): void {
  app.get(`${base}/cancel`, (c) =>
    visitSubscription(c, getLocal(), 'cancel', (visit, subscription) =>
      show(c, renderCancel(cancelView(visit, subscription))),
    ),
  );
  app.post(`${base}/cancel`, async (c) => {
    const values = await readForm(c);
    return visitSubscription(c, getLocal(), 'cancel', (visit, subscription) => {
      const { kernel, ctx, session, features } = visit;
      const feature = features.subscription_cancel;
      const feedback = values['feedback'] ?? '';
      const comment = (values['comment'] ?? '').trim().slice(0, 2000);
      cancelInPortal(kernel, ctx, feature, subscription, {
        feedback: feature.cancellation_reason.options.includes(feedback) ? feedback : null,
        comment: comment === '' ? null : comment,
      });
      return c.redirect(finishStep(ctx, session, 'canceled'), 303);
    });
  });
  app.post(`${base}/offer`, (c) =>
    visitSubscription(c, getLocal(), 'cancel', (visit, subscription) => {
      const { kernel, ctx, session } = visit;
      const coupon = session.flow?.subscription_cancel?.retention?.coupon_offer?.coupon;
      if (coupon === undefined) return notAllowed(c, visit);
      callApi(kernel, ctx, 'POST /v1/subscriptions/:id', subscription.id, {
        discounts: [{ coupon }],
      });
      return c.redirect(finishStep(ctx, session, 'offer'), 303);
    }),
  );
}
