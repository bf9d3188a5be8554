import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { createLog } from '../../../../log.ts';
import { HandClock } from '../../__tests__/service.ts';
import { overageWorld } from '../../credits/__tests__/overage-world.ts';
import { LedgerVerificationService } from '../ledger-verification.service.ts';

let database: TestDatabase;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const verification = () =>
  new LedgerVerificationService({ database, clock, log: createLog('silent', false) });

/** What is planted, what undoes it, and what is found: fault, what stands, what adds up to. */
const PLANTED: [string, string, string, [string, number, number][]][] = [
  [
    'a month that used a microcredit more than was drawn',
    'update u00.overage_periods set used_micro = used_micro + 1 where tenant_id = $1',
    'update u00.overage_periods set used_micro = used_micro - 1 where tenant_id = $1',
    [['overage', 6_000_001, 6_000_000]],
  ],
  [
    'an account that has a microcredit loaded that no month has',
    'update u00.credit_accounts set overage_left = overage_left + 1 where tenant_id = $1',
    'update u00.credit_accounts set overage_left = overage_left - 1 where tenant_id = $1',
    [
      ['overage', 5_999_999, 6_000_000],
      ['unpaid', 5_999_999, 6_000_000],
    ],
  ],
  [
    'a reservation that holds less than its month says',
    'update u00.reservation_sources set micro = micro - 1 where tenant_id = $1',
    'update u00.reservation_sources set micro = micro + 1 where tenant_id = $1',
    [['overage_held', 4_000_000, 3_999_999]],
  ],
  [
    'invariant 7: a month that cost more than its cap',
    'update u00.overage_periods set cap_minor = 119 where tenant_id = $1',
    'update u00.overage_periods set cap_minor = 240 where tenant_id = $1',
    [['cap', 119, 120]],
  ],
  [
    'a payment that took nothing off what is unpaid',
    `insert into u00.overage_bills values ($1, 's', 5, 'paid', now(), now())`,
    'delete from u00.overage_bills where tenant_id = $1',
    [
      ['billed', 0, 5],
      ['unpaid', 6_000_000, 5_999_995],
    ],
  ],
  [
    'a month of which more is billed than a bill says',
    'update u00.overage_periods set billed_micro = billed_micro + 7 where tenant_id = $1',
    'update u00.overage_periods set billed_micro = billed_micro - 7 where tenant_id = $1',
    [['billed', 7, 0]],
  ],
  [
    'invariant 11: a draw that nobody had agreed to',
    `update u00.overage_consents set made_at = '2026-05-11T12:00:00Z' where tenant_id = $1`,
    `update u00.overage_consents set made_at = '2026-05-10T12:00:00Z' where tenant_id = $1`,
    [['consent', 1, 0]],
  ],
  [
    'invariant 11: a draw at more than what was agreed to',
    'update u00.overage_consents set minor_per_credit = 11.5 where tenant_id = $1',
    'update u00.overage_consents set minor_per_credit = 12 where tenant_id = $1',
    [['consent', 1, 0]],
  ],
];

test.each(PLANTED)('12.4 usage:verify finds %s', async (_what, spoil, mend, found) => {
  const { tenantId, draw, hold, usage } = await overageWorld(database, clock, 240);
  await draw(3);
  const { reservationId } = await hold(2);
  expect((await verification().verify()).credits).toEqual([]);
  await inEveryBucket(database.pool, spoil, [tenantId]);
  const { credits, rebuilt } = await verification().verify();
  expect(rebuilt).toBe(0);
  expect(credits.every((one) => one.tenantId === tenantId)).toBe(true);
  expect(credits.map(({ fault, stands, adds }) => [fault, stands, adds])).toEqual(found);
  await inEveryBucket(database.pool, mend, [tenantId]);
  expect((await verification().verify()).credits).toEqual([]);
  await usage.release({ reservationId });
});
