import type { Context as HonoContext } from 'hono';
import { html } from 'hono/html';
import type Stripe from 'stripe';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { StripeError } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import { abilitiesOf } from '../../portal/abilities.ts';
import type { Abilities } from '../../portal/abilities.ts';
import { renderMessage } from '../document.ts';
import { notFound, pageOf, show } from '../visitor.ts';
import type { PortalVisit } from './frame-model.ts';

type Answer = Response | Promise<Response>;

/**
 * Runs `work` for the portal session in the address, in one transaction on its customer's clock.
 * What the engine refuses (a `StripeError`) is undone and said on a page.
 */
export async function visitPortal(
  c: HonoContext,
  local: LocalStripe,
  work: (visit: PortalVisit) => Answer,
): Promise<Response> {
  await local.catchUp();
  const { kernel } = local;
  const session = kernel.store.find('billing_portal.session', c.req.param('id') ?? '');
  const customer = kernel.store.find('customer', session?.customer ?? '');
  if (session === undefined || customer === undefined) return notFound(c);
  const configuration = kernel.store.get(
    'billing_portal.configuration',
    idOf(session.configuration),
  );
  const page = pageOf(c, session.locale ?? customer.preferred_locales?.[0]);
  try {
    return await kernel.run((global) =>
      work({
        kernel,
        ctx: global.onClock(idOrNull(customer.test_clock)),
        page,
        session,
        configuration,
        features: configuration.features,
        path: `/p/session/${session.id}`,
        done: c.req.query('done') ?? null,
        error: null,
      }),
    );
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    const body = renderMessage({
      page,
      merchant: kernel.businessName,
      mark: 'bad',
      title: page.words.brokenTitle,
      text: error.message,
      actions: html`<a class="button" href="/p/session/${session.id}"
        >${page.words.portal.goHome}</a
      >`,
    });
    return show(c, body, error.status === 402 || error.status === 503 ? error.status : 409);
  }
}

/** The same for one subscription of the customer's, where configuration and state allow `what`. */
export function visitSubscription(
  c: HonoContext,
  local: LocalStripe,
  what: keyof Abilities,
  work: (visit: PortalVisit, subscription: Stripe.Subscription) => Answer,
): Promise<Response> {
  return visitPortal(c, local, (visit) => {
    const id = c.req.param('subscription') ?? '';
    const subscription = visit.ctx.store.find('subscription', id);
    if (subscription === undefined || idOf(subscription.customer) !== visit.session.customer) {
      return notFound(c);
    }
    if (!abilitiesOf(visit.features, subscription)[what]) return notAllowed(c, visit);
    return work(visit, subscription);
  });
}

/** What this configuration, or the state of things, does not offer. */
export function notAllowed(c: HonoContext, { ctx, page, path }: PortalVisit): Answer {
  const { portal } = page.words;
  const body = renderMessage({
    page,
    merchant: ctx.businessName,
    mark: 'plain',
    title: portal.notAllowedTitle,
    text: portal.notAllowedText,
    actions: html`<a class="button" href="${path}">${portal.goHome}</a>`,
  });
  return show(c, body, 403);
}
