import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { parsePeriod } from '../../../../domain/period.ts';
import { createLog } from '../../../log.ts';
import { LedgerVerificationService } from '../ledger/ledger-verification.service.ts';
import { HandClock, usageService } from './service.ts';

const JANUARY = parsePeriod('2026-01')!;
/** Beyond what a JavaScript number counts to by ones: another server may begin here. */
const HIGH = 2n ** 53n + 1n;

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-ids-'));
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

test('11.1 ids of the ledger are exact beyond 2^53, and no order of time: rows come as they were recorded', async () => {
  const clock = new HandClock('2026-01-10T10:00:00Z');
  const usage = usageService(database, clock);
  const tenantId = await meteredTenant(database.pool, 'pro');
  const use = (amount: number) => usage.trackUsage({ tenantId, resourceType: 'messages', amount });
  await use(1);
  await inEveryBucket(database.pool, `update u00.usage set id = ${HIGH} where tenant_id = $1`, [
    tenantId,
  ]);
  clock.set('2026-01-11T10:00:00Z');
  // As after a move from another server: what comes later has the smaller id.
  await inEveryBucket(
    database.pool,
    `insert into u00.usage (id, tenant_id, period, resource_type, amount, occurred_at, created_at)
     select 7, tenant_id, $2, 'messages', 2, $3, $3 from u00.usage_tenants where tenant_id = $1`,
    [tenantId, JANUARY, clock.now()],
  );
  const verification = new LedgerVerificationService({
    ...{ database, clock, log: createLog('silent', false) },
  });
  await verification.verify({ rebuild: true });

  const rows = async () => {
    const lines = (await text(await usage.exportCsv(tenantId, JANUARY))).trim().split('\n');
    return lines.slice(1).map((line) => [line.split(',')[0], line.split(',')[4]]);
  };
  const recorded = [
    [String(HIGH), '1'],
    ['7', '2'],
  ];
  expect(await rows()).toEqual(recorded);

  clock.set('2026-02-03T00:00:00Z');
  await verification.archive(JANUARY, folder);
  await verification.restore(JANUARY);
  expect(await rows()).toEqual(recorded);
  expect((await verification.verify()).differences).toEqual([]);
});
