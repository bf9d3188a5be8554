import type Stripe from 'stripe';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import { priceAmount } from '../../billing/catalog/cost.ts';
import { priceFor } from '../../billing/catalog/price.ts';
import { abilitiesOf, isEnding } from '../../portal/abilities.ts';
import { plannedChange } from '../../portal/change-plan.ts';
import { cardExpiry, cardName } from '../card-name.ts';
import type { Page } from '../page.ts';
import { intervalText, priceText, wholePriceText } from '../price-text.ts';
import type { Context } from '../../kernel/types.ts';
import { customerFields } from './details-model.ts';
import { frameOf } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';
import type { PortalCard, PortalHome, PortalInvoice, PortalSubscription } from './home.ts';

const shownInvoices = 100;

/** The portal's first page, as much of it as the configuration shows. */
export function homeView(visit: PortalVisit): PortalHome {
  const { ctx, page, session, features } = visit;
  const customer = ctx.store.get('customer', session.customer);
  const subscriptions = ctx.store
    .by('subscription', 'customer', customer.id)
    .filter(({ status }) => !['canceled', 'incomplete', 'incomplete_expired'].includes(status))
    .reverse();
  return {
    ...frameOf(visit),
    headline: visit.configuration.business_profile.headline,
    subscriptions: subscriptions.map((one) => subscriptionView(visit, one)),
    cards: {
      list: cardsOf(visit, customer, subscriptions),
      mayAdd: features.payment_method_update.enabled,
    },
    details: features.customer_update.enabled
      ? customerFields(page, customer, features.customer_update.allowed_updates)
      : null,
    invoices: features.invoice_history.enabled ? invoicesOf(ctx, page, customer.id) : null,
  };
}

function subscriptionView(
  { ctx, page, features }: PortalVisit,
  subscription: Stripe.Subscription,
): PortalSubscription {
  const openInvoice = ctx.store
    .by('invoice', 'subscription', subscription.id)
    .findLast(({ status, amount_remaining }) => status === 'open' && amount_remaining > 0);
  const card = ctx.store.find(
    'payment_method',
    idOrNull(subscription.default_payment_method) ?? '',
  );
  const planned = plannedChange(ctx, subscription);
  return {
    id: subscription.id,
    name: subscriptionName(ctx, subscription),
    price: subscriptionPrice(page, ctx, subscription),
    status: subscription.status,
    timing: timingText(page, subscription),
    scheduled:
      planned === null
        ? null
        : page.words.portal.changesOn(priceName(ctx, planned.price), page.date(planned.at)),
    card: card === undefined ? null : cardName(page, card),
    openInvoiceUrl: openInvoice === undefined ? null : `/i/${openInvoice.id}`,
    can: abilitiesOf(features, subscription),
  };
}

/** `Pro`, or `Pro + Extra seats`. */
export function subscriptionName(ctx: Context, subscription: Stripe.Subscription): string {
  return subscription.items.data.map(({ price }) => priceName(ctx, idOf(price))).join(' + ');
}

export function priceName(ctx: Context, priceId: string): string {
  const price = ctx.store.find('price', priceId);
  if (price === undefined) return priceId;
  return ctx.store.find('product', idOf(price.product))?.name ?? priceId;
}

/** What one period costs, by interval. */
export function subscriptionPrice(
  page: Page,
  ctx: Context,
  subscription: Stripe.Subscription,
): string {
  const texts = subscription.items.data.map((item) => {
    const price = priceFor(ctx, idOf(item.price), subscription.currency);
    if ((item.quantity ?? 1) === 1) return wholePriceText(page, price);
    const amount = priceAmount(price, item.quantity ?? null);
    return priceText(page, page.money(amount, price.currency), intervalText(page, price));
  });
  return texts.join(' + ');
}

function timingText(page: Page, subscription: Stripe.Subscription): string | null {
  const { portal } = page.words;
  const periodEnd = Math.max(...subscription.items.data.map((item) => item.current_period_end));
  if (subscription.status === 'paused') return portal.pausedUntilResumed;
  if (isEnding(subscription)) return portal.ends(page.date(subscription.cancel_at ?? periodEnd));
  if (subscription.status === 'trialing') {
    return portal.trialEnds(page.date(subscription.trial_end ?? periodEnd));
  }
  return subscription.status === 'active' ? portal.renews(page.date(periodEnd)) : null;
}

function cardsOf(
  { ctx, page }: PortalVisit,
  customer: Stripe.Customer,
  subscriptions: Stripe.Subscription[],
): PortalCard[] {
  // Checkout keeps the card with the subscription: the one that all of them are charged to is the default.
  const [charged, ...others] = new Set(
    subscriptions.map((one) => idOrNull(one.default_payment_method)),
  );
  const main =
    idOrNull(customer.invoice_settings.default_payment_method) ??
    (others.length === 0 ? charged : null);
  return ctx.store
    .by('payment_method', 'customer', customer.id)
    .reverse()
    .map((method) => ({
      id: method.id,
      label: cardName(page, method),
      expiry: cardExpiry(page, method, ctx.now),
      isDefault: method.id === main,
    }));
}

function invoicesOf(ctx: Context, page: Page, customer: string): PortalInvoice[] {
  return ctx.store
    .by('invoice', 'customer', customer)
    .filter(({ status }) => status !== 'draft')
    .reverse()
    .slice(0, shownInvoices)
    .map((invoice) => ({
      number: invoice.number ?? invoice.id,
      date: page.date(invoice.created),
      amount: page.money(invoice.total, invoice.currency),
      status: invoice.status ?? 'open',
      url: `/i/${invoice.id}`,
    }));
}
