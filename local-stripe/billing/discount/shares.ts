import type Stripe from 'stripe';
import { amountOff, appliesTo } from './coupon.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

/** Something with an amount that discounts may be taken off. */
export interface Discountable {
  amount: number;
  price: Stripe.Price | null;
  /** Its own discounts, which come before those of the whole. */
  discounts: readonly string[];
  isDiscountable: boolean;
  /** What it is a part of, where its own discounts are off the parts of that together. */
  subscriptionItem?: string | null;
}

export interface DiscountShare {
  discount: string;
  amount: number;
}

/** The coupon behind a discount, also one deleted since. */
export function couponOf(ctx: Context, discount: Stripe.Discount): Stripe.Coupon {
  const id = idOf(discount.source.coupon!);
  return ctx.store.find('coupon', id) ?? ctx.store.get('_retired_coupon', id);
}

/**
 * What each discount takes off each part, in the order they are given: percentages of what is left,
 * fixed amounts once over all parts they apply to. No part falls below zero.
 */
export function shareDiscounts(
  ctx: Context,
  parts: readonly Discountable[],
  discounts: readonly string[],
  currency: string,
): DiscountShare[][] {
  const shares: DiscountShare[][] = parts.map(() => []);
  const left = parts.map(({ amount }) => amount);
  const take = (id: string, among: number[]) => {
    const discount = ctx.store.find('discount', id);
    if (discount === undefined) return;
    const coupon = couponOf(ctx, discount);
    const applicable = among.filter((i) => {
      const { price, isDiscountable } = parts[i]!;
      return isDiscountable && left[i]! > 0 && isFor(coupon, price);
    });
    const base = applicable.reduce((sum, i) => sum + left[i]!, 0);
    const whole =
      coupon.percent_off === null
        ? Math.min(amountOff(coupon, currency), base)
        : Math.round((base * coupon.percent_off) / 100);
    const taken = spread(
      whole,
      applicable.map((i) => left[i]!),
    );
    for (const [n, i] of applicable.entries()) {
      left[i]! -= taken[n]!;
      shares[i]!.push({ discount: id, amount: taken[n]! });
    }
  };
  const all = parts.map((_part, i) => i);
  for (const [i, { discounts: own }] of parts.entries()) {
    if (own.length === 0) continue;
    const together = all.filter((other) => i === other || isSameItem(parts[i]!, parts[other]!));
    if (together[0] === i) for (const id of own) take(id, together);
  }
  for (const id of discounts) take(id, all);
  return shares;
}

/** The tiers of a graduated price are parts of one item, and have its discounts in common. */
function isSameItem(a: Discountable, b: Discountable): boolean {
  const item = a.subscriptionItem ?? null;
  return item !== null && item === b.subscriptionItem && isSameList(a.discounts, b.discounts);
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** An amount shared out by the size of parts that are above zero: the last takes what rounding leaves. */
export function spread(whole: number, parts: readonly number[]): number[] {
  const base = parts.reduce((sum, part) => sum + part, 0);
  let rest = whole;
  return parts.map((part, n) => {
    const isLast = n === parts.length - 1;
    const share = isLast ? rest : Math.min(rest, Math.round((whole * part) / base));
    rest -= share;
    return share;
  });
}

/** What has no price belongs to no product that a coupon could be limited to. */
function isFor(coupon: Stripe.Coupon, price: Stripe.Price | null): boolean {
  return price === null ? coupon.applies_to === undefined : appliesTo(coupon, price);
}

/** Whether a discount still takes something off what is billed at `at`. */
export function isActiveDiscount(ctx: Context, id: string, at: number): boolean {
  const discount = ctx.store.find('discount', id);
  return discount !== undefined && (discount.end === null || discount.end > at);
}

/** The part of `amount` that falls on `[from, end)` of `[start, end)`, to the second. */
export function prorate(amount: number, from: number, start: number, end: number): number {
  if (end <= start || from >= end) return 0;
  return Math.round((amount * (end - Math.max(from, start))) / (end - start));
}
