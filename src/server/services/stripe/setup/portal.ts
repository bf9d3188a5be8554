import type { Stripe } from 'stripe';
import { APP_MARK } from '../customers.ts';
import { NOT_MADE, type Changes } from './changes.ts';
import type { EnsuredPrice } from './products.ts';

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;

/**
 * What customers may do in the portal, by the rules of our own pages. Stripe's defaults would give
 * a higher plan before it is paid (`proration_behavior: none`) and a lower one at once.
 */
export function portalFeatures(prices: readonly EnsuredPrice[]) {
  return {
    customer_update: { enabled: true, allowed_updates: ['address', 'tax_id', 'name'] },
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true },
    subscription_cancel: {
      enabled: true,
      mode: 'at_period_end',
      proration_behavior: 'none',
      cancellation_reason: {
        enabled: true,
        options: ['too_expensive', 'missing_features', 'switched_service', 'unused', 'other'],
      },
    },
    subscription_pause: { enabled: false },
    subscription_update: {
      enabled: true,
      default_allowed_updates: ['price'],
      products: productsOf(prices),
      proration_behavior: 'always_invoice',
      schedule_at_period_end: {
        conditions: [{ type: 'decreasing_item_amount' }, { type: 'shortening_interval' }],
      },
    },
  } satisfies Features;
}

function productsOf(prices: readonly EnsuredPrice[]) {
  const products = [...new Set(prices.map((price) => price.productId))];
  return products.map((product) => ({
    product,
    prices: prices.flatMap((one) => (one.productId === product ? one.priceId : [])),
  }));
}

/** Makes our portal configuration, or brings the one we made before up to date; answers its id. */
export async function ensurePortalConfiguration(
  stripe: Stripe,
  changes: Changes,
  prices: readonly EnsuredPrice[],
): Promise<string> {
  const values = { features: portalFeatures(prices), metadata: { app: APP_MARK } };
  const existing = await findPortalConfiguration(stripe);
  if (!existing) {
    const make = () => stripe.billingPortal.configurations.create(values);
    return (await changes.make('the portal configuration', make, { id: NOT_MADE })).id;
  }
  await changes.update(`the portal configuration ${existing.id}`, () =>
    stripe.billingPortal.configurations.update(existing.id, values),
  );
  return existing.id;
}

/** The one that our set-up made. */
export async function findPortalConfiguration(
  stripe: Stripe,
): Promise<Stripe.BillingPortal.Configuration | undefined> {
  const { data } = await stripe.billingPortal.configurations.list({ active: true, limit: 100 });
  return data.find((one) => one.metadata?.app === APP_MARK);
}
