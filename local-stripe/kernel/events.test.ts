import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { createCustomer } from '../billing/customer/create.ts';
import { frozenClock } from './clock.ts';
import { invalidRequest } from './errors.ts';

const start = 1_800_000_000;
const retention = 30 * 86_400;
let local: LocalStripe;

beforeEach(async () => {
  local = await startLocalStripe({ port: 0, clock: frozenClock(new Date(start * 1000)) });
  local.kernel.run((ctx) => createCustomer(ctx, { name: 'A' }));
});
afterEach(() => local.close());

async function listedEvents(): Promise<unknown[]> {
  const headers = { authorization: 'Bearer sk_test_e' };
  const answer = await local.fetch(new Request(`${local.url}/v1/events`, { headers }));
  return ((await answer.json()) as { data: unknown[] }).data;
}

test('an event is listed for 30 days and not a second longer', async () => {
  await local.advanceTo(start + retention);
  expect(await listedEvents()).toHaveLength(1);
  await local.advanceTo(start + retention + 1);
  expect(await listedEvents()).toEqual([]);
});

test('a refusal does not bring back what time has taken', async () => {
  await local.advanceTo(start + retention + 1);
  const refused = () =>
    local.kernel.run((ctx) => {
      createCustomer(ctx, { name: 'B' });
      throw invalidRequest('No.');
    });
  expect(refused).toThrow('No.');
  expect(local.kernel.store.size('_event')).toBe(0);
  expect(local.kernel.store.size('customer')).toBe(1);
});
