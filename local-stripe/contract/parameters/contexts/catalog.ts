import type { Contexts } from './shop.ts';
import { monthly, post, within } from './shop.ts';

export const customerContexts: Contexts = {
  'POST /v1/customers': [
    within(async (send) => {
      const test_clock = await post(send, '/v1/test_helpers/test_clocks', {
        frozen_time: '1798761600',
      });
      // A card that belongs to nobody yet.
      return ['/v1/customers', { email: 'wu@example.com' }, { test_clock, ...cardOfNobody }];
    }),
    within(async () => ['/v1/customers', { payment_method: 'pm_card_visa' }, cardOfNobody]),
  ],
  'POST /v1/customers/:id': [
    within(async (_send, k) => [`/v1/customers/${k.customer!}`, {}]),
    within(async (send, k) => {
      const form = { customer: k.customer! };
      const other = await post(send, '/v1/payment_methods/pm_card_mastercard/attach', form);
      return [`/v1/customers/${k.customer!}`, {}, { default_payment_method: other }];
    }),
  ],
  'POST /v1/customers/:id/balance_transactions': [
    within(async (_send, k) => [
      `/v1/customers/${k.customer!}/balance_transactions`,
      { amount: '100', currency: 'cny' },
    ]),
  ],
  'POST /v1/customers/:customerId/balance_transactions/:id': [
    within(async (send, k) => {
      const path = `/v1/customers/${k.customer!}/balance_transactions`;
      return [`${path}/${await post(send, path, { amount: '100', currency: 'cny' })}`, {}];
    }),
  ],
  'POST /v1/customers/:id/tax_ids': [
    within(async (_send, k) => [
      `/v1/customers/${k.customer!}/tax_ids`,
      { type: 'eu_vat', value: 'DE123456789' },
    ]),
  ],
};
const cardOfNobody = { payment_method: 'pm_card_visa', default_payment_method: 'pm_card_visa' };

export const catalogContexts: Contexts = {
  'POST /v1/products': [within(async () => ['/v1/products', { name: 'Team' }])],
  'POST /v1/products/:id': [
    within(async (send, k) => {
      const default_price = await post(send, '/v1/prices', monthly(k));
      return [`/v1/products/${k.product!}`, {}, { default_price }];
    }),
  ],
  'POST /v1/products/:id/features': [
    within(async (send, k) => {
      const feature = (key: string) =>
        post(send, '/v1/entitlements/features', { name: key, lookup_key: `${key}${k.product!}` });
      return [
        `/v1/products/${k.product!}/features`,
        { entitlement_feature: await feature('one') },
        { entitlement_feature: await feature('other') },
      ];
    }),
  ],
  'POST /v1/prices': [
    within(async (_send, k) => [
      '/v1/prices',
      { ...monthly(k), expand: ['currency_options', 'product', 'tiers'] },
      { id: `new_${k.product!}` },
    ]),
    within(async (_send, k) => [
      '/v1/prices',
      {
        product: k.product!,
        currency: 'cny',
        billing_scheme: 'tiered',
        tiers_mode: 'graduated',
        expand: ['tiers', 'currency_options'],
        tiers: [
          { up_to: '9', unit_amount: '5' },
          { up_to: 'inf', unit_amount: '3' },
        ],
        recurring: { interval: 'month' },
      },
    ]),
    within(async (send, k) => {
      const event_name = `calls_${k.product!}`;
      const form = { display_name: 'Calls', event_name, default_aggregation: { formula: 'sum' } };
      const meter = await post(send, '/v1/billing/meters', form);
      const recurring = { interval: 'month', usage_type: 'metered', meter };
      return ['/v1/prices', { ...monthly(k), recurring }, { meter }];
    }),
    within(async (_send, k) => [
      '/v1/prices',
      {
        product: k.product!,
        currency: 'cny',
        custom_unit_amount: { enabled: 'true' },
        expand: ['currency_options'],
      },
    ]),
    within(async (send, k) => {
      await send('POST', '/v1/prices', { ...monthly(k), lookup_key: k.product! });
      const mine = { ...monthly(k), lookup_key: k.price! };
      return ['/v1/prices', mine, { lookup_key: k.product! }];
    }),
  ],
  'POST /v1/prices/:id': [
    within(async (_send, k) => [
      `/v1/prices/${k.price!}`,
      { expand: ['currency_options'] },
      { lookup_key: `of_${k.price!}` },
    ]),
    within(async (send, k) => {
      const tiered = await post(send, '/v1/prices', {
        product: k.product!,
        currency: 'cny',
        billing_scheme: 'tiered',
        tiers_mode: 'graduated',
        tiers: [{ up_to: 'inf', unit_amount: '3' }],
        recurring: { interval: 'month' },
      });
      return [`/v1/prices/${tiered}`, { expand: ['currency_options', 'tiers'] }];
    }),
  ],
  'POST /v1/coupons': [
    within(async () => ['/v1/coupons', { percent_off: '20' }]),
    within(async () => ['/v1/coupons', { amount_off: '300', currency: 'cny' }]),
    within(async () => [
      '/v1/coupons',
      { percent_off: '20', duration: 'repeating', duration_in_months: '2' },
    ]),
  ],
  'POST /v1/coupons/:id': [
    within(async (_send, k) => [`/v1/coupons/${k.coupon!}`, {}]),
    within(async (send) => {
      const made = await post(send, '/v1/coupons', { amount_off: '300', currency: 'cny' });
      return [`/v1/coupons/${made}`, {}];
    }),
  ],
  'POST /v1/promotion_codes': [
    within(async (_send, k) => [
      '/v1/promotion_codes',
      { promotion: { type: 'coupon', coupon: k.coupon! } },
    ]),
    within(async (_send, k) => [
      '/v1/promotion_codes',
      {
        promotion: { type: 'coupon', coupon: k.coupon! },
        restrictions: { minimum_amount: '300', minimum_amount_currency: 'cny' },
      },
    ]),
  ],
  'POST /v1/promotion_codes/:id': [
    within(async (_send, k) => [`/v1/promotion_codes/${k.promotion_code!}`, {}]),
    within(async (send, k) => {
      const made = await post(send, '/v1/promotion_codes', {
        promotion: { type: 'coupon', coupon: k.coupon! },
        restrictions: { minimum_amount: '300', minimum_amount_currency: 'cny' },
      });
      return [`/v1/promotion_codes/${made}`, {}];
    }),
  ],
  'POST /v1/tax_rates': [
    within(async () => [
      '/v1/tax_rates',
      { display_name: 'VAT', inclusive: 'false', percentage: '19' },
    ]),
  ],
  'POST /v1/tax_rates/:id': [
    within(async (send) => {
      const form = { display_name: 'VAT', inclusive: 'false', percentage: '19' };
      return [`/v1/tax_rates/${await post(send, '/v1/tax_rates', form)}`, {}];
    }),
  ],
  'POST /v1/tax_ids': [
    within(async (_send, k) => [
      '/v1/tax_ids',
      { type: 'eu_vat', value: 'DE123456789', owner: { type: 'customer', customer: k.customer! } },
    ]),
  ],
  'POST /v1/entitlements/features': [
    within(async (_send, k) => [
      '/v1/entitlements/features',
      { name: 'Export', lookup_key: `export${k.product!}` },
    ]),
  ],
  'POST /v1/entitlements/features/:id': [
    within(async (send, k) => {
      const form = { name: 'Export', lookup_key: `export${k.product!}` };
      const made = await post(send, '/v1/entitlements/features', form);
      return [`/v1/entitlements/features/${made}`, {}];
    }),
  ],
};
