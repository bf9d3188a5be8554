import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import type { TestApp } from '../support/app.ts';
import { GOOD_CARD, signUp } from '../support/customer.ts';
import { AppProcess } from '../support/app-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-killed-'));
let database: TestDatabase;
let stripe: LocalStripe;
let app: AppProcess;

beforeAll(async () => {
  database = await createTestDatabase({ max: 2 });
  stripe = await startLocalStripe({ port: 0 });
  app = await AppProcess.start({
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    LOG_LEVEL: 'fatal',
  });
});
afterAll(async () => {
  await app?.kill();
  await stripe?.close();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('killed while webhooks come in: after the next start everybody has what they paid for, once', async () => {
  const product = { url: app.url, stripeUrl: stripe.url, database } as TestApp;
  const customers = await Promise.all(Array.from({ length: 6 }, () => signUp(product)));
  const sessions = await Promise.all(customers.map((one) => one.checkout('pro', 'month')));
  // Half are paid while the app listens, half after it died; the first are in the middle of things.
  for (const [n, customer] of customers.entries()) {
    if (n === 3) await app.kill();
    await customer.pay(sessions[n]!, GOOD_CARD);
  }
  await app.startAgain();
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
    { timeout: 60_000, interval: 50 },
  );
});
