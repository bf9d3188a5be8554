import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { StatementDetailView } from '../../src/domain/billing/statement.ts';
import { verifyInvoices } from '../../src/server/services/billing/statements/verify-invoices.ts';
import { createStripeClient } from '../../src/server/services/stripe/client/client.ts';
import { StatementInvoices } from '../../src/server/services/stripe/invoices/statement-invoices.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, type Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { billed, draw, invoicesOf, stripeIsAway, subscriber } from '../support/statements.ts';

// Each command is a program to start.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

interface Billed {
  customer: Customer;
  bill: StatementDetailView;
  invoiceId: string;
}

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-at-stripe-'));
let app: TestApp;
let people: [whole: Billed, missing: Billed, twice: Billed, amount: Billed, hash: Billed];
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
  const all: Billed[] = [];
  for (let n = 0; n < 5; n += 1) {
    const customer = await subscriber(app);
    await draw(customer, 30);
    const bill = await billed(customer);
    all.push({ customer, bill, invoiceId: (await invoicesOf(customer))[0]!.id });
  }
  people = all as typeof people;
  await settled(app);
});
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const verify = (...words: string[]) =>
  runOperatorCommand('usage:verify', words, {
    ...{ DATA_DIR: folder, DATABASE_URL: app.database.url },
    ...{ STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  });
/** The same without a program; with how often it rested, which it does before each call. */
async function look() {
  const client = { secretKey: 'sk_test_squaretable', apiBase: new URL(app.stripeUrl) };
  const stripe = createStripeClient(client);
  const rest = vi.fn(() => Promise.resolve());
  const { asked, differences, unasked } = await verifyInvoices({
    db: app.server.context.database.db,
    invoices: new StatementInvoices({ stripe, environment: 'test' }),
    ...{ rest, progress: () => undefined },
  });
  const counts = { asked, differences: differences.length, unasked: unasked.length };
  return { ...counts, rests: rest.mock.calls.length };
}

/** What is changed at Stripe without anybody being told; the answer puts it back. */
function changed(invoiceId: string, change: object | null): () => void {
  const { kernel } = app.localStripe!;
  const before = kernel.run(({ store }) => {
    const there = store.find('invoice', invoiceId)!;
    if (change === null) store.remove('invoice', invoiceId);
    else store.put('invoice', { ...there, ...change });
    return there;
  });
  return () => void kernel.run(({ store }) => store.put('invoice', before));
}

test('12.15 that statements are as Stripe has them is told, and how far it is', async () => {
  const { code, said, complained } = await verify('--stripe');
  expect({ code, complained }).toEqual({
    ...{ code: 0, complained: 'Asking Stripe for the invoices of statements …\n5 of 5 teams\n' },
  });
  expect(said).toMatch(
    /^5 statements compared with Stripe\.\n1 month verified, 0 differences, 0 re/,
  );
  // Who does not ask for it asks Stripe nothing.
  await stripeIsAway(app, true);
  const without = await verify();
  await stripeIsAway(app, false);
  expect(without).toMatchObject({ code: 0, complained: '' });
  expect(without.said).not.toContain('Stripe');
});

test('12.15 what differs at Stripe is told, each by its sentence, and what to do', async () => {
  const [whole, missing, twice, amount, hash] = people;
  const back = [
    changed(missing.invoiceId, null),
    changed(amount.invoiceId, { total: 820 }),
    changed(hash.invoiceId, {
      metadata: { ...(await invoicesOf(hash.customer))[0]!.metadata, sha256: 'abc' },
    }),
  ];
  const { metadata } = (await invoicesOf(twice.customer))[0]!;
  const second = await twice.customer.atStripe<{ id: string }>('invoices', {
    customer: await twice.customer.customerId(),
    currency: 'cny',
    auto_advance: 'false',
    ...Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [`metadata[${name}]`, value]),
    ),
  });
  const { code, said } = await verify('--stripe');
  expect(code).toBe(1);
  const of = ({ customer, bill }: Billed) =>
    said.split('\n').filter((line) => line.startsWith(`${customer.tenantId} statement ${bill.id}`));
  expect(of(whole)).toEqual([]);
  expect(of(missing)).toEqual([
    expect.stringContaining(
      `: no invoice at Stripe bills it, ${missing.invoiceId} is due: npm run reconcile -- --tenant ${missing.customer.tenantId} `,
    ),
  ]);
  expect(of(twice)).toEqual([
    expect.stringContaining(
      `: at Stripe ${second.id}, ${twice.invoiceId} bill it, ${twice.invoiceId} is due: void the others`,
    ),
  ]);
  expect(of(amount)).toEqual([
    expect.stringContaining(
      `: its invoice is ${amount.invoiceId} 820 cny before tax, ought to be 720 cny: ask who changed`,
    ),
  ]);
  expect(of(hash)).toEqual([
    expect.stringContaining(
      `: its invoice names ${hash.invoiceId} ${hash.bill.id} abc, ought to name ${hash.bill.id} ${hash.bill.sha256}: where`,
    ),
  ]);
  expect(said).toContain('5 statements compared with Stripe.\n1 month verified, 4 differences, ');
  const json = JSON.parse((await verify('--stripe', '--json')).said) as Record<string, unknown>;
  expect(json).toMatchObject({ ok: false, asked: 5, unasked: [], statements: [] });
  expect(json['invoices']).toHaveLength(4);
  for (const one of back) one();
  await fetch(`${app.stripeUrl}/v1/invoices/${second.id}`, {
    ...{ method: 'DELETE', headers: { Authorization: 'Bearer sk_test_squaretable' } },
  });
  expect(await verify('--stripe')).toMatchObject({ code: 0 });
});

test('12.15 what could not be asked is told: it is not as if it were right', async () => {
  const [{ customer, bill }] = people;
  const invoicedTo = (id: string) =>
    app.database.pool.query(`update statements set stripe_customer_id = $1 where id = $2`, [
      ...[id, bill.id],
    ]);
  await invoicedTo('cus_of_another_account');
  const unknown = await verify('--stripe');
  expect(unknown.code).toBe(1);
  expect(unknown.said).toContain(
    `${customer.tenantId}: 1 statement not compared with Stripe, which does not know cus_of_another_account; is the key`,
  );
  expect(unknown.said).toContain('\n4 statements compared with Stripe.\n');
  await invoicedTo(await customer.customerId());
  await stripeIsAway(app, true);
  const away = await verify('--stripe');
  // After three without an answer nobody else is asked for.
  expect(await look()).toEqual({ asked: 0, differences: 0, unasked: 5, rests: 3 });
  await stripeIsAway(app, false);
  expect(away.code).toBe(1);
  expect(away.said).toMatch(
    /^5 statements of 5 customers not compared with Stripe, which does not answer: run it again later\.\n0 st/,
  );
  expect(await verify('--stripe')).toMatchObject({ code: 0 });
});

test('12.15 it rests before each call: one a customer, and one more a hundred invoices', async () => {
  expect(await look()).toEqual({ asked: 5, differences: 0, unasked: 0, rests: 5 });
  const [{ customer }] = people;
  const of = { customer: await customer.customerId(), currency: 'cny', auto_advance: 'false' };
  for (let n = 0; n < 100; n += 1) await customer.atStripe('invoices', of);
  // The invoice of the statement is older than these.
  expect(await look()).toEqual({ asked: 5, differences: 0, unasked: 0, rests: 6 });
});

test('12.15 without an account at Stripe that is said before anything is verified', async () => {
  const ended = await runOperatorCommand('usage:verify', ['--stripe'], {
    ...{ DATA_DIR: folder, DATABASE_URL: app.database.url, STRIPE_SECRET_KEY: 'nonsense' },
  });
  expect(ended).toMatchObject({ code: 3, said: '' });
});
