import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import type { TenantId } from '../../../../../domain/ids.ts';
import { parsePeriod } from '../../../../../domain/period.ts';
import { createLog } from '../../../../log.ts';
import { LedgerVerificationService } from '../ledger-verification.service.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import type { UsageService } from '../../../usage.service.ts';

const JANUARY = parsePeriod('2026-01')!;
const FEBRUARY = parsePeriod('2026-02')!;

let database: TestDatabase;
let folder: string;
let clock: HandClock;
let usage: UsageService;
let verification: LedgerVerificationService;
let tenantId: TenantId;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-books-'));
  clock = new HandClock('2026-01-10T10:00:00Z');
  usage = usageService(database, clock);
  verification = new LedgerVerificationService({
    database,
    clock,
    log: createLog('silent', false),
  });
});

afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Use on three days of January and a hold that stays open. */
beforeEach(async () => {
  tenantId = await meteredTenant(database.pool, 'pro');
  for (const day of ['10', '11', '28']) {
    clock.set(`2026-01-${day}T10:00:00Z`);
    const metadata = { note: `"quoted", and\na line, day ${day}` };
    await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 5, metadata });
  }
  await usage.reserve({ tenantId, resourceType: 'images', amount: 3, ttlSeconds: 60 });
});

const spoil = (text: string) => inEveryBucket(database.pool, text, [tenantId]);

test('verification that balance have no differences, and the last verification says so', async () => {
  const { periods, differences } = await verification.verify();
  expect(periods).toEqual([JANUARY]);
  expect(differences).toEqual([]);
  expect(await verification.getLast()).toMatchObject({ differences: 0 });
});

test.each([
  [
    'a counter that is too high',
    "update u00.usage_totals set used = used + 7 where tenant_id = $1 and resource_type = 'messages'",
    { used: 22, ledger: 15 },
  ],
  [
    'a ledger row that is gone',
    'delete from u00.usage where id = (select max(id) from u00.usage where tenant_id = $1)',
    { used: 15, ledger: 10 },
  ],
  [
    'a hold that nobody has',
    "update u00.usage_totals set held = held + 2 where tenant_id = $1 and resource_type = 'messages'",
    { held: 2, reserved: 0 },
  ],
  [
    'a day of the chart that is gone',
    'delete from u00.usage_days where tenant_id = $1 and day = 10',
    { used: 15, days: 10 },
  ],
  [
    'counters that are gone',
    "delete from u00.usage_totals where tenant_id = $1 and resource_type = 'messages'",
    { used: 0, ledger: 15 },
  ],
])('%s is found, and mended from the ledger', async (_what, damage, found) => {
  // The counters cannot go before the days that belong to them.
  if (damage.includes('from u00.usage_totals')) {
    await spoil('delete from u00.usage_days where tenant_id = $1');
  }
  await spoil(damage);
  const { differences } = await verification.verify();
  expect(differences).toEqual([
    expect.objectContaining({ tenantId, period: JANUARY, resourceType: 'messages', ...found }),
  ]);
  expect(await verification.getLast()).toMatchObject({ differences: 1 });

  const { rebuilt } = await verification.verify({ rebuild: true });
  expect(rebuilt).toBe(1);
  expect(await imbalances(database.pool)).toEqual([]);
  expect((await verification.verify()).differences).toEqual([]);
  // Mended, it meters on.
  await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 });
  expect(await imbalances(database.pool)).toEqual([]);
});

test('a month goes to a file and comes back row by row, its counters untouched', async () => {
  await expect(verification.archive(JANUARY, folder)).rejects.toThrow('2026-01 is not over');
  await expect(verification.planArchive(JANUARY)).rejects.toThrow('2026-01 is not over');
  clock.set('2026-02-03T00:00:00Z');
  await expect(verification.archive(JANUARY, folder)).rejects.toThrow('open reservations');
  await expect(verification.planArchive(JANUARY)).rejects.toThrow('open reservations');
  await usage.expireReservations();
  await expect(verification.archive(FEBRUARY, folder)).rejects.toThrow('2026-02 is not over');

  const rowsOf = () =>
    inEveryBucket(database.pool, 'select * from u00.usage where period = $1 order by id', [
      JANUARY,
    ]);
  const before = await rowsOf();
  await spoil('update u00.usage_totals set used = used + 1 where tenant_id = $1');
  await expect(verification.archive(JANUARY, folder)).rejects.toThrow('2026-01 does not balance');
  await expect(verification.planArchive(JANUARY)).rejects.toThrow('2026-01 does not balance');
  await verification.verify({ rebuild: true });
  for (const file of [undefined, 'elsewhere.csv.gz']) {
    await expect(verification.planRestore(JANUARY, file)).rejects.toThrow('was not archived');
  }
  await verification.planArchive(JANUARY);
  const archived = await verification.archive(JANUARY, folder);
  expect(archived.rows).toBe(before.length);
  expect(await rowsOf()).toEqual([]);
  const stats = await usage.getUsageStats(tenantId, JANUARY);
  expect(stats.resources.find((one) => one.resourceType === 'messages')?.used).toBe(15);
  expect((await verification.verify()).differences).toEqual([]);
  await expect(verification.archive(JANUARY, folder)).rejects.toThrow('archived to');

  const other = path.join(folder, 'other.csv.gz');
  writeFileSync(other, readFileSync(archived.file).subarray(0, -20));
  await expect(verification.restore(JANUARY, other)).rejects.toThrow('cannot be read');
  await expect(verification.restore(JANUARY, `${other}.none`)).rejects.toThrow(
    'cannot be opened (ENOENT)',
  );
  expect(await rowsOf()).toEqual([]);

  expect(await verification.planRestore(JANUARY)).toBe(archived.file);
  expect(await verification.restore(JANUARY)).toEqual(archived);
  expect(await rowsOf()).toEqual(before);
  expect(await imbalances(database.pool)).toEqual([]);
  await expect(verification.restore(JANUARY)).rejects.toThrow('was not archived');
});
