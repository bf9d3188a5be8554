import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPlan } from '../../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { allowanceIn, limitWith } from '../../../../../domain/billing/usage/allowance.ts';
import { BillingError } from '../../../../../domain/errors.ts';
import type { Period } from '../../../../../domain/period.ts';
import type { Plan } from '../../../../../domain/plans.ts';
import { createLog } from '../../../../log.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { LedgerVerificationService } from '../../ledger/ledger-verification.service.ts';
import type { AllowanceRequest } from '../allowance.service.ts';

let database: TestDatabase;
let usage: ReturnType<typeof usageService>;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase();
  usage = usageService(database, clock);
});
afterAll(async () => {
  await usage?.stop();
  await database?.drop();
});
afterEach(async () => {
  clock.set('2026-05-10T12:00:00Z');
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await limitFaults()).toEqual([]);
});

const actor = { kind: 'service', name: 'test' } as const;
const [MAY, JUNE] = ['2026-05', '2026-06'] as [Period, Period];

async function limitFaults() {
  const log = createLog('silent', false);
  return (await new LedgerVerificationService({ database, clock, log }).verify()).limits;
}

function add(tenantId: string, units: number, more: Partial<AllowanceRequest> = {}) {
  return usage.allowances.add({
    ...{ tenantId, units, resourceType: 'messages', kind: 'goodwill', ref: 'a', actor },
    ...{ reason: 'a test', ...more },
  });
}

const use = (tenantId: string, amount: number) =>
  usage.trackUsage({ tenantId, resourceType: 'messages', amount });

const setPlan = (tenantId: string, plan: Plan) => putOnPlan(database, tenantId, plan, clock.now());

async function shown(tenantId: string, period?: Period, resource = 'messages') {
  const { resources } = await usage.getUsageStats(tenantId, period);
  const { limit, allowance, used, remaining, level } = resources.find(
    (one) => one.resourceType === resource,
  )!;
  return { limit, allowance, used, remaining, level };
}

test.each([
  [100, 0],
  [100, 500],
  [100, -30],
  [100, -130],
  [null, 500],
  [null, -500],
  [0, 500],
  [0, -500],
])('the database has the rule of the domain: %s and %s', async (limit, units) => {
  const { rows } = await database.pool.query<{ found: string }>(
    'select u00.usage_allowance_in($1, $2) as found',
    [limit, units],
  );
  expect(Number(rows[0]!.found)).toBe(allowanceIn(limit, units));
});

describe('an allowance', () => {
  test('raises the limit of the running month, also before anything is used in it', async () => {
    const tenantId = await meteredTenant(database.pool);
    expect(await add(tenantId, 50)).toMatchObject({
      isNew: true,
      change: { period: MAY, before: 100, after: 150 },
    });
    expect(await shown(tenantId)).toMatchObject({ limit: 150, allowance: 50, remaining: 150 });
    expect(await usage.checkQuota(tenantId, 'messages', 150)).toMatchObject({ limit: 150 });
    expect((await usage.credits.read(tenantId)).spendable.messages).toBe(150);
    await use(tenantId, 150);
    await expect(use(tenantId, 1)).rejects.toMatchObject({ data: { limit: 150 } });
    await add(tenantId, 10, { ref: 'b' });
    await use(tenantId, 10);
    expect(await shown(tenantId)).toMatchObject({ limit: 160, allowance: 60, remaining: 0 });
  });

  test('is of its month alone, and waits for one that is to come', async () => {
    const tenantId = await meteredTenant(database.pool);
    await use(tenantId, 1);
    await add(tenantId, 50, { period: JUNE });
    expect(await shown(tenantId)).toMatchObject({ limit: 100, allowance: 0 });
    expect(await shown(tenantId, JUNE)).toMatchObject({ limit: 150, allowance: 50 });
    clock.set('2026-06-01T00:00:00Z');
    await use(tenantId, 150);
    await expect(use(tenantId, 1)).rejects.toThrow('Quota');
    expect(await shown(tenantId, '2026-07' as Period)).toMatchObject({ limit: 100 });
  });

  test('stays on top of a plan that goes up and down', async () => {
    const tenantId = await meteredTenant(database.pool);
    await add(tenantId, 50);
    await use(tenantId, 1);
    await setPlan(tenantId, 'pro');
    expect(await shown(tenantId)).toMatchObject({ limit: 10_050, allowance: 50 });
    await setPlan(tenantId, 'free');
    expect(await shown(tenantId)).toMatchObject({ limit: 150, allowance: 50 });
  });

  test('is made once a ref, and answers the first when it is asked for again', async () => {
    const tenantId = await meteredTenant(database.pool);
    const answers = await Promise.all([add(tenantId, 50), add(tenantId, 70), add(tenantId, 50)]);
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(answers.map(({ allowance }) => allowance.units)).size).toBe(1);
    const { rows } = await database.pool.query(
      `select count(*)::int as n from audit_log where tenant_id = $1 and action = 'allowance.added'`,
      [tenantId],
    );
    expect(rows).toEqual([{ n: 1 }]);
    await add(await meteredTenant(database.pool), 50);
  });

  test('takes away down to nothing, and what is used stays', async () => {
    const tenantId = await meteredTenant(database.pool);
    await use(tenantId, 60);
    await add(tenantId, -70);
    expect(await shown(tenantId)).toMatchObject({ limit: 30, used: 60, level: 'exceeded' });
    await add(tenantId, -70, { ref: 'b' });
    expect(await shown(tenantId)).toMatchObject({ limit: 0, allowance: -100, level: 'exceeded' });
    await expect(use(tenantId, 1)).rejects.toMatchObject({ code: 'quota_exceeded' });
    await add(tenantId, 110, { ref: 'c' });
    expect(await shown(tenantId)).toMatchObject({ limit: 70, allowance: -30, remaining: 10 });
  });

  test('gives nothing of what the plan does not include, until a plan does', async () => {
    const tenantId = await meteredTenant(database.pool);
    const { change } = await add(tenantId, 50, { resourceType: 'api_calls' });
    expect(change).toMatchObject({ before: 0, after: 0 });
    expect(await shown(tenantId, MAY, 'api_calls')).toMatchObject({ level: 'not_included' });
    await setPlan(tenantId, 'pro');
    expect(await shown(tenantId, MAY, 'api_calls')).toMatchObject({ limit: 1_050, allowance: 50 });
  });

  test('says beforehand what it would do, and does nothing', async () => {
    const tenantId = await meteredTenant(database.pool);
    const asked = { tenantId, resourceType: 'messages', kind: 'override', ref: 'a' } as const;
    const wish = { ...asked, units: -130, actor, reason: 'a test' };
    const foreseen = { made: undefined, change: { period: MAY, before: 100, after: 0 } };
    expect(await usage.allowances.foresee(wish)).toEqual(foreseen);
    expect(await shown(tenantId)).toMatchObject({ limit: 100 });
  });

  test.each([
    ['no units', 0, {}, 'invalid_request'],
    ['half a unit', 1.5, {}, 'invalid_request'],
    ['too many', 1e15, {}, 'invalid_request'],
    ['no reason', 5, { reason: ' ' }, 'invalid_request'],
    ['no ref', 5, { ref: '' }, 'invalid_request'],
    ['a ref of what rolls over', 5, { ref: 'rollover:2026-05:messages' }, 'invalid_request'],
    ['a month that is over', 5, { period: '2026-04' as Period }, 'invalid_period'],
    ['nobody', 5, { tenantId: 'nobody' }, 'tenant_not_found'],
    ['a stranger', 5, { tenantId: crypto.randomUUID() }, 'tenant_not_found'],
  ] as [string, number, Partial<AllowanceRequest>, string][])(
    'is refused for %s',
    async (_what, units, more, code) => {
      const tenantId = await meteredTenant(database.pool);
      const error = await add(tenantId, units, more).catch((found: unknown) => found);
      expect(error).toBeInstanceOf(BillingError);
      expect(error).toMatchObject({ code });
      expect(await shown(tenantId)).toMatchObject({ limit: 100 });
    },
  );

  test('begins crossings anew by the new limit, once each', async () => {
    const tenantId = await meteredTenant(database.pool);
    const crossings = async () => {
      const rows = await inEveryBucket<{ percent: number; limit: string }>(
        database.pool,
        `select percent, "limit" from u00.usage_thresholds where tenant_id = $1
         order by "limit", percent`,
        [tenantId],
      );
      return rows.map(({ percent, limit }) => `${percent} of ${limit}`);
    };
    await use(tenantId, 80);
    await add(tenantId, 100);
    await use(tenantId, 70);
    expect(await crossings()).toEqual(['80 of 100']);
    await use(tenantId, 20);
    await use(tenantId, 10);
    expect(await crossings()).toEqual(['80 of 100', '80 of 200']);
    await use(tenantId, 20);
    expect(await crossings()).toEqual(['80 of 100', '80 of 200', '100 of 200']);
  });
});

describe('invariant 3', () => {
  const step = fc.oneof(
    fc.record({ units: fc.integer({ min: -400, max: 400 }).filter((units) => units !== 0) }),
    fc.record({ amount: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ plan: fc.constantFrom<Plan>('free', 'pro') }),
  );

  test('whatever is given, used and bought: the limit is the rule, and no call passes it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        clock.set('2026-05-10T12:00:00Z');
        const tenantId = await meteredTenant(database.pool);
        let plan: Plan = 'free';
        let sum = 0;
        let before = { limit: 100 as number | null, used: 0 };
        for (const [n, one] of steps.entries()) {
          if ('units' in one) {
            sum += one.units;
            await add(tenantId, one.units, { ref: `r${n}`, period: MAY });
          } else if ('plan' in one) await setPlan(tenantId, (plan = one.plan));
          else await use(tenantId, one.amount).catch(() => undefined);
          const after = await shown(tenantId);
          expect(after.limit).toBe(limitWith(plan === 'free' ? 100 : 10_000, sum));
          const isLowered = after.limit! < before.limit!;
          if (!isLowered && before.used <= before.limit!) {
            expect(after.used).toBeLessThanOrEqual(after.limit!);
          }
          if (after.used > before.used) expect(after.used).toBeLessThanOrEqual(after.limit!);
          before = after;
        }
      }),
      { numRuns: 30 },
    );
  });
});

test('usage:verify finds a limit that plan and allowances do not make', async () => {
  const tenantId = await meteredTenant(database.pool);
  // What a limit ought to be is known since the tenant has what it has.
  await setPlan(tenantId, 'pro');
  await setPlan(tenantId, 'free');
  await add(tenantId, 50);
  await use(tenantId, 1);
  const find = async () =>
    (await limitFaults()).map(({ resourceType, limit, ought }) => [resourceType, limit, ought]);
  const plant = (set: string) =>
    inEveryBucket(
      database.pool,
      `update u00.usage_totals set ${set}
      where tenant_id = '${tenantId}' and resource_type = 'messages'`,
    );
  await plant('"limit" = 170');
  expect(await find()).toEqual([['messages', 170, 150]]);
  await plant('"limit" = 150');
  await plant('"limit" = 160, allowance = 60');
  expect(await find()).toEqual([['messages', 160, 150]]);
  await plant('"limit" = 150, allowance = 50');
});
