import fc from 'fast-check';
import type pg from 'pg';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket, makeBuckets } from '../../../../../../tests/support/buckets.ts';
import { FIRST_PLANS } from '../../../../../../tests/support/first-plans.ts';
import { imbalances, meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { countersOf, putOnPlan } from '../../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { MOVED_TABLES, moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { BillingError } from '../../../../../domain/errors.ts';
import { mailCrossings } from '../../../mail/from-buckets/crossings.ts';
import type { UsageService } from '../../../usage.service.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

const BUCKETS = 3;
/** How many histories; each is some hundred calls beside some dozen moves. */
const RUNS = Number(process.env.MOVE_RUNS ?? 5);

let database: TestDatabase;
let mover: pg.PoolClient;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase({ max: 20 });
  await makeBuckets(database.url, BUCKETS);
  mover = await database.pool.connect();
});
afterAll(async () => {
  mover?.release();
  await database?.drop();
});

const actor = { kind: 'system', task: 'test' } as const;
const IMAGES = { resourceType: 'images' as const };

/** Where the tenant's metering lies, by the tables themselves: every bucket that has rows of it. */
const schemasWith = async (tenantId: string) => {
  const parts = MOVED_TABLES.map(
    (table) => `select tenant_id from u00.${table} where tenant_id = $1`,
  );
  const rows = await inEveryBucket<{ schema: string }>(
    database.pool,
    `select distinct substr('u00.', 1, 3) as schema from (${parts.join(' union all ')}) as found`,
    [tenantId],
  );
  return rows.map(({ schema }) => schema);
};

test('11.2 every table of a bucket that has rows of tenants is moved with them', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select c.relname as name from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relnamespace = 'u00'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  expect(rows.map(({ name }) => name).toSorted()).toEqual([...MOVED_TABLES].sort());
});

test('11.2 all that is told of a tenant is told as before, after each move and back', async () => {
  const [usage, elsewhere] = [usageService(database, clock), usageService(database, clock)];
  const tenantId = await meteredTenant(database.pool);
  const call = { ...IMAGES, tenantId };
  clock.set('2026-04-28T12:00:00Z');
  await usage.trackUsage({ ...call, amount: 1 });
  clock.set('2026-05-09T12:00:00Z');
  await usage.trackUsage({ ...call, amount: 3, idempotencyKey: 'first', metadata: { a: '1' } });
  clock.set('2026-05-10T12:00:00Z');
  const settled = await usage.reserve({ ...call, amount: 2, ttlSeconds: 60 });
  await usage.settle({ reservationId: settled.reservationId, amount: 2 });
  const held = await usage.reserve({ ...call, amount: 2, ttlSeconds: 60, idempotencyKey: 'held' });
  await usage.trackUsage({ ...call, amount: 3 });
  await usage.allowances.add({
    ...{ tenantId, ...IMAGES, units: 5, kind: 'goodwill', ref: 'T-1', actor, reason: 'a test' },
  });
  const told = async (by: UsageService) => ({
    allowances: await by.allowances.list(tenantId),
    stats: await by.getUsageStats(tenantId),
    before: await by.getUsageStats(tenantId, periodOf(new Date('2026-04-01'))),
    history: await by.getHistory(tenantId, 30),
    ledger: await text(await by.exportCsv(tenantId, periodOf(clock.now()))),
    quota: await by.checkQuota(tenantId, 'images'),
    again: await by.trackUsage({
      ...call,
      amount: 3,
      idempotencyKey: 'first',
      metadata: { a: '1' },
    }),
    held: await by.reserve({ ...call, amount: 2, ttlSeconds: 60, idempotencyKey: 'held' }),
    settled: await by.settle({ reservationId: settled.reservationId, amount: 2 }),
  });
  const before = await told(usage);
  expect(before.quota).toMatchObject({ used: 8, held: 2 });

  for (const to of [1, 2, 0, 2]) {
    await moveTenant(mover, tenantId, to);
    expect(await schemasWith(tenantId)).toEqual([`u0${to}`]);
    for (const by of [usage, elsewhere]) expect(await told(by)).toEqual(before);
  }
  expect(await imbalances(database.pool)).toEqual([]);
  // What was open goes on: the work that began is counted, the limit moves with the plan, the mail comes.
  await usage.begin({ reservationId: held.reservationId, amount: 1 });
  clock.set('2026-05-10T12:10:00Z');
  await usage.expireReservations();
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 9, held: 0 });
  await putOnPlan(database, tenantId, 'pro');
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({
    limit: FIRST_PLANS.pro.limits.images! + 5,
  });
  await moveTenant(mover, tenantId, 1);
  await usage.correct({ ...call, amount: 1, actor, reason: 'a test' });
  await moveTenant(mover, tenantId, 0);
  expect(await usage.resetUsage({ ...call, actor, reason: 'a test' })).toEqual({ before: 10 });
  await mailCrossings(database);
  const mails = await database.pool.query('select kind from mail_outbox where tenant_id = $1', [
    tenantId,
  ]);
  expect(mails.rows).toEqual([{ kind: 'usage_threshold' }]);
});

test('11.2 who is unknown stays unknown, and nobody is moved into a bucket that is not there', async () => {
  const usage = usageService(database, clock);
  const nobody = '00000000-0000-4000-8000-000000000001';
  await expect(usage.trackUsage({ ...IMAGES, tenantId: nobody, amount: 1 })).rejects.toMatchObject({
    code: 'tenant_not_found',
  });
  const gone = await meteredTenant(database.pool);
  await database.pool.query('update tenants set deleted_at = now() where id = $1', [gone]);
  await moveTenant(mover, gone, 1);
  await expect(usage.trackUsage({ ...IMAGES, tenantId: gone, amount: 1 })).rejects.toMatchObject({
    code: 'tenant_not_found',
  });
  await expect(moveTenant(mover, gone, 77)).rejects.toThrow('There is no bucket u77.');
  expect(await moveTenant(mover, nobody, 1)).toBe(false);
});

const act = fc.record({
  what: fc.constantFrom(
    'track',
    'track',
    'again',
    'ingest',
    'hold',
    'begin',
    'end',
    'look',
    'expire',
  ),
  tenant: fc.nat(2),
  amount: fc.integer({ min: 1, max: 4 }),
  by: fc.nat(2),
});
const history = fc.record({
  acts: fc.array(act, { minLength: 60, maxLength: 120 }),
  moves: fc.array(fc.record({ tenant: fc.nat(2), to: fc.nat(BUCKETS - 1) }), {
    minLength: 10,
    maxLength: 30,
  }),
});

test(
  '11.2 tenants moved at random while they are used: nothing is lost, refused or over the limit',
  async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ acts, moves }) => {
        const run = new Run(await Promise.all([0, 1, 2].map(() => meteredTenant(database.pool))));
        let at = 0;
        const caller = async () => {
          while (at < acts.length) await run.act(acts[at++]!);
        };
        const moving = async () => {
          for (const { tenant, to } of moves) await moveTenant(mover, run.tenants[tenant]!, to);
        };
        await Promise.all([...Array.from({ length: 6 }, caller), moving()]);
        await run.assertKept();
      }),
      // What runs side by side does not fail the same way twice: told as it was, not shortened.
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(await imbalances(database.pool)).toEqual([]);
  },
  60_000 + RUNS * 10_000,
);

/** Some callers of three processes, of which each believes tenants to be where it last found them. */
class Run {
  readonly tenants: string[];
  readonly #services = Array.from({ length: 3 }, () => usageService(database, clock));
  readonly #recorded = new Map<string, number>();
  readonly #answers = new Map<string, { request: object; answer: unknown }>();
  readonly #open: { reservationId: string; tenantId: string; amount: number }[] = [];
  #keys = 0;

  constructor(tenants: string[]) {
    this.tenants = tenants;
  }

  async act({
    what,
    tenant,
    amount,
    by,
  }: {
    what: string;
    tenant: number;
    amount: number;
    by: number;
  }) {
    const usage = this.#services[by]!;
    const tenantId = this.tenants[tenant]!;
    const event = { ...IMAGES, tenantId, amount };
    if (what === 'track') await this.#track(usage, event);
    else if (what === 'again') await this.#again(usage);
    else if (what === 'ingest') await this.#ingest(usage, amount);
    else if (what === 'hold') await this.#hold(usage, event);
    else if (what === 'begin') await this.#begin(usage);
    else if (what === 'end') await this.#end(usage);
    else if (what === 'expire') await usage.expireReservations();
    else await this.#look(usage, tenantId);
  }

  async #track(usage: UsageService, event: { tenantId: string; amount: number }) {
    const request = { ...IMAGES, ...event, idempotencyKey: `k${(this.#keys += 1)}` };
    const answer = await allowed(usage.trackUsage(request));
    if (answer === undefined) return;
    this.#record(event.tenantId, event.amount);
    expect(answer).toMatchObject({ status: 'recorded' });
    expect(answer.remaining).toBeGreaterThanOrEqual(0);
    this.#answers.set(request.idempotencyKey, { request, answer });
  }

  async #again(usage: UsageService) {
    const [first] = this.#answers.values();
    if (first === undefined) return;
    const again = await usage.trackUsage(
      first.request as Parameters<UsageService['trackUsage']>[0],
    );
    expect(again).toEqual({ ...(first.answer as object), status: 'duplicate' });
  }

  async #ingest(usage: UsageService, amount: number) {
    const events = this.tenants.map((tenantId) => ({
      ...{ ...IMAGES, tenantId, amount, idempotencyKey: `i${(this.#keys += 1)}` },
    }));
    const results = await usage.ingestBatch(events);
    results.forEach((result, i) => {
      expect(['recorded', 'rejected'], JSON.stringify(result)).toContain(result.status);
      if (result.status === 'recorded') this.#record(events[i]!.tenantId, amount);
    });
  }

  async #hold(usage: UsageService, event: { tenantId: string; amount: number }) {
    const held = await allowed(usage.reserve({ ...IMAGES, ...event, ttlSeconds: 600 }));
    if (held) this.#open.push({ reservationId: held.reservationId, ...event });
  }

  async #begin(usage: UsageService) {
    const [first] = this.#open;
    if (first) await usage.begin({ reservationId: first.reservationId, amount: 1 });
  }

  async #end(usage: UsageService) {
    const hold = this.#open.pop();
    if (hold === undefined) return;
    const settle = () => usage.settle(hold);
    const answer = await settle();
    this.#record(hold.tenantId, hold.amount);
    expect(await settle()).toEqual(answer);
  }

  async #look(usage: UsageService, tenantId: string) {
    const recorded = this.#recorded.get(tenantId) ?? 0;
    const { used } = await usage.checkQuota(tenantId, 'images');
    expect(used).toBeGreaterThanOrEqual(recorded);
    const { resources } = await usage.getUsageStats(tenantId);
    expect(resources.find((one) => one.resourceType === 'images')!.used).toBeGreaterThanOrEqual(
      recorded,
    );
  }

  #record(tenantId: string, amount: number) {
    this.#recorded.set(tenantId, (this.#recorded.get(tenantId) ?? 0) + amount);
  }

  /** Each begun hold is there still, and all that was answered is counted once. */
  async assertKept() {
    const [usage] = this.#services;
    for (const { reservationId } of this.#open) await usage!.release({ reservationId });
    for (const tenantId of this.tenants) {
      const { images } = await countersOf(database.pool, tenantId);
      expect(images.used).toBeLessThanOrEqual(FIRST_PLANS.free.limits.images!);
      expect(images).toEqual({ used: this.#recorded.get(tenantId) ?? 0, held: 0 });
      expect(await schemasWith(tenantId)).toHaveLength(1);
    }
    for (const { request, answer } of this.#answers.values()) {
      const again = await usage!.trackUsage(request as Parameters<UsageService['trackUsage']>[0]);
      expect(again).toEqual({ ...(answer as object), status: 'duplicate' });
    }
  }
}

/** `undefined` when the quota did not allow it; nothing else may keep a call from being answered. */
async function allowed<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof BillingError && error.code === 'quota_exceeded') return undefined;
    throw error;
  }
}
