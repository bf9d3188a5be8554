import type Stripe from 'stripe';
import type { CallsOf } from './calls.ts';
import type { World } from '../support/world.ts';

const subscribe = (
  { stripe, customer, proMonthly }: World,
  params: Partial<Stripe.SubscriptionCreateParams> = {},
) =>
  stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: proMonthly.id }],
    ...params,
  });
const firstItem = async (world: World) => {
  const { items } = await subscribe(world);
  return items.data[0]?.id ?? '';
};
const schedule = async (world: World) =>
  world.stripe.subscriptionSchedules.create({ from_subscription: (await subscribe(world)).id });

export const subscriptionCalls: CallsOf<
  'subscriptions' | 'subscription_items' | 'subscription_schedules'
> = {
  'POST /v1/subscriptions': (world) =>
    subscribe(world, {
      expand: ['latest_invoice.payments', 'latest_invoice.confirmation_secret', 'customer'],
    }),
  'GET /v1/subscriptions': ({ stripe, customer }) =>
    stripe.subscriptions.list({ customer: customer.id, status: 'all', expand: ['data.customer'] }),
  'GET /v1/subscriptions/search': ({ stripe }) =>
    stripe.subscriptions.search({ query: 'status:"active"' }),
  'GET /v1/subscriptions/:id': async (world) =>
    world.stripe.subscriptions.retrieve((await subscribe(world)).id, {
      expand: ['default_payment_method', 'items.data.price.product', 'schedule'],
    }),
  'POST /v1/subscriptions/:id': async (world) =>
    world.stripe.subscriptions.update((await subscribe(world)).id, { cancel_at_period_end: true }),
  'DELETE /v1/subscriptions/:id': async (world) =>
    world.stripe.subscriptions.cancel((await subscribe(world)).id, {
      cancellation_details: { comment: 'too dear', feedback: 'too_expensive' },
    }),
  'DELETE /v1/subscriptions/:id/discount': async (world) => {
    const coupon = await world.stripe.coupons.create({
      percent_off: 10,
      duration: 'forever',
    });
    const { id } = await subscribe(world, { discounts: [{ coupon: coupon.id }] });
    return world.stripe.subscriptions.deleteDiscount(id);
  },
  'POST /v1/subscriptions/:id/migrate': async (world) => {
    const { id } = await subscribe(world, { billing_mode: { type: 'classic' } });
    return world.stripe.subscriptions.migrate(id, { billing_mode: { type: 'flexible' } });
  },
  'POST /v1/subscriptions/:id/pause': pause,
  'POST /v1/subscriptions/:id/resume': async (world) =>
    world.stripe.subscriptions.resume((await pause(world)).id),
  'POST /v1/subscription_items': async (world) =>
    world.stripe.subscriptionItems.create({
      subscription: (await subscribe(world)).id,
      price: world.teamMonthly.id,
    }),
  'GET /v1/subscription_items': async (world) =>
    world.stripe.subscriptionItems.list({ subscription: (await subscribe(world)).id }),
  'GET /v1/subscription_items/:id': async (world) =>
    world.stripe.subscriptionItems.retrieve(await firstItem(world)),
  'POST /v1/subscription_items/:id': async (world) =>
    world.stripe.subscriptionItems.update(await firstItem(world), { quantity: 3 }),
  'DELETE /v1/subscription_items/:id': async (world) => {
    const { stripe, proMonthly, teamMonthly } = world;
    const { items } = await subscribe(world, {
      items: [{ price: proMonthly.id }, { price: teamMonthly.id }],
    });
    return stripe.subscriptionItems.del(items.data[1]?.id ?? '');
  },
  'POST /v1/subscription_schedules': schedule,
  'GET /v1/subscription_schedules': ({ stripe, customer }) =>
    stripe.subscriptionSchedules.list({ customer: customer.id, expand: ['data.subscription'] }),
  'GET /v1/subscription_schedules/:id': async (world) =>
    world.stripe.subscriptionSchedules.retrieve((await schedule(world)).id),
  'POST /v1/subscription_schedules/:id': downgrade,
  'POST /v1/subscription_schedules/:id/cancel': async (world) =>
    world.stripe.subscriptionSchedules.cancel((await schedule(world)).id),
  'POST /v1/subscription_schedules/:id/release': async (world) =>
    world.stripe.subscriptionSchedules.release((await schedule(world)).id),
};

async function pause(world: World) {
  const { id } = await subscribe(world);
  return world.stripe.subscriptions.pause(id, { type: 'subscription' });
}

async function downgrade(world: World) {
  const { id, phases } = await schedule(world);
  const [current] = phases;
  return world.stripe.subscriptionSchedules.update(id, {
    end_behavior: 'release',
    phases: [
      {
        items: [{ price: world.proMonthly.id }],
        start_date: current?.start_date,
        end_date: current?.end_date,
      },
      { items: [{ price: world.proYearly.id }], duration: { interval: 'year', interval_count: 1 } },
    ],
  });
}
