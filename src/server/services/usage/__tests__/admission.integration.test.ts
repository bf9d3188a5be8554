import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { AdmissionCall } from '../../../../db/repositories/usage/admission/admit.ts';
import { periodOf } from '../../../../domain/period.ts';
import { fingerprint } from '../calls/fingerprint.ts';
import { syncEntitlement } from '../routing/bucket-sync.ts';
import { UsageRouter } from '../routing/router.ts';
import { AdmissionModel, type ModelCall } from './admission-model.ts';

let database: TestDatabase;
let router: UsageRouter;
beforeAll(async () => {
  database = await createTestDatabase();
  router = new UsageRouter({ database });
  await inEveryBucket(database.pool, `select u00.usage_ensure_partition('2026-03')`);
});
afterAll(() => database.drop());

const START_MS = Date.parse('2026-03-30T22:00:00Z');
/** The counters keep the newest day apart: some steps go on to the last of the month. */
const LAST_MS = Date.parse('2026-03-31T23:59:59Z');
const TTL_MS = 60_000;
const TENANTS = 3;

const call = fc.record<ModelCall>({
  tenant: fc.nat(TENANTS - 1),
  amount: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 40 })),
  enforce: fc.boolean(),
  hold: fc.boolean(),
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'quote"\\,{}', '键'), { freq: 2 }),
});

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      admit: fc.array(call, { minLength: 1, maxLength: 12 }),
      mode: fc.constantFrom('whole' as const, 'mixed' as const, 'careful' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      settle: fc.array(
        fc.record({
          which: fc.nat(30),
          amount: fc.option(fc.nat(30), { freq: 4 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      begin: fc.array(fc.record({ which: fc.nat(30), amount: fc.nat(30) }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ expire: true as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      advanceMs: fc.oneof(fc.nat(2 * TTL_MS), fc.constant(3 * 3_600_000)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      limit: fc.record({
        tenant: fc.nat(TENANTS - 1),
        to: fc.option(fc.nat(120), { freq: 8 }),
      }),
    }),
  },
);

test('12.26 the database admits, begins, settles and expires exactly as the plain rules say, of plans with rates and without', async () => {
  const story = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(story, fc.boolean(), async (steps, isRated) => {
      const tenants = await Promise.all(
        Array.from({ length: TENANTS }, () => meteredTenant(database.pool)),
      );
      for (const tenant of tenants) await syncEntitlement(database, tenant);
      await inEveryBucket(database.pool, `select u00.usage_open('2026-03', $1)`, [tenants]);
      if (!isRated) await takeRatesFrom(tenants);
      const setLimit = (tenant: number, limit: number | null) =>
        inEveryBucket(
          database.pool,
          `update u00.usage_totals set "limit" = $2 where tenant_id = $1`,
          [tenants[tenant], limit],
        );
      const model = new AdmissionModel([30, 60, null]);
      for (let tenant = 0; tenant < TENANTS; tenant += 1) {
        await setLimit(tenant, model.limits[tenant]!);
      }
      let nowMs = START_MS;
      const ids: { id: string; tenant: number }[] = [];

      for (const one of steps) {
        const now = new Date(nowMs);
        if ('admit' in one) {
          const asked = sameBodies(one.admit);
          const calls = asked.map((c) => admissionOf(c, tenants[c.tenant]!, nowMs));
          const batch = { period: periodOf(now), occurredAt: now, now, calls };
          const results = await router.admit(0, batch, one.mode);
          for (const i of inRounds(asked)) {
            const c = asked[i]!;
            const { reservationId: id } = calls[i]!;
            const expected = model.admit(c, id ?? '', nowMs, nowMs + TTL_MS);
            // A twin of one that took no key is asked anew, in its place or in a round of its own: refused in both.
            const isTwin = asked.findIndex((d) => d.tenant === c.tenant && d.key === c.key) < i;
            const { outcome, limit } = expected;
            const isEither = outcome === 'rejected' && c.key !== null && isTwin;
            expect(results[i]).toMatchObject(isEither ? { outcome, limit } : expected);
            if (id !== null) ids.push({ id, tenant: c.tenant });
          }
        } else if ('settle' in one) {
          const calls = distinctBy(
            one.settle.flatMap(({ which, amount }) => {
              const target = ids[which];
              return target === undefined ? [] : [{ ...target, amount }];
            }),
          );
          if (calls.length === 0) continue;
          const results = await router.settle(
            0,
            now,
            calls.map(({ id, tenant, amount }) => ({
              tenantId: tenants[tenant]!,
              reservationId: id,
              amount,
              metadata: null,
            })),
          );
          calls.forEach(({ id, amount }, i) => {
            expect(results[i]).toMatchObject({ outcome: model.settle(id, amount) });
          });
        } else if ('begin' in one) {
          const calls = one.begin.flatMap(({ which, amount }) => {
            const target = ids[which];
            return target === undefined ? [] : [{ ...target, amount }];
          });
          await router.begin(
            0,
            calls.map(({ id, tenant, amount }) => ({
              tenantId: tenants[tenant]!,
              reservationId: id,
              amount,
              expiresAt: null,
            })),
          );
          for (const { id, amount } of calls) model.begin(id, amount);
        } else if ('expire' in one) {
          await router.inEach((bucket) => bucket.expire(now));
          model.expireAll(nowMs);
        } else if ('advanceMs' in one) {
          nowMs = Math.min(nowMs + one.advanceMs, LAST_MS);
        } else {
          model.limits[one.limit.tenant] = one.limit.to;
          await setLimit(one.limit.tenant, one.limit.to);
        }
      }

      for (let tenant = 0; tenant < TENANTS; tenant += 1) {
        const [counter] = await router.lookUp(0, [
          {
            tenantId: tenants[tenant]!,
            period: periodOf(new Date(START_MS)),
            resourceType: 'images',
          },
        ]);
        expect(counter).toMatchObject({ used: model.used[tenant], held: model.held(tenant) });
      }
    }),
    { numRuns: 30 },
  );
  expect(await imbalances(database.pool)).toEqual([]);
}, 300_000);

/** As if no plan had ever had a rate. */
async function takeRatesFrom(tenants: string[]): Promise<void> {
  for (const [table, rates] of Object.entries({
    usage_tenants: `rates = '{}'`,
    usage_totals: 'rate_micro = null',
  })) {
    const text = `update u00.${table} set ${rates} where tenant_id = any($1)`;
    await inEveryBucket(database.pool, text, [tenants]);
  }
}

/** Places of calls as they are decided: a key that comes again in one batch waits for a round of its own. */
function inRounds(calls: readonly ModelCall[]): number[] {
  const round = calls.map((one, at) =>
    one.key === null
      ? 0
      : calls.slice(0, at).filter(({ tenant, key }) => tenant === one.tenant && key === one.key)
          .length,
  );
  return [...calls.keys()].sort((a, b) => round[a]! - round[b]! || a - b);
}

/** A key that comes again within one batch has the same body: which one is first is nobody's to say. */
function sameBodies(calls: ModelCall[]): ModelCall[] {
  return calls.map((one, at) => {
    const same = (other: ModelCall) => other.tenant === one.tenant && other.key === one.key;
    return one.key === null ? one : (calls.slice(0, at).find(same) ?? one);
  });
}

function admissionOf(c: ModelCall, tenantId: string, nowMs: number): AdmissionCall {
  return {
    tenantId,
    resourceType: 'images',
    amount: c.amount,
    enforce: c.hold || c.enforce,
    key: c.key,
    fingerprint: fingerprint(JSON.stringify([c.amount, c.hold || c.enforce, c.hold])),
    metadata: null,
    reservationId: c.hold ? randomUUID() : null,
    expiresAt: c.hold ? new Date(nowMs + TTL_MS) : null,
  };
}

/** A batch names a reservation once; the queue sees to it. */
function distinctBy<T extends { id: string }>(calls: T[]): T[] {
  return [...new Map(calls.map((one) => [one.id, one])).values()];
}
