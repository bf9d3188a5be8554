import { afterAll, beforeAll, expect, test } from 'vitest';
import { schemaOf } from '../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import { agreeToOverage } from '../../../../../tests/support/overage.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { IngestResult } from '../ingest.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const LIMIT = 500;
const CAP_CREDITS = 40;

/** Pro, whose picture is two credits: ten credits of a grant, then overage for forty. */
async function world() {
  const clock = new HandClock('2027-03-10T12:00:00Z');
  const tenantId = await meteredTenant(database.pool);
  await database.pool.query(
    `update tenants set plan = 'pro', overage_currency = 'cny' where id = $1`,
    [tenantId],
  );
  const usage = usageService(database, clock);
  await agreeToOverage(database, tenantId, { capMinor: CAP_CREDITS * 12, at: clock.now() });
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'g', amountMicro: 10_000_000 },
    ...{ expiresAt: new Date('2027-12-01'), actor: { kind: 'service', name: 't' }, reason: 't' },
  });
  let key = 0;
  const event = (amount: number, more: object = {}) => {
    const idempotencyKey = `${tenantId} ${(key += 1)}`;
    return { tenantId, resourceType: 'images', amount, idempotencyKey, ...more };
  };
  const send = (...events: object[]) => usage.ingestBatch(events);
  return { tenantId, clock, event, send };
}

const charges = (results: IngestResult[]) =>
  results.map((one) => ('charged' in one ? one.charged : undefined));
const nothing = { credits: 0, from: [] };

test('12.2 an event is answered what it took beyond the quota, and of which sources', async () => {
  const { event, send } = await world();
  expect(charges(await send(event(1), event(LIMIT - 2)))).toEqual([nothing, nothing]);
  // The last of the quota and the first of the grant.
  expect(charges(await send(event(2)))).toEqual([{ credits: 2, from: ['credits'] }]);
  // One source for a batch as a whole.
  expect(charges(await send(event(1), event(1)))).toEqual([
    { credits: 2, from: ['credits'] },
    { credits: 2, from: ['credits'] },
  ]);
  expect(charges(await send(event(3)))).toEqual([{ credits: 6, from: ['credits', 'overage'] }]);
  expect(charges(await send(event(1), event(2)))).toEqual([
    { credits: 2, from: ['overage'] },
    { credits: 4, from: ['overage'] },
  ]);
});

test('12.2 what is refused, repeated or paid by nobody is charged nothing', async () => {
  const { event, send } = await world();
  await send(event(LIMIT), event(20));
  const last = event(5);
  expect(await send(last)).toMatchObject([
    { status: 'recorded', charged: { credits: 10, from: ['overage'] } },
  ]);
  const [again, refused] = await send(last, event(1));
  expect(again).toMatchObject({ status: 'duplicate' });
  expect(refused).toMatchObject({ status: 'rejected' });
  expect(charges([again!, refused!])).toEqual([undefined, undefined]);
  expect(charges(await send(event(7, { enforce: false })))).toEqual([nothing]);
});

test('12.2 charges of mixed batches are what the draws of each say', async () => {
  const { event, send, tenantId } = await world();
  await send(event(LIMIT - 3));
  const events = [1, 4, 1, 2, 3, 1, 9, 30, 1].map((amount) => event(amount));
  const results = await send(...events);
  const u = await schemaOf(database.pool, tenantId);
  const { rows } = await database.pool.query<{ key: string; kinds: string[]; micro: string }>(
    `select idempotency_key as key, coalesce(d.micro, 0) as micro, coalesce(d.kinds, '{}') as kinds
     from ${u}.usage e
     left join lateral (
       select sum(micro) as micro, array_agg(kind order by seq) as kinds from ${u}.credit_draws
       where tenant_id = $1 and seq between e.draw_seq and e.draw_seq + e.draw_count - 1
     ) d on true
     where tenant_id = $1`,
    [tenantId],
  );
  const drawn = new Map(rows.map((row) => [row.key, row]));
  const NAMES: Record<string, string> = { grant: 'credits', overage: 'overage' };
  for (const [n, result] of results.entries()) {
    const row = drawn.get(events[n]!.idempotencyKey);
    expect(result.status).toBe(row ? 'recorded' : 'rejected');
    if (!row) continue;
    expect(result).toMatchObject({
      charged: {
        credits: Number(row.micro) / 1_000_000,
        from: [...new Set(row.kinds.map((kind) => NAMES[kind]))],
      },
    });
  }
});
