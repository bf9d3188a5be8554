import type Stripe from 'stripe';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import { previewChange, timingOf } from '../../portal/change-plan.ts';
import type { PlanChange } from '../../portal/change-plan.ts';
import { priceAmount } from '../../billing/catalog/cost.ts';
import { priceFor, priceIn } from '../../billing/catalog/price.ts';
import { taxPolicy, taxesOn } from '../../billing/tax/line-taxes.ts';
import { addTaxes, sumOf } from '../../billing/tax/sums.ts';
import { taxRows } from '../tax-rows.ts';
import { cardName } from '../card-name.ts';
import { intervalText, priceText, wholePriceText } from '../price-text.ts';
import type { ChooseView, ConfirmView, PlanChoice } from './change.ts';
import { backUrlOf, frameOf } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { priceName, subscriptionPrice } from './home-model.ts';

/** The plans to choose from: the configuration's, in the subscription's currency. */
export function chooseView(
  visit: PortalVisit,
  subscription: Stripe.Subscription,
  selected: string | null,
  promotionError: string | null,
): ChooseView {
  const { features, path } = visit;
  const feature = features.subscription_update;
  const item = subscription.items.data[0]!;
  const current = idOf(item.price);
  const choices = choicesOf(visit, subscription, current);
  const product = (feature.products ?? []).find(({ prices }) => prices.includes(current));
  const mayCount =
    feature.default_allowed_updates.includes('quantity') &&
    (product?.adjustable_quantity.enabled ?? false);
  return {
    ...frameOf(visit),
    action: `${path}/subscriptions/${subscription.id}/update/confirm`,
    backUrl: backUrlOf(visit),
    choices: choices.some(({ isCurrent }) => !isCurrent) || mayCount ? choices : [],
    quantity: mayCount
      ? {
          value: item.quantity ?? 1,
          minimum: product?.adjustable_quantity.minimum ?? 1,
          maximum: product?.adjustable_quantity.maximum ?? null,
        }
      : null,
    promotionCode: feature.default_allowed_updates.includes('promotion_code')
      ? { value: '', error: promotionError }
      : null,
    selected: selected ?? choices.find(({ isCurrent }) => !isCurrent)?.priceId ?? null,
  };
}

function choicesOf(
  { ctx, page, features }: PortalVisit,
  subscription: Stripe.Subscription,
  current: string,
): PlanChoice[] {
  const feature = features.subscription_update;
  const mayChangePrice = feature.default_allowed_updates.includes('price');
  return (feature.products ?? [])
    .flatMap(({ prices }) => prices)
    .flatMap((id) => priceIn(ctx.store.get('price', id), subscription.currency) ?? [])
    .filter((price) => price.active || price.id === current)
    .filter((price) => mayChangePrice || price.id === current)
    .map((price) => ({
      priceId: price.id,
      name: priceName(ctx, price.id),
      description: ctx.store.find('product', idOf(price.product))?.description ?? null,
      price: wholePriceText(page, price),
      isCurrent: price.id === current,
    }));
}

/** What the change costs and when it takes effect, from the engine's own preview. */
export function confirmView(
  visit: PortalVisit,
  subscription: Stripe.Subscription,
  change: PlanChange,
): ConfirmView {
  const { kernel, ctx, page, features, path } = visit;
  const { portal } = page.words;
  const feature = features.subscription_update;
  const item = subscription.items.data[0]!;
  const price = priceFor(ctx, change.price, subscription.currency);
  const amount = priceAmount(price, change.quantity);
  const textOf = (minor: number) =>
    priceText(page, page.money(minor, price.currency), intervalText(page, price));
  const newAmount = textOf(amount);
  const thenAmount = textOf(amount + addedTax(visit, subscription, price, amount));
  const timing = timingOf(ctx, feature, subscription, change);
  const from = `${priceName(ctx, idOf(item.price))} (${subscriptionPrice(page, ctx, subscription)})`;
  const base: ConfirmView = {
    ...frameOf(visit),
    action: `${path}/subscriptions/${subscription.id}/update`,
    backUrl: `${path}/subscriptions/${subscription.id}/update`,
    heading: portal.fromTo(from, `${priceName(ctx, change.price)} (${newAmount})`),
    timing: portal.takesEffectNow,
    warnings: [],
    lines: [],
    totals: [],
    next: null,
    card: cardOf(visit, subscription),
    submitLabel: portal.confirmButton,
    hidden: hiddenFields(change),
  };
  if (timing === 'period_end') {
    const date = page.date(item.current_period_end);
    return {
      ...base,
      timing: portal.takesEffectLater(date),
      totals: [{ label: portal.dueNow, value: page.money(0, price.currency) }],
      next: portal.thenFrom(thenAmount, date),
    };
  }
  const preview = previewChange(kernel, ctx, feature, subscription, change);
  const endsTrial =
    subscription.status === 'trialing' && feature.trial_update_behavior === 'end_trial';
  const isBilledNow =
    endsTrial ||
    feature.proration_behavior === 'always_invoice' ||
    feature.billing_cycle_anchor === 'now';
  const due = isBilledNow ? preview.amount_due : 0;
  const shown = isBilledNow ? preview.lines.data : preview.lines.data.filter(isProration);
  const taxes = addTaxes(shown.flatMap((line) => line.taxes ?? []));
  return {
    ...base,
    warnings: endsTrial ? [portal.endsTrial] : [],
    lines: [
      ...shown.map((line) => ({
        description: line.description ?? '',
        amount: page.money(line.amount, line.currency),
      })),
      ...taxRows(ctx, page, taxes, preview.currency).map(({ label, value }) => ({
        description: label,
        amount: value,
      })),
    ],
    totals: [
      isBilledNow || shown.length === 0
        ? { label: portal.dueNow, value: page.money(due, preview.currency) }
        : {
            label: portal.nextInvoiceWith,
            value: page.money(
              shown.reduce((sum, { amount }) => sum + amount, sumOf(taxes, 'exclusive')),
              preview.currency,
            ),
          },
      // Money that comes back stays with the customer, for the next invoices.
      ...(isBilledNow && preview.total < 0
        ? [{ label: portal.credit, value: page.money(-preview.total, preview.currency) }]
        : []),
    ],
    next: portal.thenAmount(thenAmount),
    submitLabel:
      due > 0 ? portal.payAndConfirm(page.money(due, preview.currency)) : portal.confirmButton,
  };
}

/** What comes on top of an amount that the subscription's plan costs. */
function addedTax(
  { ctx }: PortalVisit,
  subscription: Stripe.Subscription,
  price: Stripe.Price,
  amount: number,
): number {
  const policy = taxPolicy(ctx, ctx.store.get('customer', idOf(subscription.customer)), {
    defaults: subscription.default_tax_rates ?? [],
    isAutomatic: subscription.automatic_tax.enabled,
    card: idOrNull(subscription.default_payment_method),
  });
  const rates = subscription.items.data[0]!.tax_rates ?? [];
  return sumOf(taxesOn(ctx, policy, { amount, price, rates }), 'exclusive');
}

function isProration(line: Stripe.InvoiceLineItem): boolean {
  const parent = line.parent?.subscription_item_details ?? line.parent?.invoice_item_details;
  return parent?.proration === true;
}

function cardOf({ ctx, page, session }: PortalVisit, subscription: Stripe.Subscription) {
  const customer = ctx.store.get('customer', session.customer);
  const id =
    idOrNull(subscription.default_payment_method) ??
    idOrNull(customer.invoice_settings.default_payment_method);
  const method = ctx.store.find('payment_method', id ?? '');
  return method === undefined ? null : cardName(page, method);
}

function hiddenFields(change: PlanChange): Record<string, string> {
  const { discount } = change;
  return {
    price: change.price,
    ...(change.quantity === null ? {} : { quantity: String(change.quantity) }),
    ...(discount !== null && 'promotion_code' in discount
      ? { promotion_code_id: discount.promotion_code }
      : {}),
    proration_date: String(change.prorationDate),
  };
}
