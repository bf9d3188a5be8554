import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { periodOf } from '../../src/domain/period.ts';
import { createLog } from '../../src/server/log.ts';
import { mailCrossings } from '../../src/server/services/mail/from-buckets/crossings.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { imbalances, meteredTenant } from '../support/metered-tenant.ts';
import { putOnPlan } from '../support/metering.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CONTRACT = readFileSync(path.join(import.meta.dirname, 'contract.sql'), 'utf8');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(CONTRACT);
});
afterAll(() => database.drop());

test('11 nothing of today uses what was left for the version before', async () => {
  await migrateDatabase(database.url);
  const { rows: left } = await database.pool.query(
    `select relname from pg_class where relnamespace = 'public'::regnamespace
       and relname like 'usage%'
     union all select proname from pg_proc where pronamespace = 'public'::regnamespace
       and proname like 'usage%'`,
  );
  expect(left).toEqual([]);

  const clock = { now: () => new Date('2026-05-10T12:00:00Z') };
  const log = createLog('silent', false);
  const usage = new UsageService({ database, clock, log });
  const period = periodOf(clock.now());
  const actor = { kind: 'system', task: 'test' } as const;
  const tenantId = await meteredTenant(database.pool);
  const images = { tenantId, resourceType: 'images' as const };

  await usage.trackUsage({ ...images, amount: 3, idempotencyKey: 'a' });
  await usage.trackUsage({ ...images, amount: 3, idempotencyKey: 'a' });
  const held = await usage.reserve({ ...images, amount: 4, ttlSeconds: 60 });
  const given = await usage.reserve({ ...images, amount: 3, ttlSeconds: 60 });
  await usage.begin({ reservationId: held.reservationId, amount: 1 });
  await usage.release({ reservationId: given.reservationId });
  await usage.settle({ reservationId: held.reservationId, tenantId, amount: 5 });
  await expect(usage.trackUsage({ ...images, amount: 3 })).rejects.toMatchObject({
    code: 'quota_exceeded',
  });
  await mailCrossings(database);
  await putOnPlan(database, tenantId, 'pro');
  await usage.correct({ ...images, amount: -1, actor, reason: 'a test' });

  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({
    used: 7,
    held: 0,
    limit: 500,
  });
  expect(await usage.getUsageStats(tenantId, period)).toMatchObject({ period });
  expect((await usage.getHistory(tenantId, 7)).days.at(-1)).toMatchObject({ images: 7 });
  expect((await text(await usage.exportCsv(tenantId, period))).split('\n')).toHaveLength(5);
  await usage.expireReservations();
  await usage.pruneReservations();
  await usage.ensurePartitions();
  expect(await usage.resetUsage({ ...images, actor, reason: 'a test' })).toEqual({ before: 7 });

  const verification = new LedgerVerificationService({ database, clock, log });
  expect((await verification.verify({ rebuild: true })).differences).toEqual([]);
  expect(await imbalances(database.pool)).toEqual([]);
  const { rows: mails } = await database.pool.query('select kind from mail_outbox');
  expect(mails).toEqual([{ kind: 'usage_threshold' }]);
  await usage.stop();
});
