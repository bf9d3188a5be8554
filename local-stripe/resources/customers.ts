import type Stripe from 'stripe';
import { createCustomer, namesOf, renderingOf, shipping } from '../billing/customer/create.ts';
import { creditBalances, setBalance } from '../billing/invoice/balance.ts';
import { noSuchMethod } from '../billing/payment/methods.ts';
import { cancelSchedule } from '../billing/schedule/end.ts';
import { endSubscription } from '../billing/subscription/end.ts';
import { taxLocation } from '../billing/tax/location.ts';
import { registrationAt } from '../billing/tax/registrations.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { listInside } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';
import { address } from '../billing/addresses.ts';
import { searchRoute } from './search/route.ts';

export const customers = resource({
  kind: 'customer',
  path: '/v1/customers',
  retrievesDeleted: true,
  routes: [searchRoute('customer', '/v1/customers')],
  references: {
    'invoice_settings.default_payment_method': 'payment_method',
    test_clock: 'test_helpers.test_clock',
  },
  includes: {
    subscriptions: (ctx, customer) => {
      const theirs = ctx.store
        .by('subscription', 'customer', customer.id)
        .filter(({ status }) => status !== 'canceled' && status !== 'incomplete_expired');
      return listInside(`/v1/customers/${customer.id}/subscriptions`, theirs.reverse());
    },
    tax: customerTax,
    invoice_credit_balance: creditBalances,
    cash_balance: () => null,
    sources: (_ctx, customer) => listInside(`/v1/customers/${customer.id}/sources`, []),
    tax_ids: (ctx, customer) =>
      listInside(
        `/v1/customers/${customer.id}/tax_ids`,
        ctx.store.by('tax_id', 'customer', customer.id).reverse(),
      ),
  },
  indexes: {
    email: ({ email }) => email,
    test_clock: ({ test_clock }) => idOrNull(test_clock),
  },
  list: {
    email: (customer, email: string) => customer.email === email,
    test_clock: (customer, clock: string) => customer.test_clock === clock,
  },
  listed: (_ctx, customer, params) => customer.test_clock === null || 'test_clock' in params,
  create: createCustomer,
  update: updateCustomer,
  del: deleteCustomer,
});

/** Whether tax could be computed for the customer, and where they are. */
function customerTax(ctx: Context, customer: Stripe.Customer): Stripe.Customer.Tax {
  const location = taxLocation(ctx, customer);
  return {
    automatic_tax:
      location === null
        ? 'unrecognized_location'
        : registrationAt(ctx, location) === null
          ? 'not_collecting'
          : 'supported',
    ip_address: null,
    location,
    provider: 'stripe',
  };
}

function updateCustomer(
  ctx: Context,
  before: Stripe.Customer,
  params: Stripe.CustomerUpdateParams,
): Stripe.Customer {
  refuseUnsupported(params, ['cash_balance', 'default_source', 'source']);
  const here = ctx.onClock(idOrNull(before.test_clock));
  const patch: Partial<Stripe.Customer> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...namesOf(params),
  };
  for (const field of ['description', 'email', 'name', 'phone'] as const) {
    if (params[field] !== undefined) patch[field] = params[field];
  }
  if (params.balance !== undefined) Object.assign(patch, setBalance(here, before, params.balance));
  if (params.address !== undefined) patch.address = params.address ? address(params.address) : null;
  if (params.shipping !== undefined) {
    patch.shipping = params.shipping ? shipping(params.shipping) : null;
  }
  if (params.preferred_locales !== undefined) patch.preferred_locales = params.preferred_locales;
  if (params.invoice_prefix !== undefined) patch.invoice_prefix = params.invoice_prefix;
  if (params.next_invoice_sequence !== undefined) {
    patch.next_invoice_sequence = params.next_invoice_sequence;
  }
  if (params.tax_exempt !== undefined) patch.tax_exempt = params.tax_exempt || 'none';
  if (params.invoice_settings !== undefined) {
    const { custom_fields, default_payment_method, footer, rendering_options } =
      params.invoice_settings;
    patch.invoice_settings = {
      ...before.invoice_settings,
      ...(default_payment_method === undefined
        ? {}
        : { default_payment_method: ownCard(ctx, before.id, default_payment_method) }),
      ...(footer === undefined ? {} : { footer }),
      ...(custom_fields === undefined ? {} : { custom_fields: custom_fields || null }),
      ...(rendering_options === undefined
        ? {}
        : { rendering_options: renderingOf(rendering_options) }),
    };
  }
  return here.update('customer', before, patch, 'customer.updated');
}

function ownCard(ctx: Context, customer: string, id: string | null): string | null {
  if (id === null) return null;
  const method = ctx.store.find('payment_method', id);
  if (method === undefined || method.customer !== customer) {
    throw noSuchMethod(id, 'invoice_settings[default_payment_method]');
  }
  return id;
}

export function deleteCustomer(ctx: Context, customer: Stripe.Customer): object {
  const here = ctx.onClock(idOrNull(customer.test_clock));
  for (const subscription of here.store.by('subscription', 'customer', customer.id)) {
    if (subscription.ended_at !== null) continue;
    endSubscription(here, subscription, { reason: 'cancellation_requested' });
  }
  for (const schedule of here.store.by('subscription_schedule', 'customer', customer.id)) {
    if (schedule.status === 'not_started') cancelSchedule(here, schedule, {});
  }
  for (const invoice of here.store.by('invoice', 'customer', customer.id)) {
    for (const kind of ['finalize', 'retry', 'overdue']) {
      here.unschedule(`invoice.${kind}`, invoice.id);
    }
  }
  for (const method of here.store.by('payment_method', 'customer', customer.id)) {
    here.store.put('payment_method', { ...method, customer: null });
  }
  for (const { id } of here.store.by('tax_id', 'customer', customer.id)) {
    here.store.remove('tax_id', id);
  }
  const deleted = markDeleted(here, 'customer', customer.id);
  here.emit('customer.deleted', customer);
  return deleted;
}
