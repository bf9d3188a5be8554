import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { isValidCoupon } from './coupons.ts';

export const promotionCodes = resource({
  kind: 'promotion_code',
  path: '/v1/promotion_codes',
  noun: 'promotion code',
  references: { customer: 'customer', 'promotion.coupon': 'coupon' },
  includes: {},
  indexes: { coupon: ({ promotion }) => idOrNull(promotion.coupon) },
  list: {
    code: ({ code }, wanted: string) => isSameCode(code, wanted),
    coupon: ({ promotion }, coupon: string) => promotion.coupon === coupon,
    customer: (code, customer: string) => code.customer === customer,
  },
  filters: ['active'],
  listed: (ctx, code, { active }) => active === undefined || isRedeemable(ctx, code) === active,
  create: createPromotionCode,
  update: updatePromotionCode,
  present: (ctx, code) => ({ ...code, active: isRedeemable(ctx, code) }),
});

/** Letter case does not matter to people. */
function isSameCode(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Switched on, neither expired nor used up, and its coupon good. */
export function isRedeemable(ctx: Context, code: Stripe.PromotionCode): boolean {
  const isUsedUp = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
  const isExpired = code.expires_at !== null && code.expires_at <= ctx.now;
  const coupon = ctx.store.find('coupon', idOrNull(code.promotion.coupon) ?? '');
  return (
    code.active && !isUsedUp && !isExpired && coupon !== undefined && isValidCoupon(coupon, ctx.now)
  );
}

function createPromotionCode(
  ctx: Context,
  params: Stripe.PromotionCodeCreateParams,
): Stripe.PromotionCode {
  const coupon = couponOf(ctx, params.promotion.coupon);
  const customer = params.customer ?? null;
  if (customer !== null && !ctx.store.find('customer', customer)) {
    throw noSuch('customer', customer, 'customer');
  }
  const active = params.active ?? true;
  const code = params.code ?? ctx.newText(8).toUpperCase();
  if (!/^[A-Za-z0-9-]+$/.test(code)) {
    throw invalidRequest(
      'Promotion codes can only contain letters (a-z, A-Z), digits (0-9), and dashes (-).',
      'code',
    );
  }
  if (active) assertUnused(ctx, code, customer);
  assertTerms(ctx, params, coupon);
  const { restrictions } = params;
  const created: Stripe.PromotionCode = {
    id: ctx.newId('promo'),
    object: 'promotion_code',
    active,
    code,
    created: ctx.now,
    customer,
    customer_account: null,
    expires_at: params.expires_at ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    promotion: { coupon: coupon.id, type: 'coupon' },
    restrictions: {
      ...(restrictions?.currency_options === undefined
        ? {}
        : { currency_options: minimumsOf(restrictions.currency_options) }),
      first_time_transaction: restrictions?.first_time_transaction ?? false,
      minimum_amount: restrictions?.minimum_amount ?? null,
      minimum_amount_currency: restrictions?.minimum_amount_currency ?? null,
    },
    times_redeemed: 0,
  };
  ctx.store.put('promotion_code', created);
  ctx.emit('promotion_code.created', created);
  return created;
}

function couponOf(ctx: Context, id: string | undefined): Stripe.Coupon {
  if (id === undefined) throw missingParam('promotion[coupon]');
  const coupon = ctx.store.find('coupon', id);
  if (!coupon) throw noSuch('coupon', id, 'promotion[coupon]');
  if (!isValidCoupon(coupon, ctx.now)) {
    throw invalidRequest(
      `Coupon ${id} is expired or used up.`,
      'promotion[coupon]',
      'coupon_expired',
    );
  }
  return coupon;
}

/** A code is one among the active ones that the same customer could enter. */
function assertUnused(ctx: Context, text: string, customer: string | null): void {
  for (const other of ctx.store.newestFirst('promotion_code')) {
    if (!isSameCode(other.code, text) || !isRedeemable(ctx, other)) continue;
    const owner = idOrNull(other.customer);
    if (owner !== null && customer !== null && owner !== customer) continue;
    throw invalidRequest(
      `An active promotion code with \`code: ${text}\` already exists.`,
      'code',
      'resource_already_exists',
    );
  }
}

function assertTerms(
  ctx: Context,
  params: Stripe.PromotionCodeCreateParams,
  coupon: Stripe.Coupon,
): void {
  const { expires_at: expiresAt, max_redemptions: max, restrictions } = params;
  if (expiresAt !== undefined) {
    if (expiresAt <= ctx.now)
      throw invalidRequest('`expires_at` must be in the future.', 'expires_at');
    if (coupon.redeem_by !== null && expiresAt > coupon.redeem_by) {
      throw invalidRequest("`expires_at` cannot be after the coupon's `redeem_by`.", 'expires_at');
    }
  }
  if (max !== undefined && coupon.max_redemptions !== null && max > coupon.max_redemptions) {
    throw invalidRequest(
      "`max_redemptions` cannot exceed the coupon's `max_redemptions`.",
      'max_redemptions',
    );
  }
  const hasAmount = restrictions?.minimum_amount !== undefined;
  if (hasAmount && restrictions.minimum_amount_currency === undefined) {
    throw missingParam('restrictions[minimum_amount_currency]');
  }
}

function updatePromotionCode(
  ctx: Context,
  before: Stripe.PromotionCode,
  params: Stripe.PromotionCodeUpdateParams,
): Stripe.PromotionCode {
  if (params.active === true && !before.active) {
    if (!isRedeemable(ctx, { ...before, active: true })) {
      throw invalidRequest(
        'This promotion code cannot be activated: it, or its coupon, is expired or used up.',
        'active',
      );
    }
    assertUnused(ctx, before.code, idOrNull(before.customer));
  }
  const minimums = params.restrictions?.currency_options;
  return ctx.update(
    'promotion_code',
    before,
    {
      metadata: mergeMetadata(before.metadata, params.metadata),
      ...(params.active === undefined ? {} : { active: params.active }),
      ...(minimums === undefined
        ? {}
        : {
            restrictions: {
              ...before.restrictions,
              currency_options: {
                ...before.restrictions.currency_options,
                ...minimumsOf(minimums),
              },
            },
          }),
    },
    'promotion_code.updated',
  );
}

function minimumsOf(
  given: Record<string, { minimum_amount?: number }>,
): Record<string, { minimum_amount: number }> {
  return Object.fromEntries(
    Object.entries(given).map(([currency, { minimum_amount: amount }]) => {
      return [currency, { minimum_amount: amount ?? 0 }];
    }),
  );
}
