import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { AppProcess } from '../support/app-process.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { CITUS_URL } from '../support/citus.ts';
import { imbalances, tenantInBucket } from '../support/metered-tenant.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { signUpAt } from '../upgrade/load.ts';
import { KeyedLoad } from './keyed-load.ts';
import { canKillServers, killServer, startServer } from './servers.ts';

const INGEST_TOKEN = 'an ingest token of the tests, long enough';
const TENANTS_OF_EACH = 4;
/** So much is answered, or refused, before the test goes on. */
const SOME = 60;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-servers-'));
let database: TestDatabase;
let stripe: LocalStripe;
let env: Record<string, string>;
const apps: AppProcess[] = [];
beforeAll(async () => {
  if (!canKillServers) return;
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0 });
  env = {
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    USAGE_INGEST_TOKEN: INGEST_TOKEN,
    JWT_SECRET: 'a secret that both processes share, long enough',
    LOG_LEVEL: 'fatal',
  };
  for (const n of [0, 1]) {
    apps.push(await AppProcess.start({ ...env, DATA_DIR: path.join(dataDir, String(n)) }));
  }
});
afterAll(async () => {
  for (const one of apps) await one.kill();
  await stripe?.close();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const until = (isSo: () => void | Promise<void>) =>
  vi.waitFor(isSo, { timeout: 120_000, interval: 50 });

/** The servers of the cluster; the coordinator, with `u00`, is first. */
async function listServers(): Promise<{ node: string; buckets: number[] }[]> {
  const coordinator = new URL(CITUS_URL!);
  const all = await database.buckets.list();
  const byNode = Map.groupBy(
    all,
    ({ node }) => node ?? `${coordinator.hostname}:${coordinator.port || 5432}`,
  );
  return [...byNode].map(([node, some]) => ({ node, buckets: some.map(({ number }) => number) }));
}

async function loadOn(buckets: number[]): Promise<KeyedLoad> {
  const tenantIds: string[] = [];
  for (const bucket of buckets) {
    for (let n = 0; n < TENANTS_OF_EACH; n += 1) {
      tenantIds.push(await tenantInBucket(database.pool, bucket, 'team'));
    }
  }
  return new KeyedLoad({ urls: apps.map(({ url }) => url), ingestToken: INGEST_TOKEN, tenantIds });
}

const answersMore = async (load: KeyedLoad) => {
  const from = load.answered;
  await until(() => expect(load.answered).toBeGreaterThan(from + SOME));
};

test.skipIf(!canKillServers).each([
  ['a worker', 1],
  ['the coordinator', 0],
] as const)(
  '11.3 %s is killed under load: its callers are told to come again, the others are served, nothing is lost or counted twice',
  async (what, place) => {
    const servers = await listServers();
    const { node, buckets } = servers[place]!;
    const theirs = await loadOn(buckets);
    const others = await loadOn(servers.flatMap((one) => (one.node === node ? [] : one.buckets)));
    const loads = [theirs, others];
    await Promise.all(loads.map((load) => load.start()));
    await Promise.all(loads.map(answersMore));

    onTestFinished(() => startServer(node));
    await killServer(node);
    await until(() => expect(theirs.refused).toBeGreaterThan(SOME));
    await answersMore(others);
    if (place !== 0) await assertNewcomersAreServed(buckets);
    const away = performance.now();
    await startServer(node);
    const started = performance.now();
    await answersMore(theirs);
    const served = performance.now();
    await answersMore(others);
    await Promise.all(loads.map((load) => load.rest()));

    expect(loads.flatMap((load) => load.failures)).toEqual([]);
    expect(others.refused).toBe(0);
    // What was under way when it died is known by now: each key is answered as it was at first.
    for (const load of loads) expect(await load.repeatAll()).toEqual([]);
    await assertCountedOnce(loads);
    const verified = await runOperatorCommand('usage:verify', [], { ...env, DATA_DIR: dataDir });
    expect(verified, verified.said + verified.complained).toMatchObject({ code: 0 });
    process.stdout.write(
      `${what} killed: ${theirs.answered} calls of its buckets answered and ${theirs.refused} refused, the longest ` +
        `${Math.round(theirs.longestMs)} ms; ${others.answered} of the others answered, the longest ` +
        `${Math.round(others.longestMs)} ms; it started in ${Math.round(started - away)} ms, and ${SOME} calls ` +
        `of its buckets were answered ${Math.round(served - started)} ms later\n`,
    );
  },
);

/** Who registers comes into a bucket that answers, once it is noticed that one does not. */
async function assertNewcomersAreServed(away: number[]): Promise<void> {
  await until(async () => {
    const { rows } = await database.pool.query<{ number: number }>(
      'select number from metering_buckets where away_since is not null order by 1',
    );
    expect(rows.map(({ number }) => number)).toEqual(away);
  });
  for (let n = 0; n < 6; n += 1) {
    const tenantId = await signUpAt(apps[n % 2]!.url);
    const { rowCount } = await database.pool.query(
      'select from tenants where id = $1 and usage_bucket = any($2)',
      [tenantId, away],
    );
    expect(rowCount).toBe(0);
  }
}

async function assertCountedOnce(loads: KeyedLoad[]): Promise<void> {
  const rows = await inEveryBucket<{ key: string; amount: number; ids: number }>(
    database.pool,
    `select tenant_id || ' ' || idempotency_key as key, sum(amount)::int as amount,
       count(distinct id)::int as ids
     from u00.usage where idempotency_key is not null group by 1`,
  );
  const ledger = new Map(rows.map(({ key, amount }) => [key, amount]));
  expect(rows.filter(({ ids }) => ids !== 1)).toEqual([]);
  for (const { sent } of loads) {
    const lost = [...sent].filter(
      ([key, { tenantId, amount }]) => ledger.get(`${tenantId} ${key}`) !== amount,
    );
    expect(lost).toEqual([]);
  }
  expect(await imbalances(database.pool)).toEqual([]);
}
