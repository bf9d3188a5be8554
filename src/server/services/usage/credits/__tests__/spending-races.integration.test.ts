import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  creditFaults,
  imbalances,
  meteredTenant,
} from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
  await database.drop();
});

const clock = new HandClock('2026-05-10T12:00:00Z');

/** A tenant on free, of whose ten pictures `used` are used, with so many credits; a picture is two. */
async function world(used: number, credits: number) {
  const tenantId = await meteredTenant(database.pool);
  const images = { tenantId, resourceType: 'images' as const };
  const [usage, other] = [usageService(database, clock), usageService(database, clock)];
  await usage.trackUsage({ ...images, amount: used });
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'a', amountMicro: credits * 1_000_000 },
    ...{ expiresAt: new Date('2027-01-01T00:00:00Z'), reason: 'a test' },
    actor: { kind: 'service', name: 'test' },
  });
  return {
    ...{ images, usage, other },
    stats: async () => (await usage.getUsageStats(tenantId)).resources[2]!,
    credits: () => usage.credits.read(tenantId),
    /** Units and µcr of all that was drawn. */
    drawn: async () =>
      (await usage.credits.readHistory(tenantId)).movements
        .filter(({ kind }) => kind !== 'granted')
        .reduce((sum, one) => [sum[0]! + one.units, sum[1]! + one.micro], [0, 0]),
  };
}

test('12.2 14. 15. settled and given back at once by two processes: one of it happens, and is drawn once', async () => {
  for (const released of [false, true]) {
    const { images, usage, other, stats, credits, drawn } = await world(9, 6);
    const { reservationId } = await usage.reserve({ ...images, amount: 3, ttlSeconds: 60 });
    const asked = Array.from({ length: 24 }, (_, n) => 1 + (n % 4));
    const settled = await Promise.allSettled(
      asked.map((amount, n) => {
        const process = n % 2 ? usage : other;
        if (released && n % 5 === 0) return process.release({ reservationId }).then(() => null);
        return process.settle({ reservationId, amount });
      }),
    );
    // Who asked for what happened is answered so, and everybody else refused.
    const happened = new Set(
      settled.flatMap(({ status }, n) =>
        status === 'fulfilled' ? [released && n % 5 === 0 ? 0 : asked[n]!] : [],
      ),
    );
    expect(happened.size).toBe(1);
    for (const one of settled) {
      if (one.status === 'fulfilled') continue;
      expect(one.reason.code).toMatch(/^reservation_(settled|released)$/);
    }
    const [used] = happened as Set<number>;
    const beyond = Math.max(0, used! - 1);
    expect(await stats()).toMatchObject({ used: 9 + used!, held: 0, beyond });
    const micro = beyond * 2_000_000;
    expect(await drawn()).toEqual([beyond, 0 - micro]);
    expect(await credits()).toMatchObject({ held: 0, balance: 6_000_000 - micro });
  }
});

test('12.2 16. 19. a key that two processes send at once, in batches with others, draws once', async () => {
  const { images, usage, other, stats, drawn } = await world(10, 40);
  const calls = Array.from({ length: 60 }, (_, n) => ({
    ...images,
    ...{ amount: 1 + (n % 3), idempotencyKey: `k${n % 6}` },
  }));
  const answers = await Promise.all(
    calls.map((call, n) => (n % 4 < 2 ? usage : other).trackUsage(call)),
  );
  const recorded = answers.filter(({ status }) => status === 'recorded');
  expect(recorded).toHaveLength(6);
  for (const [n, answer] of answers.entries()) {
    const first = answers.find((one, m) => m % 6 === n % 6 && one.status === 'recorded')!;
    expect(answer).toEqual({ ...first, status: answer.status });
  }
  // Of 1, 2 and 3 pictures two each.
  expect(await stats()).toMatchObject({ used: 22, beyond: 12 });
  expect((await drawn())[1]).toBe(-24_000_000);
});
