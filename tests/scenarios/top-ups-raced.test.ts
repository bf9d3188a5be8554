import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { AppProcess } from '../support/app-process.ts';
import { outOfPocket } from '../support/money-back.ts';
import { startTestServer } from '../support/server.ts';
import { openStripeProxy } from '../support/stripe-proxy.ts';
import { agree, agreed, becomesOne, bySelf, topUpOf, want } from '../support/top-ups.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

/** The product once more, in a process of its own, on the same database and Stripe. */
async function anotherProcess(): Promise<AppProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-top-ups-'));
  const one = await AppProcess.start({
    DATA_DIR: folder,
    DATABASE_URL: app.database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: app.stripeUrl,
    LOG_LEVEL: 'silent',
  });
  onTestFinished(async () => {
    await one.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await one.turnClock(app.server.context.clock.now());
  return one;
}

test('12.43 in a burst from several processes one is bought', async () => {
  const customer = await agreed(app);
  const processes = await Promise.all([1, 2].map(() => anotherProcess()));
  const all = () => Promise.all([want(app), want(app), ...processes.map((one) => one.runTasks())]);
  await all();
  await becomesOne(customer, 'granted');
  await all();
  expect(await bySelf(customer)).toHaveLength(1);
  expect(await outOfPocket(customer)).toBe(600);
  // The database says so too.
  await expect(
    app.database.pool.query(
      `insert into credit_purchases (tenant_id, trigger, pack_id, pack_version, state, credits,
         bonus, valid_days, amount_minor, currency, stripe_customer_id, stripe_price_id, locale,
         expires_at)
       select tenant_id, 'auto', pack_id, pack_version, 'wanted', credits, bonus, valid_days,
         amount_minor, currency, stripe_customer_id, stripe_price_id, locale, expires_at
       from credit_purchases, generate_series(1, 2) where tenant_id = $1`,
      [customer.tenantId],
    ),
  ).rejects.toMatchObject({ constraint: 'credit_purchases_one_top_up' });
});

test('12.5 who agrees anew while the task finds that the pack costs more has that agreement kept', async () => {
  const proxy = await openStripeProxy(app.stripeUrl);
  const late = await startTestServer({
    databaseUrl: app.database.url,
    clock: app.server.context.clock,
    env: { STRIPE_API_BASE: proxy.url.href, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  });
  onTestFinished(async () => {
    await late.stop();
    await proxy.close();
  });
  const customer = await agreed(app);
  // As if it had cost less then.
  await app.database.pool.query('update auto_top_ups set amount_minor = 500 where tenant_id = $1', [
    customer.tenantId,
  ]);
  const isAsking = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  proxy.answersAfter = ({ path }) => {
    if (!path.startsWith('/v1/prices')) return undefined;
    isAsking.resolve();
    return goesOn.promise;
  };
  const task = late.context.services.limits.beginTopUps();
  await isAsking.promise;
  expect(await agree(customer)).toMatchObject({ status: 200 });
  goesOn.resolve();
  await task;
  expect(await topUpOf(customer)).toMatchObject({ enabled: true, paused: null });
});
