import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { createLog } from '../../../../log.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { LedgerVerificationService } from '../ledger-verification.service.ts';

let database: TestDatabase;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const verification = () =>
  new LedgerVerificationService({ database, clock, log: createLog('silent', false) });
const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;

/** Ten pictures of the plan, three of the credits, and two more that work under way holds. */
async function drawnAndHeld(): Promise<string> {
  const tenantId = await meteredTenant(database.pool);
  const usage = usageService(database, clock);
  const images = { tenantId, resourceType: 'images' as const };
  for (const originRef of ['a', 'b']) {
    await usage.credits.grant({
      ...{ tenantId, origin: 'goodwill', originRef, amountMicro: 20_000_000, ...by },
      expiresAt: new Date('2027-01-01T00:00:00Z'),
    });
  }
  await usage.trackUsage({ ...images, amount: 13 });
  await usage.reserve({ ...images, amount: 2, ttlSeconds: 3_600 });
  await usage.stop();
  return tenantId;
}

/** What is planted, what undoes it, and what is found: fault, what stands, what adds up to. */
const PLANTED: [string, string, string, [string, number, number][]][] = [
  [
    'invariant 2: a counter that says more is beyond than was drawn',
    'update u00.usage_totals set beyond = beyond + 1 where tenant_id = $1 and beyond > 0',
    'update u00.usage_totals set beyond = beyond - 1 where tenant_id = $1 and beyond > 0',
    [['beyond', 4, 3]],
  ],
  [
    'invariant 2: a counter that holds less beyond than reservations do',
    'update u00.usage_totals set held_beyond = 1 where tenant_id = $1 and held_beyond = 2',
    'update u00.usage_totals set held_beyond = 2 where tenant_id = $1 and held_beyond = 1',
    [['held_beyond', 1, 2]],
  ],
  [
    'invariant 2: a draw that took a microcredit more than its units cost',
    `update u00.credit_draws set micro = micro + 1 where tenant_id = $1 and kind = 'grant'`,
    `update u00.credit_draws set micro = micro - 1 where tenant_id = $1 and kind = 'grant'`,
    [
      ['grant', 14_000_000, 13_999_999],
      ['priced', 6_000_001, 6_000_000],
    ],
  ],
  [
    'invariant 4: a head with a microcredit too many',
    'update u00.credit_accounts set head_left = head_left + 1 where tenant_id = $1',
    'update u00.credit_accounts set head_left = head_left - 1 where tenant_id = $1',
    [['grant', 14_000_001, 14_000_000]],
  ],
  [
    'invariant 4: a grant behind the head that lost some',
    'update u00.credit_grants set left_micro = left_micro - 5 where tenant_id = $1 and left_micro > 0',
    'update u00.credit_grants set left_micro = left_micro + 5 where tenant_id = $1 and left_micro > 0',
    [['grant', 19_999_995, 20_000_000]],
  ],
  [
    'invariant 4: a reservation that has less of a grant than the grant says',
    'update u00.reservation_sources set micro = micro - 1 where tenant_id = $1',
    'update u00.reservation_sources set micro = micro + 1 where tenant_id = $1',
    [['held', 4_000_000, 3_999_999]],
  ],
  [
    'invariant 5: a number that no draw has',
    'update u00.credit_accounts set last_seq = last_seq + 1 where tenant_id = $1',
    'update u00.credit_accounts set last_seq = last_seq - 1 where tenant_id = $1',
    [['numbers', 4, 3]],
  ],
  [
    'invariant 5: a draw whose number is not the next',
    'update u00.credit_draws set seq = seq + 7 where tenant_id = $1 and seq = 3',
    'update u00.credit_draws set seq = seq - 7 where tenant_id = $1 and seq = 10',
    [['numbers', 3, 10]],
  ],
  [
    'invariant 6: what was drawn at the end of its grant',
    // The draws name the instant; the work that holds something of the grant is not among them.
    `update u00.credit_grants g set expires_at = d.drawn_at, effective_at = '2026-01-01T00:00:00Z'
     from u00.credit_draws d
     where g.tenant_id = $1 and d.tenant_id = $1 and d.kind = 'grant' and d.grant_id = g.id`,
    `update u00.credit_grants set expires_at = '2027-01-01T00:00:00Z' where tenant_id = $1`,
    [['late', 6_000_000, 0]],
  ],
];

test.each(PLANTED)('12.2 usage:verify finds %s', async (_what, spoil, mend, found) => {
  const tenantId = await drawnAndHeld();
  expect((await verification().verify()).credits).toEqual([]);
  await inEveryBucket(database.pool, spoil, [tenantId]);
  const { credits, rebuilt } = await verification().verify();
  expect(rebuilt).toBe(0);
  expect(credits.every((one) => one.tenantId === tenantId)).toBe(true);
  expect(credits.map(({ fault, stands, adds }) => [fault, stands, adds])).toEqual(found);
  expect(await verification().getLast()).toMatchObject({ differences: found.length });
  await inEveryBucket(database.pool, mend, [tenantId]);
  expect((await verification().verify()).credits).toEqual([]);
});

test('12.2 a rebuild mends counters, and leaves draws and grants for a person', async () => {
  const tenantId = await drawnAndHeld();
  const [counter, , , , grant] = PLANTED;
  for (const [, spoil] of [counter!, grant!]) await inEveryBucket(database.pool, spoil, [tenantId]);
  const { credits, rebuilt } = await verification().verify({ rebuild: true });
  expect([credits.length, rebuilt]).toEqual([2, 1]);
  expect((await verification().verify()).credits.map(({ fault }) => fault)).toEqual(['grant']);
  await inEveryBucket(database.pool, grant![2], [tenantId]);
});
