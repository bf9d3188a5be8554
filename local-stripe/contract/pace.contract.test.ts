import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../billing/testing/shop.ts';
import type { Shop } from '../billing/testing/shop.ts';

/**
 * How fast it is, in seconds of this process's processor, which others on a busy machine do not
 * stretch. The requests' own client is counted in.
 */
const subscriptions = 200;
let shop: Shop;

beforeAll(async () => {
  shop = await startShop('2027-01-15T00:00:00');
});
afterAll(() => shop.close());

function processorMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

test('8 a year for 200 monthly subscriptions takes less than 10 seconds', async () => {
  const { local, stripe, monthly } = shop;
  for (let n = 0; n < subscriptions; n += 1) {
    const { id } = await shop.customer();
    await stripe.subscriptions.create({ customer: id, items: [{ price: monthly.id }] });
  }
  const before = process.cpuUsage();
  await shop.advanceTo('2028-01-15T02:00:00');
  const took = processorMs(before);
  const paid = [...local.kernel.store.oldestFirst('invoice')].filter(
    ({ status }) => status === 'paid',
  );
  expect(paid).toHaveLength(subscriptions * 13);
  expect(took).toBeLessThan(10_000);
});

test('8 a plain request takes less than 5 milliseconds at the median', async () => {
  const { id } = await shop.customer();
  const took: number[] = [];
  for (let n = 0; n < 300; n += 1) {
    const before = process.cpuUsage();
    await shop.stripe.customers.retrieve(id);
    took.push(processorMs(before));
  }
  expect(took.toSorted((a, b) => a - b)[took.length / 2]).toBeLessThan(5);
});
