import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  ownWords,
  PASSWORD,
  recordUsage,
  startAppWithPages,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { launchBrowser } from '../support/browser.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const MISSING_KEY =
  /\b(auth|chat|community|errors|payments|paywall|plans|settings|shell|subscription|usage)\.[a-z]\w+/;

async function say(page: Page, message: string): Promise<void> {
  await page.locator('textarea').fill(message);
  await page.locator('textarea').press('Enter');
}

/** Waits until the character has answered `count` times, the greeting counted. */
async function hear(page: Page, count: number): Promise<void> {
  await page
    .locator('[role=log][aria-busy=false] .turn--character')
    .nth(count - 1)
    .waitFor();
}

async function payByCard(page: Page, card: string): Promise<void> {
  await page.getByLabel(/^(Card number|卡号)$/).fill(card);
  await page.getByLabel(/^(Expiry|有效期)/).fill('12 / 40');
  await page.getByLabel(/CVC/).fill('123');
  await page.locator('form button[type=submit], form button:not([type])').first().click();
}

/** What our pages say is of one language, and no key shows through. */
async function expectOneLanguage(page: Page, language: Language): Promise<void> {
  const words = await ownWords(page);
  expect(words).not.toMatch(MISSING_KEY);
  if (language === 'en') expect(words).not.toMatch(/\p{Script=Han}/u);
  await expect.poll(() => page.locator('html').getAttribute('lang')).toBe(language);
}

test.each(['en', 'zh-CN'] as const)(
  'ux 30 ux 32 ux 35 in %s, a person signs up, chats until the quota is gone, pays, and goes on chatting',
  async (language) => {
    const words = WORDS[language];
    const f = createFormats(language);
    const context = await newVisitor(browser, { language });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));

    await page.goto(app.url);
    await page.getByRole('link', { name: words.auth.login.otherLink }).click();
    await page.getByRole('heading', { name: words.auth.register.title }).waitFor();
    await page.getByLabel(words.auth.fields.email).fill(`story-${language}@example.com`);
    await page.getByLabel(words.auth.fields.password, { exact: true }).fill(PASSWORD);
    await expectOneLanguage(page, language);
    const registered = page.waitForResponse('**/api/auth/register');
    await page.getByRole('button', { name: words.auth.register.submit }).click();
    const { tenant } = (await (await registered).json()) as { tenant: { id: string } };

    await say(page, 'Tell me of the sea.');
    await hear(page, 2);
    // Another service of the platform counts too; the figure on the page moves without a reload.
    await recordUsage(app, tenant.id, 'messages', 98);
    const left = page.locator('.head a.badge');
    await left.filter({ hasText: /One message|还剩 1 条/ }).waitFor();
    await say(page, 'And of the harbour?');
    await hear(page, 3);

    const UNSENT = 'This one must not be lost.';
    await say(page, UNSENT);
    const paywall = page.getByRole('dialog');
    await paywall.getByText(f.number(100)).first().waitFor();
    await expect.poll(() => page.locator('textarea').inputValue()).toBe(UNSENT);
    await expectOneLanguage(page, language);
    await paywall
      .getByRole('button', { name: words.paywall.choose.replace('{plan}', words.shell.plans.pro) })
      .click();
    await paywall.getByText(f.money({ amountMinor: 2_900, currency: 'cny' })).waitFor();
    await paywall.getByRole('button', { name: words.subscription.pay.submit }).click();

    // Declined first: still on Free, and the second try pays.
    await page.waitForURL(/\/c\/pay\//);
    await expect
      .poll(() => page.locator('html').getAttribute('lang'))
      .toMatch(language.slice(0, 2));
    await payByCard(page, '4000000000000002');
    await page.getByRole('alert').first().waitFor();
    await payByCard(page, '4242424242424242');

    await page.waitForURL(/\/checkout\/return/);
    const welcome = words.subscription.back.active.replace('{plan}', words.shell.plans.pro);
    await page.getByRole('heading', { name: welcome }).waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe('');
    await expectOneLanguage(page, language);

    await page.getByRole('button', { name: words.subscription.back.toChat }).click();
    await expect.poll(() => page.locator('textarea').inputValue()).toBe(UNSENT);
    await page.locator('textarea').press('Enter');
    await hear(page, 4);

    await page.getByRole('link', { name: words.shell.nav.subscription }).first().click();
    await page.getByText(f.number(10_000)).first().waitFor();
    await page.locator('.current .name', { hasText: words.shell.plans.pro }).waitFor();
    await page.getByRole('progressbar', { name: words.shell.resources.messages }).waitFor();
    await page.getByText(/101 (of|\/)/).waitFor();
    await page.locator('tbody .badge', { hasText: words.payments.status.paid }).waitFor();
    await expectOneLanguage(page, language);
    expect(errors).toEqual([]);
    await context.close();
  },
);
