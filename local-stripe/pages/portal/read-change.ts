import type Stripe from 'stripe';
import { priceFor } from '../../billing/catalog/price.ts';
import { refusalOfPromotionCode } from '../../billing/discount/promotion.ts';
import { idOf } from '../../kernel/reference.ts';
import { promotionDiscount } from '../../portal/change-plan.ts';
import type { PlanChange } from '../../portal/change-plan.ts';
import type { FormValues } from '../card-form.ts';
import { promotionText } from '../checkout/promotion-text.ts';
import type { PortalVisit } from './frame-model.ts';

export type ReadChange = { change: PlanChange } | { error: string; promotionError: string | null };

/**
 * The plan change that a form asks for: only prices, quantities and codes that the configuration
 * offers, whatever was sent.
 */
export function readChange(
  visit: PortalVisit,
  subscription: Stripe.Subscription,
  values: FormValues,
): ReadChange {
  const { ctx, page, features } = visit;
  const { portal } = page.words;
  const feature = features.subscription_update;
  const item = subscription.items.data[0]!;
  const price = values['price'] ?? '';
  const product = (feature.products ?? []).find(({ prices }) => prices.includes(price));
  const isCurrent = price === idOf(item.price);
  const allowed = feature.default_allowed_updates;
  if (product === undefined || (!isCurrent && !allowed.includes('price'))) {
    return refused(portal.notAllowedText);
  }
  const quantity = readQuantity(values['quantity'], item.quantity ?? null);
  const isCounted = quantity !== (item.quantity ?? null);
  const limits = product.adjustable_quantity;
  if (
    isCounted &&
    (quantity === null ||
      !allowed.includes('quantity') ||
      !limits.enabled ||
      quantity < limits.minimum ||
      quantity > (limits.maximum ?? 999_999))
  ) {
    return refused(portal.notAllowedText);
  }
  const offered = offeredDiscount(visit);
  const discount = readDiscount(visit, subscription, values);
  if (typeof discount === 'string') return { error: discount, promotionError: discount };
  if (isCurrent && !isCounted && discount === null && offered === null) {
    return refused(portal.noChange);
  }
  const at = Number(values['proration_date']);
  const { current_period_start, current_period_end } = item;
  const isWithin = at >= current_period_start && at < current_period_end && at <= ctx.now;
  return {
    change: {
      item: item.id,
      price,
      quantity,
      discount: discount ?? offered,
      prorationDate: Number.isInteger(at) && isWithin ? at : ctx.now,
    },
  };
}

function refused(error: string): ReadChange {
  return { error, promotionError: null };
}

function readQuantity(text: string | undefined, otherwise: number | null): number | null {
  if (text === undefined || text === '') return otherwise;
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

/** The discount of a `subscription_update_confirm` flow: the shop offers it, the customer cannot. */
function offeredDiscount({ session }: PortalVisit): PlanChange['discount'] {
  const [given] = session.flow?.subscription_update_confirm?.discounts ?? [];
  if (given?.coupon) return { coupon: given.coupon };
  return given?.promotion_code ? { promotion_code: given.promotion_code } : null;
}

/** A code typed (or its id, from the confirmation); a string says why it cannot be used. */
function readDiscount(
  { ctx, page, features }: PortalVisit,
  subscription: Stripe.Subscription,
  values: FormValues,
): PlanChange['discount'] | string {
  if (!features.subscription_update.default_allowed_updates.includes('promotion_code')) return null;
  const typed = (values['promotion_code'] ?? '').trim();
  const given = values['promotion_code_id'];
  if (typed === '' && given === undefined) return null;
  const found = given === undefined ? promotionDiscount(ctx, typed) : { promotion_code: given };
  const code = found && ctx.store.find('promotion_code', found.promotion_code);
  if (!found || code === undefined || code === null) {
    return promotionText(page, typed, { reason: 'invalid' });
  }
  const item = subscription.items.data[0]!;
  const price = values['price'] ?? idOf(item.price);
  const refusal = refusalOfPromotionCode(ctx, code, {
    customer: idOf(subscription.customer),
    currency: subscription.currency,
    lines: [{ price }],
    orderAmount: priceFor(ctx, price, subscription.currency).unit_amount ?? 0,
  });
  return refusal === null ? found : promotionText(page, code.code, refusal);
}
