import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../clock.ts';
import { changeChaos } from '../settings.ts';

const start = Date.UTC(2027, 0, 1) / 1000;

let local: LocalStripe;
let stripe: Stripe;
let receiver: Server;
let received: { signature: string; body: string }[];
let answers: number[];

beforeEach(async () => {
  received = [];
  answers = [];
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ signature: String(request.headers['stripe-signature']), body });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    seed: 'd',
  });
  stripe = new Stripe('sk_test_d', { host: '127.0.0.1', port: local.port, protocol: 'http' });
});
afterEach(async () => {
  await local.close();
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
});

const endpoint = (enabled_events: Stripe.WebhookEndpointCreateParams.EnabledEvent[]) =>
  stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    enabled_events,
  });
const types = () => received.map(({ body }) => (JSON.parse(body) as Stripe.Event).type);

describe('deliveries', () => {
  test('carry a signature that the SDK accepts, in real time, and are counted', async () => {
    const { secret } = await endpoint(['*']);
    const customer = await stripe.customers.create({ name: 'A' });
    await local.settled();
    const [{ body, signature }] = received as [{ body: string; signature: string }];
    const event = stripe.webhooks.constructEvent(body, signature, secret!);
    expect(event).toMatchObject({
      type: 'customer.created',
      created: start,
      api_version: '2026-10-28.endive',
      data: { object: { id: customer.id, name: 'A' } },
      request: { idempotency_key: expect.any(String) },
    });
    expect(await stripe.events.retrieve(event.id)).toMatchObject({ pending_webhooks: 0 });
    expect((await stripe.webhookEndpoints.list()).data[0]!.secret).toBeUndefined();
  });

  test('reach only endpoints that asked for the type', async () => {
    await endpoint(['customer.deleted']);
    const { id } = await stripe.customers.create();
    await stripe.customers.del(id);
    await local.settled();
    expect(types()).toEqual(['customer.deleted']);
  });

  test('are repeated with growing delays of the clock, each time freshly signed', async () => {
    await endpoint(['*']);
    answers = [500, 302, 404];
    await stripe.customers.create();
    await local.settled();
    expect(received).toHaveLength(1);
    expect((await stripe.events.list({ delivery_success: false })).data).toHaveLength(1);
    await local.advanceTo(start + 59);
    expect(received).toHaveLength(1);
    await local.advanceTo(start + 60);
    expect(received).toHaveLength(2);
    await local.advanceTo(start + 60 + 300);
    expect(received).toHaveLength(3);
    await local.advanceTo(start + 7200);
    expect(received).toHaveLength(4);
    expect((await stripe.events.list({ delivery_success: false })).data).toHaveLength(0);
    expect(new Set(received.map(({ body }) => (JSON.parse(body) as Stripe.Event).id)).size).toBe(1);
    await local.advanceTo(start + 20 * 86_400);
    expect(received).toHaveLength(4);
  });

  test('end after three days without an answer', async () => {
    await endpoint(['*']);
    answers = Array.from({ length: 50 }, () => 500);
    await stripe.customers.create();
    await local.advanceTo(start + 20 * 86_400);
    expect(received).toHaveLength(10);
    expect([...local.kernel.store.oldestFirst('_delivery')][0]!.status).toBe('failed');
  });

  test.each([
    ['duplicate', { duplicate: 1 }, 4],
    ['drop', { drop: 1 }, 0],
  ])('chaos: %s', async (_name, chaos, times) => {
    await endpoint(['*']);
    local.kernel.run(({ store }) => changeChaos(store, chaos));
    await stripe.customers.create();
    await stripe.customers.create();
    await local.settled();
    expect(received).toHaveLength(times);
  });

  test('chaos: shuffled events arrive all, in another order', async () => {
    await endpoint(['*']);
    local.kernel.run((ctx) => {
      changeChaos(ctx.store, { shuffle: 1 });
      for (let i = 0; i < 20; i += 1)
        ctx.emit('customer.created', { object: 'customer', id: `cus_${i}` });
    });
    await local.settled();
    const order = received.map(({ body }) => {
      return ((JSON.parse(body) as Stripe.Event).data.object as { id: string }).id;
    });
    const inOrder = Array.from({ length: 20 }, (_, i) => `cus_${i}`);
    expect(order).not.toEqual(inOrder);
    expect(order.toSorted()).toEqual(inOrder.toSorted());
  });

  test('a resend delivers the same event again', async () => {
    await endpoint(['*']);
    await stripe.customers.create();
    await local.settled();
    const [delivery] = [...local.kernel.store.oldestFirst('_delivery')];
    local.dispatcher.resend(delivery!.id);
    await local.settled();
    expect(received).toHaveLength(2);
    expect(received[0]!.body).toBe(received[1]!.body);
  });
});

describe('the event log', () => {
  test('keeps snapshots as they were, 30 days long', async () => {
    const { id } = await stripe.customers.create({ name: 'First' });
    await stripe.customers.update(id, { name: 'Second' });
    const { data } = await stripe.events.list({ type: 'customer.*' });
    expect(data.map(({ type }) => type)).toEqual(['customer.updated', 'customer.created']);
    expect(data[0]!.data).toMatchObject({
      object: { name: 'Second' },
      previous_attributes: { name: 'First' },
    });
    expect(data[1]!.data.object).toMatchObject({ name: 'First' });
    await local.advanceTo(start + 30 * 86_400);
    expect((await stripe.events.list()).data).toHaveLength(2);
    await local.advanceTo(start + 30 * 86_400 + 1);
    expect((await stripe.events.list()).data).toHaveLength(0);
    await expect(stripe.events.retrieve(data[0]!.id)).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('test clocks', () => {
  test('advance to ready, and take their customers with them', async () => {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start - 1000 });
    const customer = await stripe.customers.create({ test_clock: clock.id });
    expect(customer.created).toBe(start - 1000);
    expect((await stripe.customers.list()).data).toHaveLength(0);
    expect((await stripe.customers.list({ test_clock: clock.id })).data).toHaveLength(1);

    const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start });
    expect(advancing.status).toBe('advancing');
    await local.settled();
    const ready = await stripe.testHelpers.testClocks.retrieve(clock.id);
    expect(ready).toMatchObject({ status: 'ready', frozen_time: start, status_details: {} });

    await stripe.testHelpers.testClocks.del(clock.id);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
    const { data } = await stripe.events.list();
    expect(data.map(({ type }) => type).reverse()).toEqual([
      'test_helpers.test_clock.created',
      'customer.created',
      'test_helpers.test_clock.advancing',
      'test_helpers.test_clock.ready',
      'customer.deleted',
      'test_helpers.test_clock.deleted',
    ]);
  });

  test.each([
    ['backwards', start - 1],
    ['more than two years', start + 800 * 86_400],
  ])('refuse to go %s', async (_name, frozen_time) => {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start });
    await expect(
      stripe.testHelpers.testClocks.advance(clock.id, { frozen_time }),
    ).rejects.toMatchObject({ param: 'frozen_time' });
  });
});
