import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';
import { isCurrency } from '../schema/request/currency.ts';
import { alreadyExists, assertFreshId } from '../billing/catalog/custom-id.ts';
import { assertOneOf } from '../kernel/exclusive.ts';

export const coupons = resource({
  kind: 'coupon',
  path: '/v1/coupons',
  list: {},
  // Answered only when expanded.
  includes: {
    applies_to: (ctx, { id }) => ctx.store.get('coupon', id).applies_to ?? { products: [] },
    currency_options: (ctx, { id }) => ctx.store.get('coupon', id).currency_options ?? {},
  },
  create: createCoupon,
  update: updateCoupon,
  del: deleteCoupon,
  present: (ctx, coupon) => presentCoupon(ctx, coupon),
});

/** Coupons that were deleted, for the discounts that outlive them. Nothing answers from here. */
export const retiredCoupons = resource({
  kind: '_retired_coupon',
  path: '/v1/coupons',
  retrieve: false,
});

/** The terms of a discount's coupon, which may have been deleted since. */
export function getCouponTerms(ctx: Context, id: string): Stripe.Coupon {
  return ctx.store.find('coupon', id) ?? ctx.store.get('_retired_coupon', id);
}

/** Whether it can still be redeemed: neither expired nor used up. */
export function isValidCoupon(coupon: Stripe.Coupon, now: number): boolean {
  const isUsedUp =
    coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions;
  return !isUsedUp && (coupon.redeem_by === null || coupon.redeem_by > now);
}

function presentCoupon(ctx: Context, coupon: Stripe.Coupon): Stripe.Coupon {
  const { applies_to: _products, currency_options: _options, ...rest } = coupon;
  return { ...rest, valid: isValidCoupon(coupon, ctx.now) };
}

function createCoupon(ctx: Context, params: Stripe.CouponCreateParams): Stripe.Coupon {
  if (params.id !== undefined) {
    assertFreshId(params.id);
    if (ctx.store.find('coupon', params.id)) throw alreadyExists('Coupon');
    ctx.store.remove('_deleted', params.id);
  }
  assertTerms(ctx, params);
  const products = params.applies_to?.products;
  for (const [index, product] of (products ?? []).entries()) {
    if (!ctx.store.find('product', product)) {
      throw noSuch('product', product, `applies_to[products][${index}]`);
    }
  }
  const coupon: Stripe.Coupon = {
    id: params.id ?? ctx.newText(8),
    object: 'coupon',
    amount_off: params.amount_off ?? null,
    ...(products === undefined ? {} : { applies_to: { products } }),
    created: ctx.now,
    currency: params.amount_off === undefined ? null : (params.currency ?? null),
    ...(params.currency_options === undefined
      ? {}
      : { currency_options: optionsOf(params.currency_options) }),
    duration: params.duration ?? 'once',
    duration_in_months: params.duration_in_months ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    percent_off: params.percent_off ?? null,
    redeem_by: params.redeem_by ?? null,
    times_redeemed: 0,
    valid: true,
  };
  ctx.store.put('coupon', coupon);
  ctx.emit('coupon.created', coupon);
  return coupon;
}

function assertTerms(ctx: Context, params: Stripe.CouponCreateParams): void {
  assertOneOf(params, ['percent_off', 'amount_off']);
  if (params.percent_off !== undefined && params.percent_off <= 0) {
    throw invalidRequest('`percent_off` must be greater than 0 and at most 100.', 'percent_off');
  }
  if (params.amount_off !== undefined) {
    if (params.currency === undefined) throw missingParam('currency');
    if (params.amount_off === 0) {
      throw invalidRequest('`amount_off` must be greater than 0.', 'amount_off');
    }
  }
  if (params.duration === 'repeating' && params.duration_in_months === undefined) {
    throw missingParam('duration_in_months');
  }
  if (params.duration !== 'repeating' && params.duration_in_months !== undefined) {
    throw invalidRequest(
      '`duration_in_months` can only be set with a `duration` of `repeating`.',
      'duration_in_months',
    );
  }
  assertName(params.name);
  if (params.redeem_by !== undefined && params.redeem_by <= ctx.now) {
    throw invalidRequest('`redeem_by` must be in the future.', 'redeem_by');
  }
}

function assertName(name: string | null | undefined): void {
  if ((name?.length ?? 0) > 40) throw invalidRequest('Names have up to 40 characters.', 'name');
}

function optionsOf(
  given: Record<string, { amount_off: number }>,
): Record<string, Stripe.Coupon.CurrencyOptions> {
  for (const currency of Object.keys(given)) {
    if (isCurrency(currency)) continue;
    throw invalidRequest(`Invalid currency: ${currency}.`, `currency_options[${currency}]`);
  }
  return given;
}

/** Only what it is called changes, never what it takes off. */
function updateCoupon(
  ctx: Context,
  before: Stripe.Coupon,
  params: Stripe.CouponUpdateParams,
): Stripe.Coupon {
  assertName(params.name);
  const options = params.currency_options;
  return ctx.update(
    'coupon',
    before,
    {
      metadata: mergeMetadata(before.metadata, params.metadata),
      ...(params.name === undefined ? {} : { name: params.name }),
      ...(options === undefined
        ? {}
        : { currency_options: { ...before.currency_options, ...optionsOf(options) } }),
    },
    'coupon.updated',
  );
}

/** Nobody redeems it any more; who has it keeps it. */
function deleteCoupon(ctx: Context, coupon: Stripe.Coupon): object {
  ctx.emit('coupon.deleted', coupon);
  ctx.store.put('_retired_coupon', coupon);
  return markDeleted(ctx, 'coupon', coupon.id);
}
