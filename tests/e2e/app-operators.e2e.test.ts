import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { grantOperator } from '../../src/server/services/operators/grants.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  PASSWORD,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  tabTo,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { addSecondFactor, codeOf } from '../support/operator.ts';
import { checkPage } from '../support/page-check.ts';

const { admin, auth, account, shell } = WORDS.en;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: SessionView;
let secret: string;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser, { width: 360 });
  context.setDefaultTimeout(10_000);
  const session = await signUp(app, context);
  const clock = { now: () => new Date() };
  const wish = { email: session.user.email, reason: 'of the tests', by: 'tests' };
  await grantOperator({ db: app.database.db, clock }, wish);
  const account = { email: wish.email, password: PASSWORD, accessToken: session.accessToken };
  secret = await addSecondFactor(app, account);
  customer = await signUp(app);
  await subscribe(app, customer, await priceOf(app, 'pro', 'month'));
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const heading = (name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();
const visit = async (name: keyof typeof admin.nav) => {
  await page.getByRole('link', { name: admin.nav[name], exact: true }).click();
  await heading(admin.nav[name]);
};
const fits = (name: string) =>
  inBoth(page, async (words) => {
    const language = words === WORDS.en ? 'en' : 'zh-CN';
    await checkPage(page, `admin-${name}`, { language, words: 'admin' });
  });

test('14 who is no operator finds nothing at /admin', async () => {
  const other = await newVisitor(browser);
  try {
    await signUp(app, other);
    const there = await other.newPage();
    await there.goto(`${app.url}/admin`);
    await there.getByRole('heading', { name: shell.notFound.title }).waitFor();
  } finally {
    await other.close();
  }
});

test('14 an operator signs in by keyboard, with a code and a reason', async () => {
  await page.goto(`${app.url}/admin/tenants`);
  await page.getByText(admin.signIn.lead).waitFor();
  await fits('door');
  await tabTo(page, account.password.current);
  await page.keyboard.type(PASSWORD);
  await tabTo(page, auth.factor.code);
  await page.keyboard.type('000000');
  await tabTo(page, admin.signIn.reason);
  await page.keyboard.type('TICKET-1');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(WORDS.en.errors.second_factor_required).waitFor();
  await page.getByLabel(auth.factor.code).fill(codeOf(secret, 1));
  await page.keyboard.press('Enter');
  await heading(admin.nav.tenants);
  await page.getByText(fill(admin.session, { reason: 'TICKET-1' })).waitFor();
});

test('14 a customer is found, seen and helped: what an act will do stands there before', async () => {
  await page.getByLabel(admin.tenants.search).fill(customer.user.email);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: customer.tenant.name }).waitFor();
  await fits('tenants');
  await page.getByRole('link', { name: customer.tenant.name }).click();
  await heading(customer.tenant.name);
  await page.getByRole('heading', { name: admin.tenant.timeline }).waitFor();
  await page.getByText('subscription.created').first().waitFor();
  await fits('tenant');
  await page.getByRole('button', { name: admin.acts.grant_credits }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(admin.fields.credits).fill('5');
  await dialog.getByLabel(admin.fields.days).fill('30');
  await dialog.getByLabel(admin.fields.ref).fill('TICKET-1');
  await dialog.getByRole('button', { name: admin.act.preview }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel(admin.act.reason).fill('an apology');
  await dialog.getByRole('button', { name: admin.act.preview }).click();
  await dialog.getByText(admin.act.would).waitFor();
  await checkPage(page, 'admin-act', { language: 'en', words: 'admin' });
  await dialog.getByRole('button', { name: admin.act.confirm }).click();
  await dialog.getByText(admin.act.did).waitFor();
  await dialog.getByRole('button', { name: admin.act.close, exact: true }).click();
  await page.getByText(fill(admin.tenant.balance, { count: 5 })).waitFor();
  await page.getByText('an apology').first().waitFor();
});

test('14 the business: each number by month, the list behind it, and that as a file', async () => {
  const { business } = admin;
  await visit('business');
  await page.getByRole('region', { name: fill(business.months, { currency: 'cny' }) }).waitFor();
  await page.getByText(fill(business.mrr, { amount: 'CN¥29' })).waitFor();
  await page.getByText(fill(business.trials, { running: 0, converted: 0, lost: 0 })).waitFor();
  await page.getByLabel(business.list).selectOption('paid');
  const [line] = await page.getByRole('listitem').filter({ hasText: customer.tenant.name }).all();
  await line!.getByText('CN¥29').waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: business.download }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('paid.csv');
  await fits('business');
});

test('14 events, alerts with what to do, health and the log, on a phone', async () => {
  await visit('events');
  await page.getByRole('button', { name: admin.events.payload }).first().click();
  await page.locator('pre').waitFor();
  await fits('events');
  await app.database.pool.query(
    `insert into alerts (id, kind, subject_id, message, raised_at, last_raised_at)
     values ($1, 'late_payment', 'in_1', 'of a test', now(), now())`,
    [randomUUID()],
  );
  await visit('alerts');
  await page.getByText(admin.alerts.help).click();
  await fits('alerts');
  const resolve = fill(admin.alerts.resolveOf, { kind: 'late_payment' });
  await page.getByRole('button', { name: resolve }).click();
  await page.getByRole('dialog').getByLabel(admin.act.reason).fill('looked into');
  await page.keyboard.press('Enter');
  await page
    .getByRole('status')
    .getByText(fill(admin.alerts.gone, { kind: 'late_payment' }))
    .waitFor();
  await visit('health');
  await page.getByText('stripe-event', { exact: true }).waitFor();
  await fits('health');
  await visit('log');
  await page.getByText('looked into').first().waitFor();
  await fits('log');
});

test('14 signing out ends it', async () => {
  await page.getByRole('button', { name: admin.signOut }).click();
  await page.getByText(admin.signIn.lead).waitFor();
  await page.reload();
  await page.getByText(admin.signIn.lead).waitFor();
  expect(await context.cookies(`${app.url}/api/admin`)).not.toContainEqual(
    expect.objectContaining({ name: 'squaretable_operator' }),
  );
});
