import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { meteredTenant, tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  makeBucketThere,
  startSecondServer,
  type SecondServer,
} from '../../../../../../tests/support/second-server.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { FIRST_PLANS } from '../../../../../../tests/support/first-plans.ts';
import { isMigrated, migrateDatabase } from '../../../../../db/migrate.ts';
import { moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { parsePeriod, periodOf } from '../../../../../domain/period.ts';
import { createLog } from '../../../../log.ts';
import { mailCrossings } from '../../../mail/from-buckets/crossings.ts';
import { examineBuckets } from '../../../operations/doctor/buckets.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { LedgerVerificationService } from '../../ledger/ledger-verification.service.ts';
import { registerUsageReadings } from '../../metrics.ts';
import { SpreadService } from '../../spread/spread.service.ts';
import { BucketSync } from '../bucket-sync.ts';

/** The bucket that lies on the other server, which has none of the main tables. */
const THERE = 40;
const log = createLog('silent', false);
const actor = { kind: 'system', task: 'test' } as const;
const IMAGES = { resourceType: 'images' as const };

let database: TestDatabase;
let second: SecondServer;
let folder: string;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-archive-'));
  database = await createTestDatabase();
  second = await startSecondServer(database.url);
  await makeBucketThere(database.url, THERE, second.node);
});
afterAll(async () => {
  await database?.drop();
  await second?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const sync = () => new BucketSync({ database, clock, log });
const there = async (query: string, values: unknown[] = []) =>
  (await database.buckets.pool(second.node).query<Record<string, unknown>>(query, values)).rows;

/** Open holds as `/metrics` tells them; none where it tells nothing. */
async function holdsShown(): Promise<number | undefined> {
  const registry = new Registry();
  const readVerification = () => Promise.resolve(undefined);
  registerUsageReadings(registry, { buckets: database.buckets, clock, readVerification });
  const shown = /^usage_holds\{state="open"\} (\d+)$/m.exec(await registry.metrics());
  return shown ? Number(shown[1]) : undefined;
}

/** Does it while the other server takes connections and says nothing. */
async function whileItHangs<T>(work: () => Promise<T>): Promise<T> {
  const taken: Socket[] = [];
  const server = createServer((socket) => void taken.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const lies = (node: string) =>
    database.pool.query('update metering_buckets set node = $2 where number = $1', [THERE, node]);
  await lies(`127.0.0.1:${port}`);
  try {
    return await work();
  } finally {
    await lies(second.node);
    for (const socket of taken) socket.destroy();
    server.close();
    await database.buckets.list();
  }
}

/** A new tenant whose metering lies there. */
const tenantThere = (plan: 'free' | 'pro' = 'free') => tenantInBucket(database.pool, THERE, plan);

/** A plan change of which nobody tells the bucket yet. */
const buyPro = (tenantId: string) =>
  database.pool.query(`update tenants set plan = 'pro' where id = $1`, [tenantId]);

const verify = () => new LedgerVerificationService({ database, clock, log }).verify();
const unsynced = async () =>
  (await database.pool.query<{ n: number }>('select count(*)::int as n from metering_copies'))
    .rows[0]!.n;

test('11.2 a new tenant is metered on the other server from the first call on, and told of', async () => {
  const usage = usageService(database, clock);
  const tenantId = await tenantThere();
  const call = { ...IMAGES, tenantId };
  expect(await usage.trackUsage({ ...call, amount: 3, idempotencyKey: 'a' })).toMatchObject({
    status: 'recorded',
    used: 3,
    limit: FIRST_PLANS.free.limits.images,
  });
  expect(await usage.trackUsage({ ...call, amount: 3, idempotencyKey: 'a' })).toMatchObject({
    status: 'duplicate',
    used: 3,
  });
  const held = await usage.reserve({ ...call, amount: 2, ttlSeconds: 60 });
  await usage.begin({ reservationId: held.reservationId, amount: 1 });
  const settled = await usage.reserve({ ...call, amount: 4, ttlSeconds: 60 });
  await usage.settle({ reservationId: settled.reservationId, amount: 4 });
  clock.set('2026-05-10T12:10:00Z');
  expect(await usage.expireReservations()).toBe(1);
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 8, held: 0 });
  const ledger = await text(await usage.exportCsv(tenantId, periodOf(clock.now())));
  expect(ledger.trim().split('\n')).toHaveLength(1 + 3);
  expect((await there('select from u40.usage where tenant_id = $1', [tenantId])).length).toBe(3);
  await mailCrossings(database);
  const mails = await database.pool.query('select kind from mail_outbox where tenant_id = $1', [
    tenantId,
  ]);
  expect(mails.rows).toEqual([{ kind: 'usage_threshold' }]);
  expect(await verify()).toMatchObject({ differences: [], copies: [], away: [] });
});

test('11.2 the main database, by whatever name, is no other server', async () => {
  const listed = async () =>
    (await database.pool.query('select number, node from metering_buckets order by number')).rows;
  const before = await listed();
  const spread = new SpreadService({ database });
  const { port } = new URL(database.url);
  for (const node of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    await expect(spread.spread({ buckets: 2, node })).rejects.toThrow('holds the main tables');
  }
  expect(await listed()).toEqual(before);
});

test('11.2 a correction is in the other server’s ledger and in our audit log, each once', async () => {
  const usage = usageService(database, clock);
  const tenantId = await tenantThere('pro');
  const call = { ...IMAGES, tenantId, actor, reason: 'a test' };
  expect(await usage.correct({ ...call, amount: 7 })).toEqual({ used: 7 });
  await expect(usage.correct({ ...call, amount: -8 })).rejects.toMatchObject({
    code: 'invalid_request',
  });
  expect(await usage.resetUsage(call)).toEqual({ before: 7 });
  const { rows } = await database.pool.query(
    'select action, before, after from audit_log where tenant_id = $1 order by id',
    [tenantId],
  );
  expect(rows).toEqual([
    { action: 'usage.corrected', before: { used: 0 }, after: { used: 7 } },
    { action: 'usage.reset', before: { used: 7 }, after: { used: 0 } },
  ]);
  expect((await database.pool.query('select from metering_corrections')).rows).toEqual([]);
  expect(await verify()).toMatchObject({ differences: [], copies: [] });
});

test('11.2 a correction cut short before its audit entry is made once, and gets its entry', async () => {
  const usage = usageService(database, clock);
  const tenantId = await tenantThere('pro');
  await usage.trackUsage({ ...IMAGES, tenantId, amount: 1 });
  // As when the process dies after the other server's commit.
  await database.pool.query(
    `alter table audit_log add constraint none check (action <> 'usage.corrected') not valid`,
  );
  const wanted = { ...IMAGES, tenantId, actor, reason: 'a test', amount: 7 };
  await expect(usage.correct(wanted)).rejects.toThrow(/do not repeat it/);
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 8 });
  await database.pool.query('alter table audit_log drop constraint none');
  clock.set('2026-05-10T12:20:00Z');
  await Promise.all([sync().run(), sync().run()]);
  await sync().run();
  const entries = await database.pool.query(
    'select before, after from audit_log where tenant_id = $1',
    [tenantId],
  );
  expect(entries.rows).toEqual([{ before: { used: 1 }, after: { used: 8 } }]);
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 8 });
});

test('11.2 a row there is taken back once, however it was cut short, and foreseen without a trace', async () => {
  const usage = usageService(database, clock);
  const tenantId = await tenantThere('pro');
  await usage.trackUsage({ ...IMAGES, tenantId, amount: 3 });
  const [row] = await there('select id::text as row from u40.usage where tenant_id = $1', [
    tenantId,
  ]);
  const reversal = { tenantId, row: row!['row'] as string, actor, reason: 'a test' };
  expect(await usage.reversals.foresee(reversal)).toMatchObject({ before: 3, after: 0 });
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ used: 3 });
  const none = `add constraint none check (action <> 'usage.corrected') not valid`;
  await database.pool.query(`alter table audit_log ${none}`);
  await expect(usage.reversals.reverse(reversal)).rejects.toThrow(/do not repeat it/);
  await expect(usage.reversals.reverse(reversal)).rejects.toThrow('taken back already');
  await database.pool.query('alter table audit_log drop constraint none');
  clock.set('2026-05-10T12:40:00Z');
  await sync().run();
  const entries = 'select after from audit_log where tenant_id = $1';
  const { rows } = await database.pool.query(entries, [tenantId]);
  expect(rows).toEqual([{ after: { used: 0, reverses: reversal.row } }]);
  expect((await database.pool.query('select from metering_corrections')).rows).toEqual([]);
  expect(await verify()).toMatchObject({ differences: [], credits: [] });
});

test('11.2 a server that is away holds up no plan change, no registration and no other tenant', async () => {
  const usage = usageService(database, clock, { answerWithinMs: 2_000 });
  const tenantId = await tenantThere();
  const here = await meteredHere();
  await usage.trackUsage({ ...IMAGES, tenantId, amount: 1 });
  for (const one of [tenantId, here]) {
    await usage.reserve({ ...IMAGES, tenantId: one, amount: 1, ttlSeconds: 60 });
  }
  expect(await holdsShown()).toBe(2);
  expect(await whileItHangs(holdsShown)).toBe(1);
  await second.stop();
  expect(await holdsShown()).toBe(1);
  await buyPro(tenantId);
  await expect(usage.trackUsage({ ...IMAGES, tenantId, amount: 1 })).rejects.toMatchObject({
    code: 'database_unavailable',
  });
  await expect(
    usage.correct({ ...IMAGES, tenantId, amount: 5, actor, reason: 'a test' }),
  ).rejects.toThrow(/is made as soon as it does: do not repeat it/);
  expect(await usage.trackUsage({ ...IMAGES, tenantId: here, amount: 1 })).toMatchObject({
    status: 'recorded',
  });
  await usage.expireReservations();
  await usage.ensurePartitions();
  await expect(mailCrossings(database)).rejects.toThrow();
  const one = sync();
  await one.run();
  await one.run();
  const { rows } = await database.pool.query<{ bucket: number }>(
    `insert into tenants (name) select 'New ' || n from generate_series(1, 30) n
     returning usage_bucket as bucket`,
  );
  expect(rows.some(({ bucket }) => bucket === THERE)).toBe(false);
  expect(await verify()).toMatchObject({ differences: [], copies: [], away: ['u40'] });
  expect((await examineBuckets(database)).map((one) => one.fault?.name)).toEqual([
    'bucket_server_away',
  ]);
  const spread = new SpreadService({ database }).spread({ buckets: THERE + 2, node: second.node });
  await expect(spread).rejects.toThrow(
    /The server 127\.0\.0\.1:\d+ of the buckets cannot be used: .* Start it, or correct its address/,
  );
  expect(await isMigrated(database.pool)).toBe(true);
  await migrateDatabase(database.url);

  await second.start();
  clock.set('2026-05-10T13:00:00Z');
  await vi.waitFor(async () => {
    await one.run();
    expect(await unsynced()).toBe(0);
    expect((await database.pool.query('select from metering_corrections')).rows).toEqual([]);
  }, 60_000);
  expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({
    used: 6,
    limit: FIRST_PLANS.pro.limits.images,
  });
  await tenantThere();
  await one.run();
  expect(await verify()).toMatchObject({ differences: [], copies: [], away: [] });
});

test('11.2 a plan change is told within 5 s by a process that runs, also without being notified', async () => {
  const usage = usageService(database, clock);
  const tenantId = await tenantThere();
  await usage.trackUsage({ ...IMAGES, tenantId, amount: 1 });
  usage.start();
  await buyPro(tenantId);
  const startedAt = performance.now();
  await vi.waitFor(async () => {
    expect((await usage.checkQuota(tenantId, 'images')).limit).toBe(FIRST_PLANS.pro.limits.images);
  }, 60_000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await usage.stop();
});

test('11.2 what a bucket knows of a tenant and should not, or not as it is, is found and mended', async () => {
  const usage = usageService(database, clock);
  const ids = [await tenantThere(), await tenantThere(), await meteredHere()];
  for (const tenantId of ids) await usage.trackUsage({ ...IMAGES, tenantId, amount: 1 });
  await there(`update u40.usage_tenants set limits = '{"images": 999}' where tenant_id = $1`, [
    ids[0],
  ]);
  await there('update u40.usage_tenants set version = 0 where tenant_id = $1', [ids[1]]);
  await there(
    `insert into u40.usage_tenants (tenant_id, version, plan, limits) values ($1, 1, 'free', '{}')`,
    [ids[2]],
  );
  const service = new LedgerVerificationService({ database, clock, log });
  expect((await examineBuckets(database)).map((one) => one.fault?.name)).toEqual([
    undefined,
    'copies_differ',
  ]);
  const { copies } = await service.verify();
  const said = copies.map(({ tenantId, bucket, what }) => `${tenantId} ${bucket} ${what}`);
  expect(said.toSorted()).toEqual(
    [`${ids[0]} u40 outdated`, `${ids[1]} u40 outdated`, `${ids[2]} u40 misplaced`].toSorted(),
  );
  expect(await service.verify({ rebuild: true })).toMatchObject({ rebuilt: 3 });
  await sync().run();
  expect(await verify()).toMatchObject({ differences: [], copies: [] });
});

test('11.2 a tenant of another server is not moved, and says why', async () => {
  const tenantId = await tenantThere();
  const client = await database.pool.connect();
  await expect(moveTenant(client, tenantId, 0)).rejects.toThrow(/u40 lies on a server of its own/);
  client.release();
  const service = new LedgerVerificationService({ database, clock, log });
  await expect(service.archive(parsePeriod('2026-04')!, folder)).rejects.toThrow(
    /u40 lies on .*, a server of its own: months are archived/,
  );
});

async function meteredHere(): Promise<string> {
  for (;;) {
    const id = await meteredTenant(database.pool);
    const { rows } = await database.pool.query(
      'select from tenants where id = $1 and usage_bucket <> $2',
      [id, THERE],
    );
    if (rows.length === 1) return id;
  }
}
