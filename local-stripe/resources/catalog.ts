import { activeEntitlements } from './active-entitlements.ts';
import { coupons, retiredCoupons } from './coupons.ts';
import { discounts } from './discounts.ts';
import { entitlementFeatures } from './entitlement-features.ts';
import { meterEvents } from './meter-events.ts';
import { meters } from './meters.ts';
import { plans } from './plans.ts';
import { prices } from './prices.ts';
import { productFeatures } from './product-features.ts';
import { products } from './products.ts';
import { promotionCodes } from './promotion-codes.ts';
import { taxIds } from './tax-ids.ts';
import { taxRates } from './tax-rates.ts';

/** What is sold, at what price, for how much less, and what it entitles to. */
export const catalog = [
  products,
  prices,
  plans,
  coupons,
  retiredCoupons,
  promotionCodes,
  discounts,
  productFeatures,
  entitlementFeatures,
  activeEntitlements,
  meters,
  meterEvents,
  taxIds,
  taxRates,
];
