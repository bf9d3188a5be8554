import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';

/** Discounts have no endpoint of their own: they are seen where they apply, expanded. */
export const discounts = resource({
  kind: 'discount',
  path: '/v1/discounts',
  retrieve: false,
  references: {
    customer: 'customer',
    promotion_code: 'promotion_code',
    'source.coupon': ['coupon', '_retired_coupon'],
  },
  indexes: {
    customer: ({ customer }) => idOrNull(customer),
    subscription: ({ subscription }) => subscription,
  },
});
