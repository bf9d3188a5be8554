import { Hono } from 'hono';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import type { Context as HonoContext } from 'hono';
import { finishStep, doneKinds } from '../../portal/finish.ts';
import { releaseSchedule } from '../../portal/change-plan.ts';
import { resumeInPortal } from '../../portal/leave.ts';
import { html } from 'hono/html';
import { renderMessage } from '../document.ts';
import { show } from '../visitor.ts';
import { cancelRoutes } from './cancel-routes.ts';
import { cardRoutes } from './card-routes.ts';
import { changeRoutes } from './change-routes.ts';
import { doneText } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { pauseRoutes } from './pause-routes.ts';
import { renderPortalHome } from './home.ts';
import { homeView } from './home-model.ts';
import { visitPortal, visitSubscription } from './visit.ts';

/** The customer portal: `/p/session/:id`. */
export function portalRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();

  app.get('/p/session/:id', (c) =>
    visitPortal(c, getLocal(), (visit) => {
      const start = flowStart(visit);
      return start === null ? show(c, renderPortalHome(homeView(visit))) : c.redirect(start, 303);
    }),
  );
  app.get('/p/session/:id/confirmation', (c) =>
    visitPortal(c, getLocal(), (visit) => confirmation(c, visit)),
  );
  app.post('/p/session/:id/subscriptions/:subscription/resume', (c) =>
    visitSubscription(c, getLocal(), 'resume', ({ kernel, ctx, session }, subscription) => {
      resumeInPortal(kernel, ctx, subscription);
      return c.redirect(finishStep(ctx, session, 'resumed'), 303);
    }),
  );
  app.post('/p/session/:id/subscriptions/:subscription/keep', (c) =>
    visitSubscription(c, getLocal(), 'change', ({ kernel, ctx, session }, subscription) => {
      releaseSchedule(kernel, ctx, subscription);
      return c.redirect(finishStep(ctx, session, 'resumed'), 303);
    }),
  );
  changeRoutes(app, getLocal);
  cancelRoutes(app, getLocal);
  cardRoutes(app, getLocal);
  pauseRoutes(app, getLocal);
  return app;
}

/** Where a session that was opened for one flow begins; null once that is done. */
function flowStart({ ctx, session, path }: PortalVisit): string | null {
  const { flow } = session;
  if (flow === null || ctx.store.get('_portal', session.id).flowDone) return null;
  const of = (subscription: string): string => `${path}/subscriptions/${subscription}`;
  if (flow.type === 'payment_method_update') return `${path}/payment_methods/new`;
  if (flow.type === 'customer_update') return `${path}/customer`;
  if (flow.subscription_cancel) return `${of(flow.subscription_cancel.subscription)}/cancel`;
  if (flow.subscription_pause) return `${of(flow.subscription_pause.subscription)}/pause`;
  if (flow.subscription_update) return `${of(flow.subscription_update.subscription)}/update`;
  if (!flow.subscription_update_confirm) return null;
  const { subscription, items } = flow.subscription_update_confirm;
  const query = new URLSearchParams();
  const [item] = items;
  if (item?.price) query.set('price', item.price);
  if (item?.quantity !== undefined) query.set('quantity', String(item.quantity));
  return `${of(subscription)}/update/confirm?${query.toString()}`;
}

/** The end of a flow with `after_completion.type=hosted_confirmation`. */
function confirmation(c: HonoContext, visit: PortalVisit): Promise<Response> {
  const { page, session, done } = visit;
  const { portal } = page.words;
  const kind = doneKinds.find((known) => known === done);
  const custom = session.flow?.after_completion.hosted_confirmation?.custom_message ?? null;
  const merchant = visit.ctx.businessName;
  const body = renderMessage({
    page,
    merchant,
    mark: 'good',
    title: portal.doneTitle,
    text: custom ?? (kind === undefined ? null : doneText(page, kind)),
    actions:
      session.return_url === null
        ? null
        : html`<a class="button" href="${session.return_url}">${portal.returnTo(merchant)}</a>`,
  });
  return show(c, body);
}
