import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { inTransaction } from '../../../../../db/client.ts';
import { updatePurchase } from '../../../../../db/repositories/billing/credit-purchase.repository.ts';
import { writeSpendingRule } from '../../../../../db/repositories/billing/spending.repository.ts';
import type { CreditPurchase } from '../../../../../db/schema/index.ts';
import { HandClock, usageService } from '../../../usage/__tests__/service.ts';
import { beginElsewhere } from './begin-elsewhere.ts';

const RUNS = Number(process.env.SPENDING_RUNS ?? 25);

let database: TestDatabase;
beforeAll(async () => {
  // One for each of those who begin at once: they wait for each other, not for a connection.
  database = await createTestDatabase({ max: 32 });
  // As a process does when it starts: whoever holds a connection must not have to wait for another one.
  await database.buckets.list();
});
const clock = new HandClock('2026-05-10T12:00:00Z');
const deps = () => ({ db: database.db, credits: usageService(database, clock).credits });
afterAll(() => database.drop());

const ZONE = 'Asia/Shanghai';

async function tenantWith(
  rule: { single?: number; day?: number; month?: number },
  timeZone = ZONE,
) {
  const tenantId = await meteredTenant(database.pool);
  await inTransaction(database.db, (tx) =>
    writeSpendingRule(tx, {
      ...{ tenantId, preset: 'own', currency: 'cny', timeZone },
      ...{ singleMaxMinor: rule.single ?? null, dayMaxMinor: rule.day ?? null },
      ...{ monthMaxMinor: rule.month ?? null, next: null, nextAt: null },
      ...{ setBy: null, setAt: new Date() },
    }),
  );
  return tenantId;
}

const begin = (tenantId: string, amountMinor: number, at: Date) =>
  beginElsewhere(deps(), { tenantId, amountMinor }, at);

test('12.21 purchases that begin at once take no more of a day and a month than the rule leaves', async () => {
  const at = new Date('2026-05-10T12:00:00Z');
  const tenantId = await tenantWith({ day: 3_000, month: 20_000 });
  const begun = await Promise.all(Array.from({ length: 30 }, () => begin(tenantId, 700, at)));
  expect(begun.filter(Boolean)).toHaveLength(4);
  // One that fails gives back what it took, and what comes at once shares that.
  await updatePurchase(database.db, begun.find(Boolean)!.id, { state: 'failed' });
  const again = await Promise.all(Array.from({ length: 10 }, () => begin(tenantId, 700, at)));
  expect(again.filter(Boolean)).toHaveLength(1);
});

test('12.21 a day and a month are those of the team’s zone', async () => {
  const tenantId = await tenantWith({ day: 1_000 });
  // 23:59 in Shanghai, then midnight.
  expect(await begin(tenantId, 1_000, new Date('2026-05-10T15:59:00Z'))).toBeTruthy();
  expect(await begin(tenantId, 1, new Date('2026-05-10T15:59:59Z'))).toBeUndefined();
  const [first] = (
    await database.pool.query<{ id: string }>(
      'select id from credit_purchases where tenant_id = $1',
      [tenantId],
    )
  ).rows;
  // It can still be paid, so it counts on the next day too, until it is over.
  expect(await begin(tenantId, 1, new Date('2026-05-10T16:00:00Z'))).toBeUndefined();
  await updatePurchase(database.db, first!.id, {
    state: 'granted',
    paidAt: new Date('2026-05-10T15:59:30Z'),
  });
  expect(await begin(tenantId, 1_000, new Date('2026-05-10T16:00:00Z'))).toBeTruthy();
});

/** Clocks that are set back, or forward, at midnight: the day is an hour longer or shorter, and begins once. */
test.each([
  ['day', 'Atlantic/Azores', '2026-10-25T00:00:00Z', '2026-10-26T01:00:00Z'],
  ['month', 'America/Havana', '2026-11-01T04:00:00Z', '2026-12-01T05:00:00Z'],
  ['day', 'America/Havana', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'],
  ['day', 'America/Santiago', '2026-04-04T03:00:00Z', '2026-04-05T04:00:00Z'],
])('12.21 the %s of %s begins and ends once', async (part, zone, begins, ends) => {
  const tenantId = await tenantWith({ [part]: 1_000 }, zone);
  const [from, to] = [Date.parse(begins), Date.parse(ends)];
  const paid = async (at: number) => {
    const bought = await begin(tenantId, 1_000, new Date(at));
    if (bought) {
      await updatePurchase(database.db, bought.id, { state: 'granted', paidAt: new Date(at) });
    }
    return bought !== undefined;
  };
  expect(await paid(from - 1)).toBe(true);
  expect(await paid(from)).toBe(true);
  for (let at = from; at < to; at += (to - from) / 50) expect(await paid(at)).toBe(false);
  expect(await paid(to - 1)).toBe(false);
  expect(await paid(to)).toBe(true);
});

test('12.21 whatever is bought, paid, left and failed, and whenever: no day and no month has more than the rule', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('buy' as const), amount: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('pay' as const), which: fc.nat(9) }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat(9) }),
    fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 7, 24, 24 * 20) }),
  );
  const rule = fc.record({
    single: fc.option(fc.integer({ min: 3, max: 9 }), { nil: undefined }),
    day: fc.integer({ min: 5, max: 15 }),
    month: fc.integer({ min: 10, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(rule, fc.array(step, { maxLength: 25 }), async (kept, steps) => {
      const tenantId = await tenantWith(kept);
      let now = Date.parse('2026-05-29T12:00:00Z');
      const open: CreditPurchase[] = [];
      for (const one of steps) {
        if (one.kind === 'wait') now += one.hours * 3_600_000;
        else if (one.kind === 'buy') {
          const begun = await begin(tenantId, one.amount, new Date(now));
          if (begun) open.push(begun);
        } else {
          const [taken] = open.splice(one.which % Math.max(1, open.length), 1);
          const end =
            one.kind === 'pay'
              ? { state: 'granted' as const, paidAt: new Date(now) }
              : { state: 'expired' as const };
          if (taken) await updatePurchase(database.db, taken.id, end);
        }
      }
      for (const [part, max] of [
        ['day', kept.day],
        ['month', kept.month],
      ] as const) {
        for (const column of ['paid_at', 'created_at']) {
          const { rows } = await database.pool.query<{ sum: string }>(
            `select sum(amount_minor) as sum from credit_purchases
             where tenant_id = $1 and ${column} is not null and state <> 'expired'
             group by date_trunc('${part}', ${column} at time zone '${ZONE}')`,
            [tenantId],
          );
          for (const { sum } of rows) expect(Number(sum)).toBeLessThanOrEqual(max);
        }
      }
      if (kept.single === undefined) return;
      const { rows } = await database.pool.query<{ most: number | null }>(
        'select max(amount_minor)::int as most from credit_purchases where tenant_id = $1',
        [tenantId],
      );
      expect(rows[0]!.most ?? 0).toBeLessThanOrEqual(kept.single);
    }),
    { numRuns: RUNS },
  );
});
