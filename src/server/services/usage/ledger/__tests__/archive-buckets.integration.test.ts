import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket, makeBuckets } from '../../../../../../tests/support/buckets.ts';
import {
  creditFaults,
  imbalances,
  meteredTenant,
} from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { parsePeriod } from '../../../../../domain/period.ts';
import { createLog } from '../../../../log.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { LedgerVerificationService } from '../ledger-verification.service.ts';

const JANUARY = parsePeriod('2026-01')!;
let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-archive-'));
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const rowsOf = () =>
  inEveryBucket<{ schema: string; tenant: string; id: string }>(
    database.pool,
    `select substr('u00.', 1, 3) as schema, tenant_id as tenant, id, amount, metadata
     from u00.usage where period = '2026-01' order by tenant_id, id`,
  );

test('11.2 a hold of a month that the other bucket has no ledger of expires there too', async () => {
  await makeBuckets(database.url, 3);
  const clock = new HandClock('2025-11-10T10:00:00Z');
  const usage = usageService(database, clock);
  const tenantId = await meteredTenant(database.pool, 'pro');
  const hold = { tenantId, resourceType: 'images' as const, amount: 2, ttlSeconds: 60 };
  const { reservationId } = await usage.reserve(hold);
  await usage.begin({ reservationId, amount: 1 });
  const client = await database.pool.connect();
  const { rows } = await client.query<{ bucket: number }>(
    'select t.usage_bucket as bucket from tenants t where id = $1',
    [tenantId],
  );
  await moveTenant(client, tenantId, (rows[0]!.bucket + 1) % 3);
  client.release();
  clock.set('2025-11-10T11:00:00Z');
  await usage.expireReservations();
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 1, held: 0 });
});

test('11.2 a month of all buckets goes to one file, and comes back to where its tenants are by then', async () => {
  await makeBuckets(database.url, 3);
  const clock = new HandClock('2026-01-10T10:00:00Z');
  const usage = usageService(database, clock);
  const deps = { database, clock, log: createLog('silent', false) };
  const verification = new LedgerVerificationService(deps);
  const tenants: string[] = [];
  const client = new pg.Client(database.url);
  await client.connect();
  for (const bucket of [0, 1, 2, 0]) {
    const tenantId = await meteredTenant(database.pool, 'pro');
    await moveTenant(client, tenantId, bucket);
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 2, metadata: { a: '"' } });
    await moveTenant(client, tenantId, (bucket + 1) % 3);
    await moveTenant(client, tenantId, bucket);
    await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 3 });
    tenants.push(tenantId);
  }
  clock.set('2026-03-01T00:00:00Z');
  const before = await rowsOf();
  expect(new Set(before.map(({ schema }) => schema))).toEqual(new Set(['u00', 'u01', 'u02']));

  const archived = await verification.archive(JANUARY, folder);
  expect(archived.rows).toBe(8);
  expect(await rowsOf()).toEqual([]);
  await makeBuckets(database.url, 4);
  const [first, second] = tenants;
  await moveTenant(client, first!, 3);
  await moveTenant(client, second!, 2);
  expect((await verification.verify()).differences).toEqual([]);
  await expect(usage.exportCsv(first!, JANUARY)).rejects.toThrow('has been archived');
  await expect(verification.archive(JANUARY, folder)).rejects.toThrow('archived to');

  expect(await verification.restore(JANUARY)).toEqual(archived);
  const moved = new Map([
    [first, 'u03'],
    [second, 'u02'],
  ]);
  expect((await rowsOf()).toSorted(byTenant)).toEqual(
    before
      .map((row) => ({ ...row, schema: moved.get(row.tenant) ?? row.schema }))
      .toSorted(byTenant),
  );
  expect((await verification.verify()).differences).toEqual([]);
  expect(await imbalances(database.pool)).toEqual([]);
  await client.end();
});

test('12.60 the draws of an archived month stay, and balance', async () => {
  const clock = new HandClock('2026-02-10T10:00:00Z');
  const usage = usageService(database, clock);
  const verification = new LedgerVerificationService({
    ...{ database, clock, log: createLog('silent', false) },
  });
  const tenantId = await meteredTenant(database.pool, 'pro');
  const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'a', amountMicro: 9_000_000, ...by },
    expiresAt: new Date('2027-01-01T00:00:00Z'),
  });
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 502 });
  const before = await usage.credits.readHistory(tenantId);
  expect(before.movements).toMatchObject([{ kind: 'grant', micro: -4_000_000 }, {}]);
  clock.set('2026-04-01T00:00:00Z');
  await verification.archive(parsePeriod('2026-02')!, folder);
  // A statement is a run of them, and so needs nothing of the ledger.
  expect(await usage.credits.readHistory(tenantId)).toEqual(before);
  expect(await creditFaults(database.pool)).toEqual([]);
  expect((await verification.verify()).differences).toEqual([]);
});

const byTenant = (a: { tenant: string; id: string }, b: { tenant: string; id: string }) =>
  a.tenant.localeCompare(b.tenant) || Number(BigInt(a.id) - BigInt(b.id));
