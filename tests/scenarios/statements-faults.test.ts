import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { formatMonth, periodOf, type Period } from '../../src/domain/period.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { AppProcess } from '../support/app-process.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { agreeToOverage, overageOf, plantOverage } from '../support/overage.ts';
import { draw, failing, invoicesOf, list, service, subscriber } from '../support/statements.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { addFault, setChaos } from '../support/stripe-chaos.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Every fault at every call, and a kill at each of three, when it is 1; else one at each call, and one kill. */
const ALL = Number(process.env.STATEMENT_FAULTS_RUNS ?? 0) > 0;
/** Of three people's statements: so many are at a call that hangs when the process is killed. */
const KILLS = ALL ? 3 : 1;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TIMEOUT_SECONDS: '3' });
});
afterAll(async () => app?.stop());

const FAULTS = [
  { name: 'fails before', status: 500, when: 'before' },
  { name: 'fails after it took effect', status: 500, when: 'after' },
  { name: 'hangs before', status: 'hang', when: 'before' },
  { name: 'hangs after it took effect', status: 'hang', when: 'after' },
] as const;
type Fault = (typeof FAULTS)[number];

/** What invoicing one statement asks, in order. */
const CALLS = [
  'GET /v1/invoices',
  'GET /v1/subscriptions',
  'POST /v1/invoices',
  'GET /v1/invoiceitems',
  'POST /v1/invoiceitems',
  'GET /v1/invoices/:id',
  'POST /v1/invoices/:id/finalize',
  'GET /v1/invoices/:id',
];
const CASES = CALLS.flatMap((call, at) =>
  FAULTS.filter((_, n) => ALL || n === (at + 1) % FAULTS.length).map((fault) => ({
    call,
    at,
    fault,
  })),
);

const kernel = () => app.localStripe!.kernel;

async function aim(customer: Customer, at: number, { status, when }: Fault): Promise<void> {
  const id = await customer.customerId();
  addFault(app.localStripe!, {
    ...{ nth: at + 1, status, when, match: { customer: id } },
    ...(typeof status === 'number' ? { shouldRetry: false } : {}),
  });
}

/** As the task does every minute, until nothing is due of it any more. */
async function carriedOn(customer: Customer): Promise<void> {
  await vi.waitFor(
    async () => {
      await app.database.pool.query(
        `update statements set look_at = closed_at where tenant_id = $1`,
        [customer.tenantId],
      );
      await service(customer).sweep();
      expect(await list(customer)).toMatchObject([{ state: 'open' }]);
    },
    { timeout: 60_000, interval: 50 },
  );
}

test('12.15 12.17 12.18 12.19 12.20 each call to Stripe of a statement may fail, and there is one invoice', async () => {
  const queue = [...CASES];
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { call, at, fault } = one;
      const customer = await subscriber(app);
      await draw(customer, 30);
      const id = await customer.customerId();
      const from = kernel().calls.last;
      await aim(customer, at, fault);
      await service(customer).close(customer.tenantId, { kind: 'threshold' });
      await carriedOn(customer);
      const what = `${call} ${fault.name}`;
      const made = kernel()
        .calls.since(from, 10_000)
        .filter((known) => known.customer === id);
      expect(
        made.some((known) => known.fault !== null),
        `${what} was not met`,
      ).toBe(true);
      expect(await invoicesOf(customer), what).toMatchObject([{ status: 'open', total: 720 }]);
      const account = await overageOf(app.database.pool, customer.tenantId);
      expect([...account.bills.values()], what).toEqual([[60_000_000, 'billed']]);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
});

test('12.15 12.27 killed while it makes and finalizes invoices: afterwards each statement has one', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-statements-'));
  const database = await createTestDatabase({ max: 2 });
  const stripe = await startLocalStripe({ port: 0 });
  const process = await AppProcess.start({
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    LOG_LEVEL: 'silent',
    TRIAL_DAYS: '0',
    STRIPE_TIMEOUT_SECONDS: '3',
  });
  try {
    const product = {
      ...{ url: process.url, stripeUrl: stripe.url, database, localStripe: stripe },
    } as unknown as TestApp;
    const people = await Promise.all(Array.from({ length: 3 }, () => signUp(product)));
    const rules: object[] = [];
    for (const [n, customer] of people.entries()) {
      await customer.pay(await customer.checkout('pro', 'month'), '4242424242424242');
      await process.reconcile();
      await customer.sync();
      await agreeToOverage(database, customer.tenantId, { at: new Date() });
      // 2,100 messages are 210 credits at 12 fen: more than half of ¥50.
      await plantOverage(database.pool, customer.tenantId, 2_100, new Date());
      const [method, wanted, when] = [
        ['POST', '/v1/invoices', 'after'],
        ['POST', '/v1/invoices', 'before'],
        ['POST', '/v1/invoices/:id/finalize', 'after'],
      ][n] as [string, string, string];
      const match = { method, path: wanted, customer: await customer.customerId() };
      rules.push({ status: 'hang', when, match });
    }
    setChaos(stripe, { failNext: rules.slice(0, KILLS) });
    // The periodic tasks close and invoice one after the other; a kill at each that hangs.
    for (let kills = 1; kills <= KILLS; kills += 1) {
      const from = stripe.kernel.calls.last;
      const tasks = process.runTasks().catch(() => undefined);
      await vi.waitFor(
        () => {
          const met = stripe.kernel.calls.since(from, 10_000).filter(({ fault }) => fault !== null);
          expect(met.length).toBeGreaterThan(0);
        },
        { timeout: 60_000, interval: 20 },
      );
      await process.kill();
      await tasks;
      await database.pool.query(`update statements set look_at = closed_at`);
      await process.startAgain();
    }
    await vi.waitFor(
      async () => {
        await process.runTasks();
        for (const customer of people) {
          const [statement, ...more] = await list(customer);
          expect([statement?.state, more.length]).toEqual(['open', 0]);
          const invoices = await invoicesOf(customer);
          expect(invoices).toMatchObject([{ status: 'open', total: 2_520 }]);
        }
      },
      { timeout: 60_000, interval: 500 },
    );
  } finally {
    await process.kill();
    await stripe.close();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test.each([
  ['zh-CN', 'en', (month: Period) => `${formatMonth(month, 'zh-CN')}超额用量：图片，60 点数`],
  ['en', 'zh-CN', (month: Period) => `Overage of ${formatMonth(month, 'en')}: images, 60 credits`],
])(
  '12 a line is in the language of its closing, %s, whatever is read since',
  async (first, then, words) => {
    const line = await repeated(first, then);
    expect(line).toBe(words(periodOf(app.server.context.clock.now())));
  },
);

/** How a line stands on its invoice, whose first sending failed, and whose reader changed the language since. */
async function repeated(first: string, then: string): Promise<string | undefined> {
  const customer = await subscriber(app);
  const read = (locale: string) =>
    app.database.pool.query(
      `update users set locale = $2 where id in (select user_id from memberships where tenant_id = $1)`,
      [customer.tenantId, locale],
    );
  await read(first);
  await draw(customer, 30);
  await failing(customer, 'POST', '/v1/invoiceitems', 'before');
  await service(customer).close(customer.tenantId, { kind: 'threshold' });
  const from = kernel().calls.last;
  await service(customer).sweep();
  await read(then);
  await carriedOn(customer);
  const id = await customer.customerId();
  const sent = kernel()
    .calls.since(from, 10_000)
    .filter(({ customer: of, endpoint }) => of === id && endpoint === 'POST /v1/invoiceitems');
  // Other words under the same key would be refused.
  expect(sent.map(({ status }) => status)).toEqual([500, 200]);
  expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  const { data } = await customer.atStripe<{ data: { description: string }[] }>(
    `invoiceitems?customer=${id}`,
  );
  expect(data).toHaveLength(1);
  return data[0]?.description;
}
