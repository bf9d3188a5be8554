import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import type { TestApp } from '../support/app.ts';
import { GOOD_CARD, signUp } from '../support/customer.ts';
import { appProgram } from '../support/app-process.ts';
import { freePort } from '../support/free-port.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-killed-'));
let database: TestDatabase;
let stripe: LocalStripe;
let port: number;
let running: ChildProcess | undefined;

beforeAll(async () => {
  database = await createTestDatabase({ max: 2 });
  stripe = await startLocalStripe({ port: 0 });
  port = await freePort();
  running = await start();
});
afterAll(async () => {
  if (running) await kill(running);
  await stripe?.close();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<ChildProcess> {
  const child = fork(appProgram(), {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
      STRIPE_API_BASE: stripe.url,
      LOG_LEVEL: 'fatal',
    },
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`The app ended with ${code}.`)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('killed while webhooks come in: after the next start everybody has what they paid for, once', async () => {
  const app = { url: `http://127.0.0.1:${port}`, stripeUrl: stripe.url, database } as TestApp;
  const customers = await Promise.all(Array.from({ length: 6 }, () => signUp(app)));
  const sessions = await Promise.all(customers.map((one) => one.checkout('pro', 'month')));
  // Half are paid while the app listens, half after it died; the first are in the middle of things.
  for (const [n, customer] of customers.entries()) {
    if (n === 3) await kill(running!);
    await customer.pay(sessions[n]!, GOOD_CARD);
  }
  running = await start();
  await vi.waitFor(
    async () => {
      const { rows } = await database.pool.query(`
        select
          (select count(*)::int from tenants where plan = 'pro') as pro,
          (select count(*)::int from subscriptions) as subscriptions,
          (select count(*)::int from payments where status = 'paid') as payments,
          (select count(*)::int from stripe_events where state = 'received') as waiting`);
      expect(rows).toEqual([{ pro: 6, subscriptions: 6, payments: 6, waiting: 0 }]);
    },
    { timeout: 20_000, interval: 50 },
  );
}, 60_000);
