import type { Context as HonoContext, Hono } from 'hono';
import type Stripe from 'stripe';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { StripeError } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import { changeAtPeriodEnd, changeNow, timingOf } from '../../portal/change-plan.ts';
import type { PlanChange } from '../../portal/change-plan.ts';
import { finishStep } from '../../portal/finish.ts';
import { readForm, show } from '../visitor.ts';
import { renderChoose, renderConfirm } from './change.ts';
import { chooseView, confirmView } from './change-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { readChange } from './read-change.ts';
import { visitSubscription } from './visit.ts';

const base = '/p/session/:id/subscriptions/:subscription/update';

/** Changing the plan: choose, see what it costs, confirm. */
export function changeRoutes(app: Hono, getLocal: () => LocalStripe): void {
  app.get(base, (c) =>
    visitSubscription(c, getLocal(), 'change', (visit, subscription) =>
      show(c, renderChoose(chooseView(visit, subscription, null, null))),
    ),
  );
  app.get(`${base}/confirm`, (c) =>
    visitSubscription(c, getLocal(), 'change', (visit, subscription) => {
      const values = c.req.query();
      const read = readChange(visit, subscription, values);
      if ('error' in read) {
        const error = read.promotionError === null ? read.error : null;
        const view = chooseView(
          { ...visit, error },
          subscription,
          values['price'] ?? null,
          read.promotionError,
        );
        return show(c, renderChoose(view), 400);
      }
      return show(c, renderConfirm(confirmView(visit, subscription, read.change)));
    }),
  );
  app.post(base, async (c) => {
    const values = await readForm(c);
    return visitSubscription(c, getLocal(), 'change', (visit, subscription) => {
      const read = readChange(visit, subscription, values);
      if ('error' in read) {
        const view = chooseView({ ...visit, error: read.error }, subscription, null, null);
        return show(c, renderChoose(view), 400);
      }
      return change(c, visit, subscription, read.change);
    });
  });
}

function change(
  c: HonoContext,
  visit: PortalVisit,
  subscription: Stripe.Subscription,
  wanted: PlanChange,
): Response | Promise<Response> {
  const { kernel, ctx, page, session, features } = visit;
  const feature = features.subscription_update;
  if (timingOf(ctx, feature, subscription, wanted) === 'period_end') {
    changeAtPeriodEnd(kernel, ctx, subscription, wanted);
    return c.redirect(finishStep(ctx, session, 'scheduled'), 303);
  }
  try {
    const changed = ctx.attempt(() => changeNow(kernel, ctx, feature, subscription, wanted));
    if (changed.pending_update === null) {
      return c.redirect(finishStep(ctx, session, 'updated'), 303);
    }
    // It waits for its payment, which the hosted invoice takes: another card, or the challenge.
    const invoice = idOrNull(changed.latest_invoice);
    return c.redirect(invoice === null ? visit.path : `/i/${invoice}`, 303);
  } catch (error) {
    if (!(error instanceof StripeError) || error.status !== 402) throw error;
    const failed = { ...visit, error: page.words.portal.paymentFailed };
    return show(c, renderConfirm(confirmView(failed, subscription, wanted)), 402);
  }
}
