import { activeEntitlements } from './active-entitlements.ts';
import { entitlementFeatures } from './entitlement-features.ts';
import { prices } from './prices.ts';
import { productFeatures } from './product-features.ts';
import { products } from './products.ts';

/** What is sold, at what price, and what it entitles to. */
export const catalog = [products, prices, productFeatures, entitlementFeatures, activeEntitlements];
