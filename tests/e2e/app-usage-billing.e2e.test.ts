import { readFile } from 'node:fs/promises';
import type { Browser, Response } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import { creditPrice } from '../../src/client/subscription/overage.ts';
import type { MonthCostView } from '../../src/domain/billing/payment-view.ts';
import { nextPeriod, periodOf, periodStart } from '../../src/domain/period.ts';
import { verifyProof } from '../../src/server/services/billing/statements/verify-proof.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  priceOf,
  recordUsage,
  signUp,
  startAppWithPages,
  subscribe,
  WORDS,
} from '../support/app-visitor.ts';
import { fill } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { advanceDays, advanceTo, Customer, FAILING_CARD } from '../support/customer.ts';
import { checkPage } from '../support/page-check.ts';
import { bought } from '../support/packs.ts';
import { done, service } from '../support/statements.ts';

vi.setConfig({ testTimeout: 240_000 });

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages({ TRIAL_DAYS: '0' }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const CAP_MINOR = 4_200;
/** 210 credits of it, which are more than half of what may be unpaid at first. */
const THRESHOLD_MINOR = 2_520;
const LEFT_MINOR = CAP_MINOR - THRESHOLD_MINOR;
const f = createFormats('zh-CN');
const yuan = (amountMinor: number) => f.money({ amountMinor, currency: 'cny' });
const words = WORDS['zh-CN'];
const monthAfter = () => periodStart(nextPeriod(periodOf(app.server.context.clock.now())));
const later = (from: Date, hours: number) =>
  advanceTo(app, new Date(from.getTime() + hours * 3_600_000).toISOString());

test('12 on a phone, in Chinese: a pack, overage up to its cap, a statement that fails, and on again', async () => {
  await later(monthAfter(), 60);
  const context = await newVisitor(browser, { language: 'zh-CN', theme: 'dark', width: 375 });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  const session = await signUp(app, context);
  const customer = new Customer(app, session);
  const tenantId = session.tenant.id;
  await subscribe(app, session, await priceOf(app, 'pro', 'month'));
  const check = (name: string, part: string) =>
    checkPage(page, name, { language: 'zh-CN', words: part });
  const paywall = page.getByRole('dialog');
  const say = async () => {
    await page.goto(`${app.url}/chat`);
    await page.locator('textarea').fill('你好');
    await page.locator('textarea').press('Enter');
  };
  const refused = async () => {
    await say();
    const resource = words.paywall.quota.resources.messages;
    await page
      .getByRole('dialog', { name: fill(words.paywall.quota.title, { resource }) })
      .waitFor();
  };
  const answered = async () => {
    const isChat = (response: Response) => new URL(response.url()).pathname === '/api/chat';
    const [response] = await Promise.all([page.waitForResponse(isChat), say()]);
    expect(response.status()).toBe(200);
    await page.locator('[role=log][aria-busy=false] .turn--character').last().waitFor();
    await expect.poll(() => paywall.count()).toBe(0);
  };

  const badge = (tone: 'brass' | 'danger', text: string) =>
    page.locator(`.head .badge--${tone}`, { hasText: text }).waitFor();

  // The quota is gone: a pack is offered before a higher plan.
  await recordUsage(app, tenantId, 'messages', 10_000);
  await refused();
  const first = async () => (await paywall.locator('.offer button').allInnerTexts())[0];
  await expect.poll(first).toBe(words.credits.buy);
  await badge('danger', words.chat.remaining.split(' | ')[0]!);
  await check('story-quota', 'credits');
  await paywall.getByRole('button', { name: words.credits.buy }).click();
  await paywall.getByText(fill(words.credits.pay.pack, { count: '60' })).click();
  await paywall.getByRole('button', { name: words.credits.pay.submit }).click();
  await page.waitForURL(/\/c\/pay\//);
  await page.getByRole('button', { name: '使用支付宝支付' }).click();
  await page.getByRole('button', { name: '授权付款' }).click();
  await page.waitForURL(/\/checkout\/return/);
  await page
    .getByRole('heading', { name: fill(words.credits.back.granted, { count: '60' }) })
    .waitFor();
  await answered();
  await badge('brass', words.chat.paidFrom.credits);
  await check('story-credits', 'chat');

  // Used up: overage is agreed to, at a price and up to a cap.
  await recordUsage(app, tenantId, 'messages', 599);
  await refused();
  await page.goto(`${app.url}/subscription#limits`);
  const limits = page.locator('#limits');
  await limits.scrollIntoViewIfNeeded();
  await limits.getByRole('button', { name: words.limits.switchOn }).click();
  const price = creditPrice({ currency: 'cny', minorPerCredit: '12' }, 'zh-CN');
  await paywall.getByRole('textbox').fill('42');
  await paywall
    .getByLabel(fill(words.limits.form.consent, { price, cap: yuan(CAP_MINOR) }))
    .check();
  await check('story-consent', 'limits');
  await paywall.getByRole('button', { name: words.limits.form.submit }).click();
  await limits.getByText(words.limits.agreed).waitFor();
  await answered();
  await badge('brass', words.chat.paidFrom.overage);
  await page.goto(`${app.url}/subscription#credits`);
  await page.getByRole('button', { name: words.credits.history }).click();
  const rows = page.getByRole('dialog').locator('tbody tr');
  await rows.filter({ hasText: words.credits.moves.credits }).first().waitFor();
  // Credits pay all that there are, overage the rest; of what is left that is nothing.
  const beyond = rows.filter({ hasText: words.credits.moves.overage.split('{count}')[0]! }).first();
  await expect.poll(() => beyond.locator('.change').innerText()).toBe('0');
  await check('story-history', 'credits');

  // In the middle of the month half of what may be unpaid is used: it is billed in part, and paid.
  await recordUsage(app, tenantId, 'messages', 2_099);
  await service({ app }).closeDue();
  await service({ app }).sweep();
  const statements = page.getByRole('dialog', { name: words.statements.title });
  const shown = async () => {
    await page.goto(`${app.url}/login`);
    await page.goto(`${app.url}/subscription#statements`);
    await statements.waitFor();
  };
  await shown();
  await statements.getByText(yuan(THRESHOLD_MINOR)).waitFor();
  const closedOn = () => f.date(app.server.context.clock.now().toISOString());
  await statements.getByText(fill(words.statements.closedInPart, { date: closedOn() })).waitFor();
  await check('story-threshold', 'statements');
  await advanceDays(app, 1 / 24);
  await done(customer);
  await shown();
  await statements.getByText(words.statements.state.paid).waitFor();
  await answered();

  // The cap is reached, to the fen: what to do is said.
  await recordUsage(app, tenantId, 'messages', 1_399);
  await refused();
  const refusal = { used: yuan(CAP_MINOR), cap: yuan(CAP_MINOR) };
  await paywall.getByText(fill(words.limits.refused.cap.text, refusal)).waitFor();
  await paywall.getByRole('link', { name: words.limits.refused.cap.act }).waitFor();
  await check('story-cap', 'limits');

  // What the month costs so far stands with the plan, and adds up.
  const { body: month } = await customer.api.get<MonthCostView>('/api/subscription/month');
  expect(month.costs).toMatchObject([{ overageMinor: CAP_MINOR }]);
  const { planMinor, packsMinor, totalMinor } = month.costs[0]!;
  expect(totalMinor).toBe(planMinor + CAP_MINOR + packsMinor);
  await page.goto(`${app.url}/subscription`);
  for (const minor of [planMinor, CAP_MINOR, packsMinor, totalMinor]) {
    await page.locator('.month').getByText(yuan(minor), { exact: true }).waitFor();
  }

  // The month ends: a statement with its lines and its proof.
  const billedMonth = f.month(periodOf(app.server.context.clock.now()));
  await customer.useCard(FAILING_CARD);
  await later(monthAfter(), 26);
  await service({ app }).closeDue();
  await service({ app }).sweep();
  const period = fill(words.statements.named, { period: billedMonth, date: closedOn() });
  await shown();
  await statements.getByText(yuan(LEFT_MINOR)).first().waitFor();
  await statements
    .getByRole('button', { name: fill(words.statements.linesOf, { period }) })
    .click();
  await statements.getByText(words.statements.hash.split('{')[0]!).waitFor();
  await check('story-statement', 'statements');
  const waiting = page.waitForEvent('download');
  await statements
    .getByRole('button', { name: fill(words.statements.proofOf, { period }) })
    .click();
  const file = await readFile(await (await waiting).path(), 'utf8');
  const head = { amountMinor: String(LEFT_MINOR) };
  expect(verifyProof(file)).toMatchObject({ findings: [], head });
  // Another character of its last row, and it is not what was invoiced.
  const at = file.trimEnd().length - 1;
  const altered = file.slice(0, at) + (file[at] === '1' ? '2' : '1') + file.slice(at + 1);
  expect(verifyProof(altered).findings).not.toEqual([]);

  // Its payment fails: overage alone rests.
  await advanceDays(app, 1 / 24);
  await done(customer);
  await page.goto(`${app.url}/login`);
  await page.goto(`${app.url}/subscription#limits`);
  await limits.scrollIntoViewIfNeeded();
  await limits.getByText(words.limits.state.suspended).waitFor();
  await check('story-suspended', 'limits');
  const banner = page.locator('[aria-labelledby=unpaid-statement-title]');
  const due = fill(words.shell.pastDue.amount, { amount: yuan(LEFT_MINOR) });
  await banner.getByText(due).waitFor();
  await answered();
  await recordUsage(app, tenantId, 'messages', 9_999);
  await refused();
  await paywall.getByText(words.limits.refused.unpaid.text).waitFor();
  await check('story-unpaid', 'limits');
  // Credits go on all the same.
  await bought(customer, 'small');
  await answered();
  await recordUsage(app, tenantId, 'messages', 300);
  await recordUsage(app, tenantId, 'messages', 299);
  await refused();

  // It is paid on its page, and overage goes on.
  await paywall.getByRole('link', { name: words.limits.refused.unpaid.act }).click();
  await statements.getByText(words.statements.failed).waitFor();
  await statements.getByRole('link', { name: fill(words.statements.payOf, { period }) }).click();
  await page.waitForURL(/\/i\//);
  await page.getByLabel('卡号').fill('4242424242424242');
  await page.getByLabel('有效期').fill('12 / 49');
  await page.getByLabel(/CVC|安全码/).fill('123');
  await page.getByRole('button', { name: /^支付 / }).click();
  await page.getByText('已付款', { exact: true }).first().waitFor();
  await done(customer);
  await page.goto(`${app.url}/subscription#limits`);
  await limits.scrollIntoViewIfNeeded();
  await limits.getByText(fill(words.limits.state.on, { price })).waitFor();
  await banner.waitFor({ state: 'detached' });
  await answered();
  expect(errors).toEqual([]);
  await context.close();
});
