import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import { html } from 'hono/html';
import type Stripe from 'stripe';
import { finishChallenge } from '../../billing/payer/actions.ts';
import { finishSession } from '../../checkout/submit.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { finishPortalCard } from '../../portal/cards.ts';
import { cardName } from '../card-name.ts';
import { successUrl } from '../checkout/closed.ts';
import { renderMessage } from '../document.ts';
import { merchantOf } from '../merchant.ts';
import type { Page } from '../page.ts';
import { notFound, pageOf, readForm, show } from '../visitor.ts';
import { renderChallenge } from './view.ts';

type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

/** The bank's challenge, whatever the intent was started by: `/3ds/:intent`. */
export function challengeRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();

  app.get('/3ds/:intent', async (c) => {
    const local = getLocal();
    const intent = findIntent(local, c.req.param('intent'));
    if (intent === null) return notFound(c);
    return local.kernel.run((ctx) => {
      const page = pageOf(c, localeOf(ctx, intent.id));
      if (intent.status !== 'requires_action') return closed(c, ctx, page);
      const amount =
        intent.object === 'payment_intent' && intent.amount > 0
          ? page.money(intent.amount, intent.currency)
          : null;
      const method = ctx.store.find('payment_method', idOrNull(intent.payment_method) ?? '');
      return show(
        c,
        renderChallenge({
          page,
          path: `/3ds/${intent.id}`,
          merchant: merchantOf(ctx, sessionOf(ctx, intent.id)),
          amount,
          card: method === undefined ? null : cardName(page, method),
        }),
      );
    });
  });

  app.post('/3ds/:intent', async (c) => {
    const local = getLocal();
    const { outcome } = await readForm(c);
    const intent = findIntent(local, c.req.param('intent'));
    if (intent === null) return notFound(c);
    return local.kernel.run((ctx) => {
      const page = pageOf(c, localeOf(ctx, intent.id));
      if (intent.status !== 'requires_action') return closed(c, ctx, page);
      const url = answerChallenge(ctx, intent, outcome === 'complete');
      return url === null ? confirmed(c, ctx, page, outcome === 'complete') : c.redirect(url, 303);
    });
  });

  return app;
}

/** Tells whoever waits for the intent; answers where the person goes on, if anywhere. */
function answerChallenge(ctx: Context, intent: Intent, passed: boolean): string | null {
  const session = sessionOf(ctx, intent.id);
  if (session !== null) {
    const outcome = finishSession(ctx, session, passed);
    return outcome.status === 'complete' ? successUrl(outcome.session) : `/c/pay/${session.id}`;
  }
  const [portal] = ctx.store.by('_portal', 'intent', intent.id);
  if (portal !== undefined) return finishPortalCard(ctx, portal, passed);
  const returnUrl = intent.next_action?.redirect_to_url?.return_url ?? null;
  finishChallenge(ctx, intent.id, passed);
  return returnUrl === null ? null : withIntent(returnUrl, intent);
}

/** The client learns from the query which intent came back, as with Stripe's redirects. */
function withIntent(returnUrl: string, intent: Intent): string {
  if (!URL.canParse(returnUrl)) return returnUrl;
  const url = new URL(returnUrl);
  url.searchParams.set(intent.object, intent.id);
  url.searchParams.set(`${intent.object}_client_secret`, intent.client_secret ?? '');
  return url.href;
}

function sessionOf(ctx: Context, intent: string): Stripe.Checkout.Session | null {
  const [row] = ctx.store.by('_checkout', 'intent', intent);
  return row === undefined ? null : ctx.store.get('checkout.session', row.id);
}

function localeOf(ctx: Context, intent: string): string | null {
  const [portal] = ctx.store.by('_portal', 'intent', intent);
  const owner = portal && ctx.store.get('billing_portal.session', portal.id);
  return sessionOf(ctx, intent)?.locale ?? owner?.locale ?? null;
}

function findIntent(local: LocalStripe, id: string): Intent | null {
  const { store } = local.kernel;
  return store.find('payment_intent', id) ?? store.find('setup_intent', id) ?? null;
}

function closed(c: HonoContext, ctx: Context, page: Page): Promise<Response> {
  const { challenge } = page.words;
  const body = renderMessage({
    page,
    merchant: ctx.businessName,
    mark: 'plain',
    title: challenge.closedTitle,
    text: challenge.closedText,
  });
  return show(c, body, 409);
}

function confirmed(c: HonoContext, ctx: Context, page: Page, passed: boolean): Promise<Response> {
  const { challenge } = page.words;
  const body = renderMessage({
    page,
    merchant: ctx.businessName,
    mark: passed ? 'good' : 'bad',
    title: passed ? challenge.confirmedTitle : challenge.failedTitle,
    text: passed ? challenge.confirmedText : challenge.failedText,
    actions: html``,
  });
  return show(c, body);
}
