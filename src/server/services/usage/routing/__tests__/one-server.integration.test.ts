import { afterAll, beforeAll, expect, test } from 'vitest';
import { CITUS_URL } from '../../../../../../tests/support/citus.ts';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

const NUMBER = 1;
const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;

let database: TestDatabase;
beforeAll(async () => {
  if (CITUS_URL !== undefined) database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** What the bucket's server says to others from now on, over each connection of ours to it. */
async function listen(): Promise<string[]> {
  const sent: string[] = [];
  const place = (await database.buckets.list()).find(({ number }) => number === NUMBER)!;
  expect(place).toMatchObject({ byCitus: true, node: expect.any(String) as string });
  database.buckets.pool(place.node!).on('connect', (client) => {
    client.on('notice', ({ message }) => {
      if (message?.startsWith('issuing ')) sent.push(message);
    });
    client.query('set citus.log_remote_commands = on').catch(() => undefined);
  });
  return sent;
}

test.skipIf(CITUS_URL === undefined)(
  '11.3 a call in a bucket on a worker asks no other server, within the quota and beyond it',
  async () => {
    const sent = await listen();
    const clock = new HandClock('2026-05-10T12:00:00Z');
    const usage = usageService(database, clock);
    const tenantId = await tenantInBucket(database.pool, NUMBER);
    const images = { tenantId, resourceType: 'images' as const };
    let keys = 0;
    const use = (amount: number, isKeyed: boolean) =>
      usage.trackUsage({
        ...{ ...images, amount },
        ...(isKeyed ? { idempotencyKey: `k${(keys += 1)}` } : {}),
      });
    const hold = async (isKeyed: boolean) => {
      const key = isKeyed ? { idempotencyKey: `k${(keys += 1)}` } : {};
      const held = { ...images, ...key, amount: 1, ttlSeconds: 60 };
      const { reservationId } = await usage.reserve(held);
      await usage.begin({ reservationId, amount: 1 });
      return { tenantId, reservationId };
    };
    await use(1, true);
    const grant = {
      tenantId,
      origin: 'goodwill',
      originRef: 'a',
      amountMicro: 90_000_000,
    } as const;
    await usage.credits.grant({ ...grant, ...by, expiresAt: new Date('2027-01-01T00:00:00Z') });
    sent.length = 0;
    const calls: [string, () => Promise<unknown>][] = [false, true].flatMap((isKeyed) => [
      ['a call', () => use(1, isKeyed)],
      ['calls at once', () => Promise.all(Array.from({ length: 9 }, () => use(1, isKeyed)))],
      ['one that is settled', async () => usage.settle({ ...(await hold(isKeyed)), amount: 2 })],
      ['one that is given back', async () => usage.release(await hold(isKeyed))],
    ]);
    for (const [what, call] of calls) {
      await call();
      expect(sent, what).toEqual([]);
    }
    const { pool } = await database.buckets.of(NUMBER);
    const { rows } = await pool.query<{ isOn: string }>(
      `select current_setting('citus.log_remote_commands') as "isOn"`,
    );
    expect(rows).toEqual([{ isOn: 'on' }]);
    expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 60_000_000 });
    await usage.stop();
  },
);

test.skipIf(CITUS_URL === undefined)(
  '11.S a bucket on a worker gets one batch at a time, however many wait',
  async () => {
    const usage = usageService(database, new HandClock('2026-05-10T12:00:00Z'));
    const tenants = await Promise.all(
      Array.from({ length: 200 }, () => tenantInBucket(database.pool, NUMBER)),
    );
    const use = (tenantId: string) =>
      usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
    await use(tenants[0]!);
    const { pool } = await database.buckets.of(NUMBER);
    const before = pool.totalCount;
    for (let round = 0; round < 3; round += 1) await Promise.all(tenants.map(use));
    expect(pool.totalCount).toBe(before);
    await usage.stop();
  },
);
