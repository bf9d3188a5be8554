import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import { html } from 'hono/html';
import type Stripe from 'stripe';
import { finishChallenge } from '../../billing/payer/actions.ts';
import { qrPng, qrSvg } from '../../billing/payment/qr.ts';
import { qrText } from '../../billing/payment/wallet-action.ts';
import { walletOf } from '../../billing/payment/wallets.ts';
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
import { renderWalletPage } from './wallet-view.ts';

type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

/**
 * Where a payment is authorized, whatever the intent was started by: the bank's challenge at
 * `/3ds/:intent`, the owner's wallet at `/wallet/:intent`.
 */
export function challengeRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();

  app.on('GET', pagePaths, async (c) => {
    const local = getLocal();
    const intent = findIntent(local, c.req.param('intent') ?? '');
    if (intent === null) return notFound(c);
    return local.kernel.run((ctx) => {
      const page = pageOf(c, localeOf(ctx, intent.id));
      if (intent.status !== 'requires_action') return closed(c, ctx, page);
      const amount =
        intent.object === 'payment_intent' && intent.amount > 0
          ? page.money(intent.amount, intent.currency)
          : null;
      const method = ctx.store.find('payment_method', idOrNull(intent.payment_method) ?? '');
      const merchant = merchantOf(ctx, sessionOf(ctx, intent.id));
      const wallet = method === undefined ? null : walletOf(method);
      if (wallet !== null) {
        return show(c, renderWalletPage({ page, intent: intent.id, merchant, amount, wallet }));
      }
      const card = method === undefined ? null : cardName(page, method);
      const path = `/3ds/${intent.id}`;
      return show(c, renderChallenge({ page, path, merchant, amount, card }));
    });
  });

  app.on('POST', pagePaths, async (c) => {
    const local = getLocal();
    const { outcome } = await readForm(c);
    const intent = findIntent(local, c.req.param('intent') ?? '');
    if (intent === null) return notFound(c);
    return local.kernel.run((ctx) => {
      const page = pageOf(c, localeOf(ctx, intent.id));
      if (intent.status !== 'requires_action') return closed(c, ctx, page);
      const url = answerChallenge(ctx, intent, outcome === 'complete');
      return url === null ? confirmed(c, ctx, page, outcome === 'complete') : c.redirect(url, 303);
    });
  });

  app.get('/wallet/:intent/qr.png', (c): Response | Promise<Response> => {
    const code = codeOf(getLocal(), c.req.param('intent'));
    if (code === '') return notFound(c);
    return c.body(new Uint8Array(qrPng(code)), 200, { 'content-type': 'image/png' });
  });

  app.get('/wallet/:intent/qr.svg', (c): Response | Promise<Response> => {
    const code = codeOf(getLocal(), c.req.param('intent'));
    if (code === '') return notFound(c);
    return c.body(qrSvg(code), 200, { 'content-type': 'image/svg+xml' });
  });

  return app;
}

const pagePaths = ['/3ds/:intent', '/wallet/:intent'];

/** What WeChat would scan, or nothing where no WeChat payment waits. */
function codeOf(local: LocalStripe, id: string): string {
  const intent = local.kernel.store.find('payment_intent', id);
  return intent === undefined ? '' : qrText(intent);
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
  const returnUrl = returnUrlOf(intent);
  finishChallenge(ctx, intent.id, passed);
  return returnUrl === null ? null : withIntent(returnUrl, intent);
}

function returnUrlOf(intent: Intent): string | null {
  const action = intent.next_action as Stripe.PaymentIntent.NextAction | null;
  const redirect = action?.redirect_to_url ?? action?.alipay_handle_redirect;
  return redirect?.return_url ?? null;
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
