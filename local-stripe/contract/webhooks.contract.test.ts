import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeCheckout, control } from './support/control.ts';
import { openReceiver } from './support/receiver.ts';
import type { Receiver } from './support/receiver.ts';
import { day, hour } from './support/story.ts';
import { isSandbox, localOf } from './support/subject.ts';
import { openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

let world: World;
let receiver: Receiver;

// A sandbox cannot reach this machine.
describe.skipIf(isSandbox)('webhooks', () => {
  beforeEach(async () => {
    world = await openWorld();
    receiver = await openReceiver();
    const endpoint = await world.stripe.webhookEndpoints.create({
      url: receiver.url,
      enabled_events: ['*'],
    });
    receiver.secret = endpoint.secret ?? '';
  });
  afterEach(async () => {
    await world.close();
    await receiver.close();
  });

  const subscribe = () =>
    world.stripe.subscriptions.create({
      customer: world.customer.id,
      items: [{ price: world.proMonthly.id }],
      expand: ['latest_invoice'],
    });
  const advance = (seconds: number) => control(world, 'clock', { advanceSeconds: seconds });
  const types = () => receiver.events.map(({ type }) => type);
  const latest = async ({ id }: Stripe.Subscription) => {
    const expand = ['latest_invoice'];
    const { latest_invoice } = await world.stripe.subscriptions.retrieve(id, { expand });
    return latest_invoice as Stripe.Invoice;
  };

  test('tell what happened, once each, in logical order and as the API tells it', async () => {
    const subscription = await subscribe();
    await localOf(world).settled();
    const listed = await world.stripe.events.list({ limit: 100 });
    const since = listed.data.findIndex(({ id }) => id === receiver.events[0]?.id);
    const told = listed.data.slice(0, since + 1).reverse();
    expect(receiver.events.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
    const created = receiver.events.find(({ type }) => type === 'customer.subscription.created');
    expect(created?.data.object).toMatchObject({ id: subscription.id, status: 'active' });
    expect(created).toMatchObject({ api_version: '2026-10-28.endive', livemode: false });
  });

  test('come twice and out of order when that is asked for; nothing else changes', async () => {
    await control(world, 'chaos', { duplicate: 1, shuffle: 1 });
    await subscribe();
    await localOf(world).settled();
    const ids = receiver.events.map(({ id }) => id);
    expect(ids.length).toBe(2 * new Set(ids).size);
    expect(new Set(types())).toContain('invoice.paid');
  });

  test('that are lost can be found as events', async () => {
    await control(world, 'chaos', { drop: 1 });
    await subscribe();
    await localOf(world).settled();
    expect(receiver.events).toEqual([]);
    const { data } = await world.stripe.events.list({ type: 'customer.subscription.created' });
    expect(data).toHaveLength(1);
  });

  test('are sent again until they are taken', async () => {
    let refusals = 2;
    receiver.answer = () => (refusals-- > 0 ? 500 : 200);
    await world.stripe.products.update(world.product.id, { name: 'Renamed' });
    await localOf(world).settled();
    const pending = await world.stripe.events.list({ delivery_success: false });
    expect(pending.data.map(({ type }) => type)).toContain('product.updated');
    await advance(day);
    expect(types()).toEqual(['product.updated', 'product.updated', 'product.updated']);
    expect((await world.stripe.events.list({ delivery_success: false })).data).toEqual([]);
  });

  test('a renewal waits with its invoice until invoice.created is taken', async () => {
    const subscription = await subscribe();
    receiver.answer = ({ type }) => (type === 'invoice.created' ? 500 : 200);
    const { items } = await world.stripe.subscriptions.retrieve(subscription.id);
    const now = localOf(world).kernel.now();
    await advance((items.data[0]?.current_period_end ?? now) - now + 5 * hour);
    expect((await latest(subscription)).status).toBe('draft');
    receiver.answer = () => 200;
    await advance(day);
    expect((await latest(subscription)).status).toBe('paid');
  });

  test('a renewal waits three days at most', async () => {
    const subscription = await subscribe();
    receiver.answer = ({ type }) => (type === 'invoice.created' ? 500 : 200);
    const { items } = await world.stripe.subscriptions.retrieve(subscription.id);
    const now = localOf(world).kernel.now();
    await advance((items.data[0]?.current_period_end ?? now) - now + 3 * day + 2 * hour);
    expect((await latest(subscription)).status).toBe('paid');
  });

  test('a Checkout that is paid is told before anybody asks', async () => {
    const session = await world.stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: world.proMonthly.id, quantity: 1 }],
      success_url: 'https://example.com/done',
    });
    await completeCheckout(world, session.id, { card: '4242424242424242', email: 'a@b.cn' });
    await localOf(world).settled();
    expect(types()).toEqual(
      expect.arrayContaining(['customer.subscription.created', 'checkout.session.completed']),
    );
  });
});
