import type Stripe from 'stripe';
import type { CallsOf } from './calls.ts';
import { eventually, fresh } from '../support/world.ts';
import type { World } from '../support/world.ts';

const meter = ({ stripe }: World, event_name = fresh('tokens')) =>
  stripe.billing.meters.create({
    display_name: 'Tokens',
    event_name,
    default_aggregation: { formula: 'sum' },
  });
const report = async (world: World, identifier = fresh('event')) => {
  const { event_name } = await meter(world);
  await world.stripe.billing.meterEvents.create({
    event_name,
    identifier,
    payload: { stripe_customer_id: world.customer.id, value: '3' },
  });
  return { event_name, identifier };
};

export const meterCalls: CallsOf<'billing/'> = {
  'POST /v1/billing/meters': (world) => meter(world),
  'GET /v1/billing/meters': ({ stripe }) => stripe.billing.meters.list({ status: 'active' }),
  'GET /v1/billing/meters/:id': async (world) =>
    world.stripe.billing.meters.retrieve((await meter(world)).id),
  'POST /v1/billing/meters/:id': async (world) =>
    world.stripe.billing.meters.update((await meter(world)).id, { display_name: 'Words' }),
  'POST /v1/billing/meters/:id/deactivate': async (world) =>
    world.stripe.billing.meters.deactivate((await meter(world)).id),
  'POST /v1/billing/meters/:id/reactivate': async (world) => {
    const { id } = await meter(world);
    await world.stripe.billing.meters.deactivate(id);
    return world.stripe.billing.meters.reactivate(id);
  },
  'GET /v1/billing/meters/:id/event_summaries': async (world) => {
    const { id } = await meter(world);
    const start_time = Math.floor(Date.now() / 60_000) * 60;
    const params = { customer: world.customer.id, start_time, end_time: start_time + 60 };
    return world.stripe.billing.meters.listEventSummaries(id, params);
  },
  'POST /v1/billing/meter_events': report,
  'POST /v1/billing/meter_event_adjustments': async (world) => {
    const { event_name, identifier } = await report(world);
    const params = { event_name, type: 'cancel' as const, cancel: { identifier } };
    return world.stripe.billing.meterEventAdjustments.create(params);
  },
};

const endpoint = ({ stripe }: World): Promise<Stripe.WebhookEndpoint> =>
  stripe.webhookEndpoints.create({
    url: 'https://example.com/webhooks',
    enabled_events: ['invoice.paid', 'customer.subscription.updated'],
    api_version: '2026-10-28.endive',
  });

export const eventCalls: CallsOf<'events' | 'webhook_endpoints'> = {
  'GET /v1/events': ({ stripe }) => stripe.events.list({ limit: 100 }),
  'GET /v1/events/:id': async (world) => {
    const { data } = await world.stripe.events.list({ limit: 1 });
    return world.stripe.events.retrieve(data[0]?.id ?? '');
  },
  'POST /v1/webhook_endpoints': async (world) => {
    const { id } = await endpoint(world);
    return world.stripe.webhookEndpoints.del(id);
  },
  'GET /v1/webhook_endpoints': ({ stripe }) => stripe.webhookEndpoints.list(),
  'GET /v1/webhook_endpoints/:id': (world) =>
    withEndpoint(world, (id) => world.stripe.webhookEndpoints.retrieve(id)),
  'POST /v1/webhook_endpoints/:id': (world) =>
    withEndpoint(world, (id) => world.stripe.webhookEndpoints.update(id, { disabled: true })),
  'DELETE /v1/webhook_endpoints/:id': (world) => withEndpoint(world, async () => {}),
};

/** Endpoints are few in an account, so none is left behind. */
async function withEndpoint(world: World, work: (id: string) => Promise<unknown>): Promise<void> {
  const { id } = await endpoint(world);
  await work(id);
  await world.stripe.webhookEndpoints.del(id);
}

const clock = ({ stripe }: World) =>
  stripe.testHelpers.testClocks.create({ frozen_time: Date.UTC(2027, 0, 1) / 1000, name: 'Story' });

export const testHelperCalls: CallsOf<'test_helpers'> = {
  'POST /v1/test_helpers/test_clocks': clock,
  'GET /v1/test_helpers/test_clocks': ({ stripe }) => stripe.testHelpers.testClocks.list(),
  'GET /v1/test_helpers/test_clocks/:id': async (world) =>
    world.stripe.testHelpers.testClocks.retrieve((await clock(world)).id),
  'POST /v1/test_helpers/test_clocks/:id/advance': async (world) => {
    const { id, frozen_time } = await clock(world);
    await world.stripe.testHelpers.testClocks.advance(id, { frozen_time: frozen_time + 86_400 });
    return eventually(world, async () => {
      const { status } = await world.stripe.testHelpers.testClocks.retrieve(id);
      return status === 'ready' ? status : undefined;
    });
  },
  'DELETE /v1/test_helpers/test_clocks/:id': async (world) =>
    world.stripe.testHelpers.testClocks.del((await clock(world)).id),
};
