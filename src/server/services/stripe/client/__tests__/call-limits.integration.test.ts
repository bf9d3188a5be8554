import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createTestDatabase,
  shareDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import type { BillingError } from '../../../../../domain/errors.ts';
import { StripeCallLimiter, type CallLimits } from '../call-limits.ts';

let database: TestDatabase;
let other: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  other = shareDatabase(database.url);
});
beforeEach(async () => void (await database.pool.query('delete from rate_limits')));
afterAll(async () => {
  await other.drop();
  await database.drop();
});

const limiters = (account: CallLimits['account'], perTenantAndMinute: number) =>
  [database, other].map(
    ({ pool }) => new StripeCallLimiter({ pool, limits: { account, perTenantAndMinute } }),
  );

/** Codes of what was refused of many wishes at once, half of them in another process; and how many passed. */
async function wish(both: StripeCallLimiter[], tenants: string[]) {
  const outcomes = await Promise.allSettled(tenants.map((tenant, n) => both[n % 2]!.count(tenant)));
  const refused = outcomes.flatMap((one) =>
    one.status === 'rejected' ? [one.reason as BillingError] : [],
  );
  return { passed: outcomes.length - refused.length, refused };
}

const tenants = (count: number, name: string) =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`);

test('10.17 one tenant has so many a minute, counted by all processes together', async () => {
  const both = limiters('local', 10);
  const { passed, refused } = await wish(both, Array<string>(25).fill('eager'));
  expect(passed).toBe(10);
  for (const error of refused) {
    expect(error).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
  }
  // Another tenant is not held up by it.
  expect((await wish(both, ['calm'])).passed).toBe(1);
});

test.each([
  ['test', 3],
  ['live', 12],
] as const)('10.17 with %s keys all tenants together have %i a second', async (account, max) => {
  const both = limiters(account, 1_000);
  const begun = performance.now();
  const { passed, refused } = await wish(both, tenants(60, account));
  const seconds = Math.ceil((performance.now() - begun) / 1_000) + 1;
  expect(passed).toBeGreaterThanOrEqual(max);
  expect(passed).toBeLessThanOrEqual(max * seconds);
  for (const error of refused) {
    expect(error).toMatchObject({ code: 'busy', status: 503 });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
  }
});

test('10.17 who leaves is kept by nobody, and counts for all the others', async () => {
  // Where a second ends in the middle of it, it is tried again.
  await expect
    .poll(async () => {
      await database.pool.query('delete from rate_limits');
      const fresh = limiters('test', 1_000);
      await Promise.all(tenants(5, 'gone').map((tenant) => fresh[0]!.countLeaving(tenant)));
      return (await wish(fresh, tenants(6, 'here'))).passed;
    })
    .toBe(0);
  // Again and again is too often for them as well.
  const [hasty] = limiters('test', 2);
  await hasty!.countLeaving('hasty');
  await hasty!.countLeaving('hasty');
  await expect(hasty!.countLeaving('hasty')).rejects.toMatchObject({ code: 'rate_limited' });
});
