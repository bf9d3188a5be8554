import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { isMigrated, migrateDatabase } from '../../src/db/migrate.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import {
  CITUS_URL,
  createEmptyCitusDatabase,
  dropCitusDatabase,
  makeEarlierBuckets,
} from '../support/citus.ts';
import { imbalances, meteredTenant } from '../support/metered-tenant.ts';

/** The first migrations; the next are made while the buckets lie on workers. */
const MADE_BY = 41;
const BUCKETS = 3;
const TENANTS = 12;
const log = createLog('silent', false);

/** Runs on a cluster alone: `npm run test:citus`. */
const onCluster = test.skipIf(CITUS_URL === undefined);
const name = `test_${randomBytes(8).toString('hex')}`;
let url: string;
beforeAll(async () => {
  if (CITUS_URL !== undefined) url = await createEmptyCitusDatabase(name);
});
afterAll(async () => {
  if (CITUS_URL !== undefined) await dropCitusDatabase(name);
});

onCluster(
  '11.3 a cluster that was made by an earlier version is upgraded with all that its buckets hold',
  async () => {
    await migrateDatabase(url, { upTo: MADE_BY });
    await makeEarlierBuckets(url, BUCKETS, MADE_BY);
    const database = openDatabase({ url, max: 10 });
    const tenants: string[] = [];
    while (tenants.length < TENANTS) tenants.push(await meteredTenant(database.pool, 'pro'));
    expect(await isMigrated(database.pool)).toBe(false);

    const { applied } = await migrateDatabase(url);
    expect(applied.length).toBeGreaterThan(0);
    expect(await isMigrated(database.pool)).toBe(true);
    const usage = new UsageService({ database, clock: systemClock, log });
    await usage.ensurePartitions();
    for (const tenantId of tenants) {
      const call = { tenantId, resourceType: 'messages' as const, amount: 3, idempotencyKey: 'a' };
      expect(await usage.trackUsage(call)).toMatchObject({ status: 'recorded', used: 3 });
      expect(await usage.trackUsage(call)).toMatchObject({ status: 'duplicate', used: 3 });
    }
    await usage.stop();
    expect(await imbalances(database.pool)).toEqual([]);
    const verification = new LedgerVerificationService({ database, clock: systemClock, log });
    expect(await verification.verify()).toMatchObject({ differences: [], away: [] });
    await database.close();
  },
  120_000,
);
