import { presentEntitlement } from '../billing/entitlements.ts';
import { noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { resource } from './resource.ts';

const path = '/v1/entitlements/active_entitlements';

export const activeEntitlements = resource({
  kind: 'entitlements.active_entitlement',
  path,
  noun: 'active entitlement',
  references: { feature: 'entitlements.feature' },
  indexes: { customer: ({ customer }) => customer },
  routes: [
    {
      method: 'GET',
      path,
      handle(ctx, params) {
        const customer = String(params.customer);
        if (!ctx.store.find('customer', customer)) throw noSuch('customer', customer, 'customer');
        const theirs = ctx.store.by('entitlements.active_entitlement', 'customer', customer);
        return listPage(params, path, 'active entitlement', theirs.reverse());
      },
    },
  ],
  present: (_ctx, entitlement) => presentEntitlement(entitlement),
});
