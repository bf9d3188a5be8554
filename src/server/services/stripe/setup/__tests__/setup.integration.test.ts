import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { openStripeProxy } from '../../../../../../tests/support/stripe-proxy.ts';
import { createMovableClock } from '../../../../clock.ts';
import { STRIPE_API_VERSION, type StripeConfig } from '../../../../config/stripe.config.ts';
import { createLog } from '../../../../log.ts';
import { PriceCatalogue } from '../../catalogue.ts';
import { createStripeClient, stripeAccessOf } from '../../client/client.ts';
import { SUBSCRIBED_EVENTS } from '../../event-types.ts';
import { setUpLocalStripe, setUpStripe } from '../setup.ts';

let stripe: LocalStripe;
let database: TestDatabase;
const clock = createMovableClock();
const config: StripeConfig = { kind: 'local', port: 0 };
const setUp = (webhookUrl: string) =>
  setUpLocalStripe(stripeAccessOf(config, new URL(stripe.url)), {
    webhookUrl,
    db: database.db,
    clock,
  });

beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0, clock });
});
afterAll(async () => {
  await stripe.close();
  await database.drop();
});

test('an empty account gets prices, portal and webhook, once', async () => {
  const first = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  const again = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  expect(again).toEqual(first);
  expect(first.webhookSecrets).toEqual([expect.stringMatching(/^whsec_/)]);

  const client = createStripeClient(first);
  const prices = await client.prices.list({ limit: 100 });
  expect(prices.data.map((one) => [one.lookup_key, one.unit_amount, one.currency]).sort()).toEqual([
    ['squaretable_pack_large', 6800, 'cny'],
    ['squaretable_pack_medium', 3000, 'cny'],
    ['squaretable_pack_small', 600, 'cny'],
    ['squaretable_pro_monthly', 2900, 'cny'],
    ['squaretable_pro_yearly', 29000, 'cny'],
    ['squaretable_team_monthly', 9900, 'cny'],
  ]);
  const portals = await client.billingPortal.configurations.list({ limit: 100 });
  expect(portals.data.map((one) => one.id)).toEqual([first.portalConfiguration]);
  expect(portals.data[0]?.features).toMatchObject({
    subscription_cancel: { enabled: true, mode: 'at_period_end' },
    subscription_update: { enabled: true, proration_behavior: 'always_invoice' },
    subscription_pause: { enabled: false },
  });
  const endpoints = await client.webhookEndpoints.list({ limit: 100 });
  expect(endpoints.data).toMatchObject([
    { api_version: STRIPE_API_VERSION, url: 'http://127.0.0.1:3000/webhooks/stripe' },
  ]);
  expect(new Set(endpoints.data[0]?.enabled_events)).toEqual(new Set(SUBSCRIBED_EVENTS));
});

test('a start on another port moves the endpoint and keeps its secret', async () => {
  const before = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  const after = await setUp('http://127.0.0.1:4000/webhooks/stripe');
  expect(after.webhookSecrets).toEqual(before.webhookSecrets);
  const endpoints = await createStripeClient(after).webhookEndpoints.list();
  expect(endpoints.data.map((one) => one.url)).toEqual(['http://127.0.0.1:4000/webhooks/stripe']);
});

test('an endpoint whose secret is lost is replaced', async () => {
  const before = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  await database.pool.query('delete from settings');
  const after = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  expect(after.webhookSecrets).not.toEqual(before.webhookSecrets);
  const endpoints = await createStripeClient(after).webhookEndpoints.list();
  expect(endpoints.data).toHaveLength(1);
});

test("the catalogue follows Stripe's prices, and keeps the last ones while Stripe is away", async () => {
  const access = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  const client = createStripeClient(access);
  const open = (secretKey: string, apiBase: URL | undefined) =>
    new PriceCatalogue({
      stripe: createStripeClient({ secretKey, apiBase }),
      access,
      db: database.db,
      clock,
      log: createLog('silent', false),
    });
  const catalogue = open(access.secretKey, access.apiBase);
  const amounts = async (from: PriceCatalogue) =>
    (await from.listOffered()).map((one) => [one.plan, one.interval, one.amountMinor]);
  const atFirst = [
    ['pro', 'month', 2900],
    ['pro', 'year', 29000],
    ['team', 'month', 9900],
  ];
  expect(await amounts(catalogue)).toEqual(atFirst);

  const [old] = (await catalogue.listOffered()).filter((one) => one.interval === 'year');
  await client.prices.create({
    product: old!.productId,
    currency: 'cny',
    unit_amount: 26_000,
    recurring: { interval: 'year' },
    lookup_key: 'squaretable_pro_yearly',
    transfer_lookup_key: true,
  });
  catalogue.expire();
  const raised = atFirst.with(1, ['pro', 'year', 26000]);
  expect(await amounts(catalogue)).toEqual(raised);
  await expect(catalogue.getOffered(old!.priceId)).rejects.toMatchObject({ code: 'unknown_price' });

  // What another process offers already is looked for, but not at every question.
  const { id } = await client.prices.create({
    product: old!.productId,
    currency: 'cny',
    unit_amount: 26_000,
    recurring: { interval: 'year' },
    lookup_key: 'squaretable_pro_yearly',
    transfer_lookup_key: true,
  });
  await expect(catalogue.getOffered(id)).rejects.toMatchObject({ code: 'unknown_price' });
  clock.moveTo(new Date(clock.now().getTime() + 10_000));
  expect(await catalogue.getOffered(id)).toMatchObject({ priceId: id, amountMinor: 26_000 });

  const cutOff = open(access.secretKey, new URL('http://127.0.0.1:9'));
  expect(await amounts(cutOff)).toEqual(raised);
  await database.pool.query('delete from settings');
  await expect(
    open(access.secretKey, new URL('http://127.0.0.1:9')).listOffered(),
  ).rejects.toMatchObject({
    code: 'stripe_unavailable',
  });
});

test('a reading that began before prices changed and ends after is not kept', async () => {
  const access = await setUp('http://127.0.0.1:3000/webhooks/stripe');
  const client = createStripeClient(access);
  const proxy = await openStripeProxy(stripe.url);
  onTestFinished(() => proxy.close());
  const catalogue = new PriceCatalogue({
    stripe: createStripeClient({ secretKey: access.secretKey, apiBase: proxy.url }),
    access,
    db: database.db,
    clock,
    log: createLog('silent', false),
  });
  const yearly = async () =>
    (await catalogue.listOffered()).find((one) => one.interval === 'year')!.priceId;
  const before = await yearly();

  const answered = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  proxy.answersAfter = () => {
    proxy.answersAfter = () => undefined;
    answered.resolve();
    return held.promise;
  };
  const late = catalogue.listOfferedSince(clock.now());
  await answered.promise;
  const { product } = await client.prices.retrieve(before);
  const { id } = await client.prices.create({
    product: product as string,
    currency: 'cny',
    unit_amount: 27_000,
    recurring: { interval: 'year' },
    lookup_key: 'squaretable_pro_yearly',
    transfer_lookup_key: true,
  });
  catalogue.expire();
  expect(await yearly()).toBe(id);
  held.resolve();
  await late;
  expect(await catalogue.getOffered(id)).toMatchObject({ priceId: id, amountMinor: 27_000 });
});

test('14.4 no endpoint is removed or replaced unless that is asked for', async () => {
  const account = await startLocalStripe({ port: 0, clock });
  onTestFinished(() => account.close());
  const client = createStripeClient(stripeAccessOf(config, new URL(account.url)));
  const url = 'https://billing.example.com/webhooks/stripe';
  const set = (options: { secret?: boolean; rotate?: boolean; dryRun?: boolean } = {}) => {
    const { secret = false, rotate = false, dryRun = false } = options;
    const webhook = { url, rotate, secretKnown: () => secret };
    return setUpStripe(client, { packs: [], webhook, dryRun });
  };
  const endpoints = async () => (await client.webhookEndpoints.list()).data.map(({ id }) => id);

  const dry = await set({ dryRun: true });
  expect(dry.changes.made).toHaveLength(7);
  expect(dry.changes.made.at(-1)).toBe(`the webhook endpoint ${url}`);
  expect((await client.prices.list()).data).toEqual([]);
  expect((await client.products.list()).data).toEqual([]);
  expect(await endpoints()).toEqual([]);

  const first = await set();
  expect(first.endpoint?.secret).toMatch(/^whsec_/);
  const [made] = await endpoints();
  // The secret was lost: that is told, and nothing is taken away.
  const lost = await set();
  expect(lost.changes).toMatchObject({ made: [], removed: [] });
  expect(lost.endpoint).toMatchObject({
    endpointId: undefined,
    notes: [expect.stringMatching(/is not set.*--rotate/)],
  });
  const wouldRotate = await set({ rotate: true, dryRun: true });
  expect(wouldRotate.changes.removed).toEqual([`the webhook endpoint ${made}`]);
  const known = await set({ secret: true });
  expect(known.endpoint).toEqual({ endpointId: made, secret: undefined, notes: [] });
  expect(await endpoints()).toEqual([made]);

  const rotated = await set({ secret: true, rotate: true });
  expect(rotated.endpoint?.secret).toMatch(/^whsec_/);
  expect(rotated.endpoint?.secret).not.toBe(first.endpoint?.secret);
  expect(rotated.changes.removed).toEqual([`the webhook endpoint ${made}`]);
  expect(await endpoints()).toEqual([rotated.endpoint?.endpointId]);
});
