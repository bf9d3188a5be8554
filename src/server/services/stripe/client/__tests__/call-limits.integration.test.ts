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
async function wish(both: StripeCallLimiter[], tenants: string[], what?: 'look' | 'change') {
  const outcomes = await Promise.allSettled(
    tenants.map((tenant, n) => both[n % 2]!.count(tenant, what)),
  );
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
  ['test', 'look', 3],
  ['test', 'change', 1],
  ['live', 'look', 12],
  ['live', 'change', 4],
] as const)(
  '10.17 with %s keys a %s is had %i times a second by all tenants together',
  async (account, what, max) => {
    const both = limiters(account, 1_000);
    const begun = performance.now();
    const { passed, refused } = await wish(both, tenants(80, `${account}-${what}`), what);
    const seconds = Math.ceil((performance.now() - begun) / 1_000) + 1;
    // Who finds no room waits for it, and not for ever.
    expect(passed).toBeGreaterThanOrEqual(2 * max);
    expect(passed).toBeLessThanOrEqual(max * seconds);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'busy', status: 503 });
      expect(error.retryAfterSeconds).toBeGreaterThan(0);
    }
    // What was refused because of others counts for nobody.
    const { rows } = await database.pool.query<{ points: number }>(
      `select sum(points)::int as points from rate_limits where key like 'stripe:%'`,
    );
    expect(rows[0]!.points).toBe(passed);
  },
);

test('10.17 who leaves waits for a turn and is kept by nobody, and has others wait', async () => {
  const fresh = limiters('test', 1_000);
  const gone = tenants(6, 'gone').map((tenant) => fresh[0]!.countLeaving(tenant));
  const here = wish(fresh, tenants(20, 'here'));
  expect((await Promise.allSettled(gone)).map(({ status }) => status)).toEqual(
    Array<string>(6).fill('fulfilled'),
  );
  const { passed, refused } = await here;
  // Of four seconds with room for three.
  expect(passed).toBeLessThan(4 * 3);
  for (const error of refused) expect(error).toMatchObject({ code: 'busy' });
  // Again and again is too often for them as well.
  const [hasty] = limiters('local', 2);
  await hasty!.countLeaving('hasty');
  await hasty!.countLeaving('hasty');
  await expect(hasty!.countLeaving('hasty')).rejects.toMatchObject({ code: 'rate_limited' });
});
