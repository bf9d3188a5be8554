import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';
import type { SessionView } from '../../src/domain/api.ts';
import { startBalancer } from '../support/balancer.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { caller } from '../support/http.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { startOpenAiServer, type OpenAiServer } from '../support/openai-server.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { assertAllWritten, Load, rollUnderLoad, slowWords } from './rolled-load.ts';
import { RolledProcess } from './rolled-process.ts';

/** How often both processes are replaced; the long form is 10. */
const ROLLS = Number(process.env.ROLL_RUNS ?? 1);
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 240_000 + ROLLS * 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-rolls-'));
let database: TestDatabase;
let stripe: LocalStripe;
let upstream: OpenAiServer;
beforeAll(async () => {
  await ensureClientBuilt(() => undefined);
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0 });
  upstream = await startOpenAiServer();
  upstream.script = slowWords();
}, 180_000);
afterAll(async () => {
  await upstream?.close();
  await stripe?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const env = () => ({
  DATABASE_URL: database.url,
  STRIPE_SECRET_KEY: 'sk_test_squaretable',
  STRIPE_API_BASE: stripe.url,
  LLM_BASE_URL: upstream.url,
  USAGE_INGEST_TOKEN: INGEST_TOKEN,
  JWT_SECRET: 'a secret that both processes share, long enough',
  DRAIN_SECONDS: '1',
  STOP_GRACE_SECONDS: '60',
  LOG_LEVEL: 'error',
});

test(`14.1 two processes that are replaced ${ROLLS} times under load fail no request and cut no chat`, async () => {
  const processes: RolledProcess[] = [];
  for (const command of [
    [process.execPath, 'scripts/start.ts'],
    ['npm', 'start'],
  ]) {
    const port = await freePort();
    const dataDir = path.join(folder, String(port));
    processes.push(new RolledProcess(port, { command, env: { ...env(), DATA_DIR: dataDir } }));
  }
  const balancer = await startBalancer(processes.map(({ url }) => url));
  onTestFinished(() => balancer.close());
  for (const one of processes) one.start();
  for (const { url } of processes) await balancer.sees(url, true);
  const { body: session } = await caller(balancer.url).post<SessionView>('/api/auth/register', {
    email: 'talker@example.com',
    password: 'correct horse',
  });
  await database.pool.query(`update tenants set plan = 'team' where id = $1`, [session.tenant.id]);

  const load = new Load(balancer.url, session, INGEST_TOKEN);
  await rollUnderLoad(ROLLS, processes, balancer, load);
  await load.rest();
  for (const one of processes) await one.stop();

  const said = processes.map(({ output }) => output).join('\n');
  expect(load.failures, said).toEqual([]);
  expect(said).not.toMatch(/"level":[56]0/);
  await assertAllWritten(database.pool, load);
  expect(await imbalances(database.pool)).toEqual([]);
});
