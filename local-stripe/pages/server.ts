import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import { isStateNotWritten } from '../kernel/errors.ts';
import type { LocalStripe } from '../kernel/local-stripe.ts';
import { assetRoutes } from './assets.ts';
import { challengeRoutes } from './challenge/routes.ts';
import { checkoutRoutes } from './checkout/routes.ts';
import { renderMessage } from './document.ts';
import { invoiceRoutes } from './invoice/routes.ts';
import { panelRoutes } from './panel/routes.ts';
import { receiptRoutes } from './receipt-routes.ts';
import { portalRoutes } from './portal/routes.ts';
import { inSellersNames, type ChineseNames } from './sellers-names.ts';
import { pageOf, show } from './visitor.ts';

/**
 * Nothing is loaded from elsewhere and nothing runs but our one script. `form-action` is left out:
 * browsers apply it to redirects too, and after paying one is redirected to the shop.
 */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/** On a Chinese page the seller and what is sold have their Chinese names, wherever they stand. */
async function nameInChinese(c: HonoContext, names: ChineseNames): Promise<void> {
  if (Object.keys(names).length === 0) return;
  const page = await c.res.text();
  const language = page.includes('<html lang="zh') ? 'zh' : 'en';
  c.res = new Response(inSellersNames(page, names, language), c.res);
}

/** Every page for people: Checkout, challenge, portal, hosted invoice, control panel. */
export function pageServer(getLocal: () => LocalStripe): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    if (!(c.res.headers.get('content-type') ?? '').startsWith('text/html')) return;
    c.res.headers.set('content-security-policy', policy);
    c.res.headers.set('referrer-policy', 'same-origin');
    c.res.headers.set('x-content-type-options', 'nosniff');
    c.res.headers.set('cache-control', 'no-store');
    await nameInChinese(c, getLocal().kernel.chineseNames);
  });
  app.onError((error, c) => {
    // That the disk is full has been told; whoever is here comes again when there is room.
    const isFull = isStateNotWritten(error);
    if (!isFull) getLocal().kernel.log(error.stack ?? error.message);
    const page = pageOf(c, null);
    const body = renderMessage({
      page,
      merchant: 'Local Stripe',
      mark: 'bad',
      title: page.words.brokenTitle,
      text: error.message,
    });
    return show(c, body, isFull ? 503 : 500);
  });
  app.route('/', assetRoutes());
  app.route('/', checkoutRoutes(getLocal));
  app.route('/', challengeRoutes(getLocal));
  app.route('/', portalRoutes(getLocal));
  app.route('/', invoiceRoutes(getLocal));
  app.route('/', receiptRoutes(getLocal));
  app.route('/', panelRoutes(getLocal));

  return app;
}
