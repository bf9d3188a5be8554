import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import type { TestApp } from '../support/app.ts';
import {
  answerOf,
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { launchBrowser } from '../support/browser.ts';
import { checkPage } from '../support/page-check.ts';
import { fill } from '../support/both-languages.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const check = (page: Page, name: string, language: Language) =>
  checkPage(page, name, { language, words: 'credits' });

test.each([
  ['en', 'light', 1280, 'usd', 'Pay with Alipay', 'Authorize payment'],
  ['zh-CN', 'dark', 375, 'cny', '使用支付宝支付', '授权付款'],
] as const)(
  '12.3 in %s (%s, %i px) a pack is bought by Alipay, seen in the history, and given back',
  async (language, theme, width, currency, payByWallet, authorize) => {
    const words = WORDS[language].credits;
    const f = createFormats(language);
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await signUp(app, context);
    await page.goto(`${app.url}/subscription`);
    const card = page.locator('#credits');
    await card.getByText(words.none).waitFor();
    await check(page, 'card-empty', language);

    await card.getByRole('button', { name: words.buy }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(fill(words.pay.pack, { count: '330' })).click();
    const price = f.money({ amountMinor: currency === 'usd' ? 499 : 3_000, currency });
    await dialog.locator('strong.amount', { hasText: price }).waitFor();
    await check(page, 'dialog', language);
    await dialog.getByRole('button', { name: words.pay.submit }).click();

    await page.waitForURL(/\/c\/pay\//);
    const email = page.getByLabel(/^(Email|邮箱|电子邮箱)$/);
    if (await email.count()) await email.fill('wu@example.com');
    await page.getByRole('button', { name: payByWallet }).click();
    await page.getByRole('button', { name: authorize }).click();
    await page.waitForURL(/\/checkout\/return/);
    const welcome = fill(words.back.granted, { count: '330' });
    await page.getByRole('heading', { name: welcome }).waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe('');
    await check(page, 'return', language);
    await page.getByRole('button', { name: words.back.toCredits }).click();
    await card.locator('.balance', { hasText: '330' }).waitFor();
    await check(page, 'card', language);

    await card.getByRole('button', { name: words.history }).click();
    await page.getByRole('dialog').getByText('+330').waitFor();
    await check(page, 'history', language);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await card.getByRole('button', { name: words.purchases }).click();
    const [before] = words.refund.buttonOf.split('{');
    await page
      .getByRole('button', { name: before!.trim() === '' ? words.refund.button : before!.trim() })
      .first()
      .click();
    const question = page.getByRole('dialog', { name: words.refund.title });
    // What goes back is said before it is agreed to: all of it, of which nothing was used.
    const [lead] = words.refund.text.split('{amount}');
    await question.getByText(fill(lead!, { back: price })).waitFor();
    await check(page, 'refund', language);
    await question.getByRole('button', { name: words.refund.button, exact: true }).click();
    await page.getByText(fill(words.refund.done, { amount: price, count: '330' })).waitFor();
    await page.keyboard.press('Escape');
    // A wallet takes its time: until then the credits are there, and cannot be used.
    const frozen = fill(words.grant.frozen, { left: '330', amount: '330' });
    await card.getByText(frozen).waitFor();
    await check(page, 'frozen', language);
    expect(errors).toEqual([]);
    await context.close();
  },
);

test.each(['en', 'zh-CN'] as const)(
  '12.3 in %s the history says on a phone what use was paid with, and nothing of it is cut off',
  async (language) => {
    const words = WORDS[language].credits;
    const context = await newVisitor(browser, { language, width: 360 });
    const page = await context.newPage();
    await signUp(app, context);
    const use = { resourceType: 'messages', rateMicro: 100_000, reverses: null };
    const at = '2031-11-28T11:18:00.000Z';
    const grantId = '00000000-0000-4000-8000-000000000001';
    const movements = [
      { ...use, kind: 'overage', grantId: null, units: 12_345, micro: -1_234_500_000, balance: 0 },
      { ...use, kind: 'grant', grantId, units: 20_000, micro: -2_000_000_000, balance: 0 },
    ].map((one, n) => ({ ...one, seq: 2 - n, at }));
    await page.route('**/api/credits/history', (route) =>
      route.fulfill({ json: { movements, nextCursor: null } }),
    );
    await page.goto(`${app.url}/subscription`);
    await page.locator('#credits').getByRole('button', { name: words.history }).click();
    const dialog = page.getByRole('dialog');
    const beyond = dialog.getByText(fill(words.moves.overage, { count: '1,234.5' }));
    await beyond.waitFor();
    const cells = (row: number) => dialog.locator('tbody tr').nth(row).locator('.change');
    expect([await cells(0).innerText(), await cells(1).innerText()]).toEqual(['0', '-2,000']);
    await dialog.getByText(words.moves.credits).waitFor();
    const isWhole = await dialog
      .locator('.el-dialog__body')
      .evaluate((body) => body.scrollWidth <= body.clientWidth);
    expect(isWhole).toBe(true);
    await check(page, 'history-phone', language);
    await context.close();
  },
);

test('12.34 another purchase that is open is told in the dialog, and can be given up there', async () => {
  const words = WORDS.en.credits;
  const context = await newVisitor(browser);
  const page = await context.newPage();
  await signUp(app, context);
  await page.goto(`${app.url}/subscription`);
  const card = page.locator('#credits');
  const choose = async (count: string) => {
    await card.getByRole('button', { name: words.buy }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(fill(words.pay.pack, { count })).click();
    await dialog.getByRole('button', { name: words.pay.submit }).click();
    return dialog;
  };
  await choose('60');
  await page.waitForURL(/\/c\/pay\//);
  await page.goto(`${app.url}/subscription`);
  const dialog = await choose('800');
  await dialog.getByText(fill(words.open.text, { count: '60' })).waitFor();
  await check(page, 'open', 'en');
  await dialog.getByRole('button', { name: words.open.giveUp }).click();
  await page.waitForURL(/\/c\/pay\//);
  await context.close();
});

test.each(['free', 'team'] as const)(
  '12.3 ux 33 where the quota is used up credits come first and a plan second: now on %s',
  async (plan) => {
    const words = WORDS['zh-CN'];
    const context = await newVisitor(browser, { language: 'zh-CN', width: 375 });
    const page = await context.newPage();
    const { tenant } = await signUp(app, context);
    await recordUsage(app, tenant.id, 'messages', 100);
    if (plan === 'team') {
      await page.route('**/api/subscription', async (route) => {
        const response = await answerOf(route);
        if (!response) return;
        const overview = (await response.json()) as { subscription: { plan: string } };
        overview.subscription.plan = 'team';
        await route.fulfill({ response, json: overview });
      });
    }
    await page.goto(`${app.url}/chat`);
    await page.locator('textarea').fill('再来一条');
    await page.locator('textarea').press('Enter');
    const paywall = page.getByRole('dialog');
    const buttons = paywall.locator('.offer button');
    const offered = async () => (await buttons.allInnerTexts()).map((text) => text.trim());
    await expect.poll(async () => (await offered())[0]).toBe(words.credits.buy);
    await expect.poll(() => buttons.count()).toBe(plan === 'team' ? 1 : 3);
    // Who has the largest plan is told so, and when the quota resets once; no larger one is offered.
    const top = paywall.getByText(words.paywall.top);
    await expect.poll(() => top.count()).toBe(plan === 'team' ? 1 : 0);
    await expect.poll(async () => (await paywall.innerText()).match(/UTC/g)).toHaveLength(1);
    const all = paywall.getByRole('link', { name: words.paywall.allPlans });
    await expect.poll(() => all.count()).toBe(plan === 'team' ? 0 : 1);
    await check(page, `paywall-${plan}`, 'zh-CN');
    await buttons.first().click();
    await paywall.getByText(fill(words.credits.pay.pack, { count: '60' })).waitFor();
    await context.close();
  },
);
