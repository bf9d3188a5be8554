import type { CallsOf } from './calls.ts';
import type { World } from '../support/world.ts';

const session = ({ stripe, proMonthly }: World) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: proMonthly.id, quantity: 1 }],
    success_url: 'https://example.com/done?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://example.com/plans',
    client_reference_id: 't_1',
    subscription_data: { metadata: { tenant: 't_1' } },
  });

const configuration = ({ stripe }: World) =>
  stripe.billingPortal.configurations.create({
    business_profile: { headline: 'Squaretable' },
    default_return_url: 'https://example.com/account',
    features: {
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
    },
  });

export const hostedCalls: CallsOf<'checkout' | 'billing_portal'> = {
  'POST /v1/checkout/sessions': session,
  'GET /v1/checkout/sessions': ({ stripe }) =>
    stripe.checkout.sessions.list({ status: 'open', expand: ['data.line_items'] }),
  'GET /v1/checkout/sessions/:id': async (world) =>
    world.stripe.checkout.sessions.retrieve((await session(world)).id, {
      expand: ['line_items.data.price.product', 'customer', 'subscription'],
    }),
  'POST /v1/checkout/sessions/:id': async (world) =>
    world.stripe.checkout.sessions.update((await session(world)).id, { metadata: { a: '1' } }),
  'POST /v1/checkout/sessions/:id/expire': async (world) =>
    world.stripe.checkout.sessions.expire((await session(world)).id),
  'GET /v1/checkout/sessions/:id/line_items': async (world) =>
    world.stripe.checkout.sessions.listLineItems((await session(world)).id),
  'POST /v1/billing_portal/sessions': async (world) =>
    world.stripe.billingPortal.sessions.create({
      customer: world.customer.id,
      configuration: (await configuration(world)).id,
      return_url: 'https://example.com/account',
    }),
  'POST /v1/billing_portal/configurations': configuration,
  'GET /v1/billing_portal/configurations': ({ stripe }) =>
    stripe.billingPortal.configurations.list({ active: true }),
  'GET /v1/billing_portal/configurations/:id': async (world) =>
    world.stripe.billingPortal.configurations.retrieve((await configuration(world)).id),
  'POST /v1/billing_portal/configurations/:id': async (world) =>
    world.stripe.billingPortal.configurations.update((await configuration(world)).id, {
      active: false,
    }),
};
