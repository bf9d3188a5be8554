import type { Hono } from 'hono';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { finishStep } from '../../portal/finish.ts';
import { pauseEnds, pauseInPortal, unpauseInPortal } from '../../portal/pause.ts';
import { readForm, show } from '../visitor.ts';
import { backUrlOf, frameOf } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { subscriptionName } from './home-model.ts';
import { renderPause } from './leave.ts';
import { notAllowed, visitSubscription } from './visit.ts';

const base = '/p/session/:id/subscriptions/:subscription';

/** Pausing, for as long as the configuration offers, and ending the pause. */
export function pauseRoutes(app: Hono, getLocal: () => LocalStripe): void {
  app.get(`${base}/pause`, (c) =>
    visitSubscription(c, getLocal(), 'pause', (visit, subscription) => {
      const { ctx, page, path } = visit;
      const body = renderPause({
        ...frameOf(visit),
        action: `${path}/subscriptions/${subscription.id}/pause`,
        backUrl: backUrlOf(visit),
        text: page.words.portal.pauseText(subscriptionName(ctx, subscription)),
        durations: durationsOf(visit),
      });
      return show(c, body);
    }),
  );
  app.post(`${base}/pause`, async (c) => {
    const { duration } = await readForm(c);
    return visitSubscription(c, getLocal(), 'pause', (visit, subscription) => {
      const { ctx, session, features } = visit;
      const ends = pauseEnds(ctx, features.subscription_pause);
      const until = ends.length === 0 ? null : ends[Number(duration ?? '0')];
      if (until === undefined) return notAllowed(c, visit);
      pauseInPortal(ctx, subscription, until);
      return c.redirect(finishStep(ctx, session, 'paused'), 303);
    });
  });
  app.post(`${base}/unpause`, (c) =>
    visitSubscription(c, getLocal(), 'unpause', ({ ctx, session }, subscription) => {
      unpauseInPortal(ctx, subscription);
      return c.redirect(finishStep(ctx, session, 'unpaused'), 303);
    }),
  );
}

function durationsOf({ ctx, page, features }: PortalVisit): { value: string; label: string }[] {
  const { portal } = page.words;
  return pauseEnds(ctx, features.subscription_pause).map((end, index) => ({
    value: String(index),
    label: portal.pauseUntil(page.date(end)),
  }));
}
