import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe } from 'local-stripe';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { AppProcess } from '../support/app-process.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { outOfPocket } from '../support/money-back.ts';
import {
  balance,
  bought,
  buy,
  openPack,
  openUnheard,
  payPack,
  purchases,
  sessionOf,
} from '../support/packs.ts';
import { addFault, setChaos } from '../support/stripe-chaos.ts';
import { agreeWith, want } from '../support/top-ups.ts';
import { createTestDatabase } from '../support/test-database.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Every fault at every call when it is 1; else one fault at each call, each in its turn. */
const ALL = Number(process.env.PACK_FAULTS_RUNS ?? 0) > 0;
const LANES = 4;

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
  { name: 'is limited', status: 429, when: 'before' },
] as const;
type Fault = (typeof FAULTS)[number];

/** How somebody is brought to where the verb is tried, the verb, and what must be so in the end. */
interface Verb {
  name: string;
  /** The calls that it makes when all goes well; the test counts them. */
  calls: number;
  /** Those that the suite tries, where it tries not all. */
  lean?: readonly number[];
  before(customer: Customer): Promise<string>;
  ask(customer: Customer, known: string): Promise<{ status: number }>;
  end(customer: Customer): Promise<void>;
}

/** Asks again while Stripe is away: a busy machine may take longer than a call is given. */
async function patiently<A extends { status: number }>(call: () => Promise<A>): Promise<A> {
  for (let tries = 0; ; tries += 1) {
    const answer = await call();
    if (answer.status !== 503 || tries === 10) return answer;
  }
}

const onlyPurchase = async (customer: Customer) => (await purchases(customer))[0]!;

const VERBS: Verb[] = [
  {
    name: 'buying',
    calls: 4,
    before: async (customer) => {
      // The customer is there already, so that its calls can be told from others'.
      const session = await openPack(customer, 'large');
      const { id } = await onlyPurchase(customer);
      await customer.api.post(`/api/credits/purchases/${id}/cancel`);
      return session;
    },
    ask: (customer) => buy(customer, 'small'),
    end: async (customer) => {
      const again = await patiently(() => buy(customer, 'small'));
      expect(again, JSON.stringify(again.body)).toMatchObject({ status: 200 });
      // Only one session can be paid, and it is the one that is told.
      const { data } = await customer.atStripe<{ data: { id: string }[] }>(
        `checkout/sessions?customer=${await customer.customerId()}&status=open`,
      );
      const told = sessionOf(again.body.checkoutUrl);
      expect(data.map(({ id }) => id)).toContain(told);
      await payPack(customer, told);
      await vi.waitFor(async () => expect(await balance(customer)).toBe(60), {
        timeout: 60_000,
        interval: 100,
      });
      expect(await outOfPocket(customer)).toBe(600);
    },
  },
  {
    name: 'coming back from paying',
    calls: 2,
    before: async (customer) => {
      // Nobody hears of it but by looking.
      const session = await openUnheard(customer, 'small');
      const { id } = await onlyPurchase(customer);
      await payPack(customer, session);
      return id;
    },
    ask: (customer, id) => customer.api.post(`/api/credits/purchases/${id}/sync`),
    end: async (customer) => {
      await app.server.context.services.purchases.sweep();
      const { id } = await onlyPurchase(customer);
      await patiently(() => customer.api.post(`/api/credits/purchases/${id}/sync`));
      expect(await balance(customer)).toBe(60);
      expect(await outOfPocket(customer)).toBe(600);
    },
  },
  {
    name: 'giving back',
    calls: 7,
    before: async (customer) => {
      const session = await openPack(customer, 'small');
      await payPack(customer, session);
      const { id } = await onlyPurchase(customer);
      await patiently(() => customer.api.post(`/api/credits/purchases/${id}/sync`));
      expect(await balance(customer)).toBe(60);
      return id;
    },
    ask: (customer, id) => customer.api.post(`/api/credits/purchases/${id}/refund`),
    end: async (customer) => {
      const { id } = await onlyPurchase(customer);
      await patiently(() => customer.api.post(`/api/credits/purchases/${id}/sync`));
      const again = await patiently(() => customer.api.post(`/api/credits/purchases/${id}/refund`));
      expect([200, 409], JSON.stringify(again.body)).toContain(again.status);
      expect(await onlyPurchase(customer)).toMatchObject({ state: 'refunded' });
      expect(await balance(customer)).toBe(0);
      expect(await outOfPocket(customer)).toBe(0);
    },
  },
  {
    name: 'topping up by itself',
    calls: 14,
    // The invoice, its line, made final, charged, and the look after it.
    lean: [4, 6, 8, 10, 11],
    before: async (customer) => {
      await agreeWith(customer);
      setChaos(app.localStripe!, { drop: 1 });
      return '';
    },
    ask: async (customer) => {
      await want(app);
      const { id } = await onlyPurchase(customer);
      return customer.api.post(`/api/credits/purchases/${id}/sync`);
    },
    end: async (customer) => {
      const { id } = await onlyPurchase(customer);
      await vi.waitFor(
        async () => {
          await patiently(() => customer.api.post(`/api/credits/purchases/${id}/sync`));
          expect(await onlyPurchase(customer)).toMatchObject({ id, state: 'granted' });
        },
        { timeout: 60_000, interval: 200 },
      );
      await want(app);
      expect(await balance(customer)).toBe(60);
      expect(await outOfPocket(customer)).toBe(600);
    },
  },
];

const triedOf = ({ calls, lean }: Verb) =>
  Array.from({ length: calls }, (_, at) => at).filter(
    (at) => ALL || !lean || lean.includes(at + 1),
  );

const CASES = VERBS.flatMap((verb) =>
  triedOf(verb).flatMap((at) =>
    FAULTS.filter((_, n) => ALL || n === at % FAULTS.length).map((fault) => ({
      ...{ verb, fault, call: at + 1 },
    })),
  ),
);

async function aim(customer: Customer, { fault, call }: { fault: Fault; call: number }) {
  const id = await customer.customerId();
  const { status, when } = fault;
  addFault(app.localStripe!, {
    ...{ nth: call, status, when, repeats: 1, match: { customer: id } },
    ...(typeof status === 'number' ? { shouldRetry: false } : {}),
  });
}

async function inLanes<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

describe('12.3 every call to Stripe of a pack may fail, and comes out right', () => {
  test.each(VERBS.map((verb) => [verb.name, verb] as const))('%s', async (_name, verb) => {
    await inLanes(
      CASES.filter((one) => one.verb === verb),
      async (one) => {
        const customer = await signUp(app);
        const known = await verb.before(customer);
        const from = app.localStripe!.kernel.calls.last;
        await aim(customer, one);
        const told = await verb.ask(customer, known);
        const what = `${verb.name}: call ${one.call} ${one.fault.name}`;
        expect(told.status, `${what}: ${JSON.stringify(told)}`).not.toBe(500);
        const id = await customer.customerId();
        const { calls } = app.localStripe!.kernel;
        const made = calls.since(from, 10_000).filter((call) => call.customer === id);
        expect(
          made.some(({ fault }) => fault !== null),
          `${what} was not met`,
        ).toBe(true);
        await verb.end(customer);
      },
    );
  });
});

test('12.44 the money is there and granting fails: it is granted later, and charged once', async () => {
  const customer = await signUp(app);
  const { pool } = app.database;
  const { rows } = await pool.query<{ bucket: string }>(
    'select bucket_schema(usage_bucket) as bucket from tenants where id = $1',
    [customer.tenantId],
  );
  const { bucket } = rows[0]!;
  await pool.query(`alter table ${bucket}.credit_grants add constraint not_now
    check (tenant_id <> '${customer.tenantId}') not valid`);
  await payPack(customer, await openPack(customer, 'small'));
  const { id } = await onlyPurchase(customer);
  await customer.api.post(`/api/credits/purchases/${id}/sync`);
  expect(await onlyPurchase(customer)).toMatchObject({ state: 'paid' });
  expect(await balance(customer)).toBe(0);
  await pool.query(`alter table ${bucket}.credit_grants drop constraint not_now`);
  await app.server.context.services.purchases.sweep();
  await customer.api.post(`/api/credits/purchases/${id}/sync`);
  expect(await onlyPurchase(customer)).toMatchObject({ state: 'granted' });
  expect(await balance(customer)).toBe(60);
  expect(await outOfPocket(customer)).toBe(600);
});

test('12.3 killed while it buys, looks, gives back and tops up: afterwards everybody has what they paid for, once', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-packs-'));
  const database = await createTestDatabase({ max: 2 });
  const stripe = await startLocalStripe({ port: 0 });
  const process = await AppProcess.start({
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    LOG_LEVEL: 'silent',
  });
  try {
    const product = {
      ...{ url: process.url, stripeUrl: stripe.url, database, localStripe: stripe },
    } as unknown as TestApp;
    const people = await Promise.all(Array.from({ length: 4 }, () => signUp(product)));
    const [buyer, payer, giver, topper] = people as [Customer, Customer, Customer, Customer];
    await agreeWith(topper);
    const first = await openPack(buyer, 'large');
    await buyer.api.post(`/api/credits/purchases/${(await onlyPurchase(buyer)).id}/cancel`);
    expect(first).toBeTruthy();
    const given = await bought(giver, 'small');
    const session = await openPack(payer, 'small');
    const hang = async (customer: Customer, method: string, pattern: string, when: string) => ({
      ...{ status: 'hang', when, match: { method, path: pattern } },
      ...{ customer: await customer.customerId() },
    });
    const rules = [
      await hang(buyer, 'POST', '/v1/checkout/sessions', 'after'),
      await hang(payer, 'GET', '/v1/refunds', 'before'),
      await hang(giver, 'POST', '/v1/refunds', 'after'),
      await hang(topper, 'POST', '/v1/invoices/:id/pay', 'after'),
    ].map(({ customer, match, ...rule }) => ({ ...rule, match: { ...match, customer } }));
    setChaos(stripe, { drop: 1, failNext: rules });
    // From before the payment: a look that the opening ordered may be the one that hangs.
    const from = stripe.kernel.calls.last;
    await payPack(payer, session);
    const { id } = await onlyPurchase(payer);
    const asked = [
      buy(buyer, 'small'),
      payer.api.post(`/api/credits/purchases/${id}/sync`),
      giver.api.post(`/api/credits/purchases/${given.id}/refund`),
      process.runTasks(),
    ].map((one: Promise<unknown>) => one.catch(() => undefined));
    await vi.waitFor(
      () => {
        const met = stripe.kernel.calls.since(from, 10_000).filter(({ fault }) => fault !== null);
        expect(met).toHaveLength(4);
      },
      { timeout: 30_000, interval: 5 },
    );
    await process.kill();
    await Promise.all(asked);
    setChaos(stripe, { failNext: [] });
    await process.startAgain();
    const again = await buy(buyer, 'small');
    expect(again, JSON.stringify(again.body)).toMatchObject({ status: 200 });
    await payPack(buyer, sessionOf(again.body.checkoutUrl));
    await process.reconcile();
    await process.runTasks();
    await vi.waitFor(
      async () => {
        expect(await balance(buyer)).toBe(60);
        expect(await balance(payer)).toBe(60);
        expect(await balance(giver)).toBe(0);
        expect(await onlyPurchase(giver)).toMatchObject({ state: 'refunded' });
        expect(await balance(topper)).toBe(60);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(await Promise.all(people.map(outOfPocket))).toEqual([600, 600, 0, 600]);
  } finally {
    await process.kill();
    await stripe.close();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
