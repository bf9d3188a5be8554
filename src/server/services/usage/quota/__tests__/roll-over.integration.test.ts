import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { imbalances, meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPlan } from '../../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { PLANS_FILE, readPlansFile } from '../../../../../db/catalogue/plans-file.ts';
import { requestSync } from '../../../../../db/repositories/usage/buckets/compare.ts';
import type { Period } from '../../../../../domain/period.ts';
import type { Plan } from '../../../../../domain/plans.ts';
import { createLog } from '../../../../log.ts';
import { publishPlans } from '../../../plans/publish-plans.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { syncEntitlement } from '../../routing/bucket-sync.ts';
import { LedgerVerificationService } from '../../ledger/ledger-verification.service.ts';

const [MAY, JUNE, JULY] = ['2026-05', '2026-06', '2026-07'] as [Period, Period, Period];
const MAY_BEGINS = '2026-05-01T00:00:00Z';
const IN_MAY = '2026-05-10T12:00:00Z';
/** 26 hours after the end of May. */
const CLOSING = '2026-06-02T02:00:00Z';

let database: TestDatabase;
let usage: ReturnType<typeof usageService>;
const clock = new HandClock(MAY_BEGINS);
beforeAll(async () => {
  database = await createTestDatabase();
  usage = usageService(database, clock);
  // Free has 100 messages, Pro 10,000 of which nothing rolls over.
  const drafts = readPlansFile(PLANS_FILE).map((draft) =>
    draft.plan === 'free' ? { ...draft, rollover: { messages: 50 } } : draft,
  );
  await publishPlans({ db: database.db, clock }, drafts, { everyone: true });
});
afterAll(async () => {
  await usage?.stop();
  await database?.drop();
});
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  const log = createLog('silent', false);
  const { limits } = await new LedgerVerificationService({ database, clock, log }).verify();
  expect(limits).toEqual([]);
});

/** A tenant that has its plan since now. */
async function tenant(plan: Plan = 'free'): Promise<string> {
  const tenantId = await meteredTenant(database.pool, plan);
  await database.pool.query(
    `update tenants set entitlement_version = entitlement_version + 1, updated_at = $2 where id = $1`,
    [tenantId, clock.now()],
  );
  await syncEntitlement(database, tenantId);
  return tenantId;
}
async function tenantOfMay(plan: Plan = 'free'): Promise<string> {
  clock.set(MAY_BEGINS);
  const tenantId = await tenant(plan);
  clock.set(IN_MAY);
  return tenantId;
}

const setPlan = (tenantId: string, plan: Plan) => putOnPlan(database, tenantId, plan, clock.now());
const actor = { kind: 'service', name: 'test' } as const;
const give = (tenantId: string, units: number) =>
  usage.allowances.add({
    ...{ tenantId, units, resourceType: 'messages', kind: 'goodwill', ref: 'given', actor },
    reason: 'a test',
  });
const use = (tenantId: string, amount: number, occurredAt?: string) =>
  usage.trackUsage({
    ...{ tenantId, resourceType: 'messages', amount },
    ...(occurredAt ? { occurredAt } : {}),
  });

async function limitOf(tenantId: string, period: Period): Promise<number | null> {
  const { resources } = await usage.getUsageStats(tenantId, period);
  return resources.find(({ resourceType }) => resourceType === 'messages')!.limit;
}

async function rollAt(at: string): Promise<void> {
  clock.set(at);
  await usage.allowances.rollOver();
}

describe('what a month leaves of its quota', () => {
  test.each([
    ['half of the quota, when nothing is used', { used: 0, given: 0 }, 50],
    ['half of the quota, when more is left', { used: 30, given: 0 }, 50],
    ['what is left, when that is less', { used: 70, given: 0 }, 30],
    ['nothing, when all is used', { used: 100, given: 0 }, 0],
    ['half of the plan’s own, whatever was given', { used: 0, given: 500 }, 50],
    ['what is left of all that there was', { used: 90, given: 20 }, 30],
    ['what is left of a lowered limit', { used: 30, given: -50 }, 20],
    ['nothing of a limit that was lowered below what is used', { used: 60, given: -50 }, 0],
  ])('rolls over: %s', async (_what, { used, given }, rolled) => {
    const tenantId = await tenantOfMay();
    if (used > 0) await use(tenantId, used);
    if (given !== 0) await give(tenantId, given);
    await rollAt('2026-06-02T01:59:59Z');
    expect(await limitOf(tenantId, JUNE)).toBe(100);
    await rollAt(CLOSING);
    expect(await limitOf(tenantId, JUNE)).toBe(100 + rolled);
    expect(await limitOf(tenantId, MAY)).toBe(100 + given - rolled);
    await rollAt('2026-06-20T02:00:00Z');
    expect(await limitOf(tenantId, JUNE)).toBe(100 + rolled);
  });

  test('rolls once, however many do it at once, into a month that is used already', async () => {
    const tenantId = await tenantOfMay();
    await use(tenantId, 20);
    clock.set(CLOSING);
    await use(tenantId, 100);
    await expect(use(tenantId, 1)).rejects.toThrow('Quota');
    await Promise.all(Array.from({ length: 4 }, () => usage.allowances.rollOver()));
    await use(tenantId, 50);
    await expect(use(tenantId, 1)).rejects.toThrow('Quota');
    expect(await usage.allowances.list(tenantId)).toMatchObject([
      { ref: 'rollover:2026-05:messages', period: JUNE, kind: 'rollover', units: 50 },
      { ref: 'rollover:2026-05:messages:out', period: MAY, kind: 'rollover', units: -50 },
    ]);
  });

  test('is not used a second time by work that is told of late', async () => {
    const tenantId = await tenantOfMay();
    await use(tenantId, 40);
    await rollAt(CLOSING);
    const late = '2026-05-31T12:00:00Z';
    await expect(use(tenantId, 11, late)).rejects.toMatchObject({ code: 'quota_exceeded' });
    await use(tenantId, 10, late);
  });

  test('of what does not roll over, work that is told of late is paid by the quota of its month', async () => {
    const tenantId = await tenantOfMay();
    const images = (amount: number, occurredAt?: string) =>
      usage.trackUsage({
        tenantId,
        resourceType: 'images',
        amount,
        ...(occurredAt && { occurredAt }),
      });
    await usage.credits.grant({
      ...{ tenantId, origin: 'goodwill', originRef: 'a', actor, reason: 'a test' },
      ...{ amountMicro: 6_000_000, expiresAt: new Date('2027-01-01T00:00:00Z') },
    });
    await images(9);
    await rollAt(CLOSING);
    await images(1, '2026-05-31T12:00:00Z');
    expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 6_000_000 });
  });

  test('does not roll again', async () => {
    const tenantId = await tenantOfMay();
    await rollAt(CLOSING);
    expect(await limitOf(tenantId, JUNE)).toBe(150);
    await rollAt('2026-07-02T02:00:00Z');
    expect(await limitOf(tenantId, JULY)).toBe(150);
    expect(await limitOf(tenantId, JUNE)).toBe(100);
  });

  test('12.56 waits while work of the month is open', async () => {
    const tenantId = await tenantOfMay();
    clock.set('2026-05-31T23:59:00Z');
    const held = { tenantId, resourceType: 'messages', amount: 60, ttlSeconds: 86_400 } as const;
    const { reservationId } = await usage.reserve(held);
    await rollAt(CLOSING);
    expect(await limitOf(tenantId, JUNE)).toBe(100);
    await usage.settle({ tenantId, reservationId, amount: 80 });
    await usage.allowances.rollOver();
    expect(await limitOf(tenantId, JUNE)).toBe(120);
  });
});

describe('the plan that counts is the month’s own', () => {
  test('what it left goes to a plan that began after the month, used or not', async () => {
    const [used, unused] = [await tenantOfMay(), await tenantOfMay()];
    await use(used, 80);
    clock.set('2026-06-01T00:00:00Z');
    for (const tenantId of [used, unused]) await setPlan(tenantId, 'pro');
    expect(await limitOf(used, MAY)).toBe(100);
    await rollAt(CLOSING);
    expect(await limitOf(used, JUNE)).toBe(10_020);
    expect(await limitOf(unused, JUNE)).toBe(10_050);
  });

  test('what it left is kept when the copy of who changed the plan since is written again', async () => {
    const tenantId = await tenantOfMay();
    await use(tenantId, 80);
    clock.set('2026-06-01T09:00:00Z');
    await setPlan(tenantId, 'pro');
    await requestSync(database.pool, tenantId);
    await syncEntitlement(database, tenantId);
    expect(await limitOf(tenantId, MAY)).toBe(100);
    await rollAt(CLOSING);
    expect(await limitOf(tenantId, JUNE)).toBe(10_020);
  });

  test('a plan that rolls over does not for a month before it', async () => {
    const [used, unused] = [await tenantOfMay('pro'), await tenantOfMay('pro')];
    await use(used, 1);
    clock.set('2026-06-01T00:00:00Z');
    for (const tenantId of [used, unused]) await setPlan(tenantId, 'free');
    const begun = await tenant();
    await use(begun, 1, '2026-05-31T12:00:00Z');
    await rollAt(CLOSING);
    for (const tenantId of [used, unused, begun]) {
      expect(await limitOf(tenantId, JUNE)).toBe(100);
    }
  });

  test('a plan that changes within the month counts as it was at its end', async () => {
    const [up, down] = [await tenantOfMay(), await tenantOfMay('pro')];
    await use(up, 1);
    await use(down, 1);
    await setPlan(up, 'pro');
    await setPlan(down, 'free');
    await rollAt(CLOSING);
    expect(await limitOf(up, JUNE)).toBe(10_000);
    expect(await limitOf(down, JUNE)).toBe(150);
  });
});
