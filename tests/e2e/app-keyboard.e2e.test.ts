import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  tabTo,
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

const focusedText = (page: Page) =>
  page.evaluate(() => document.activeElement?.textContent?.trim());
const isInDialog = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null);

test('ux 37 by keyboard alone: look at a plan, leave, come back, choose the year, go and pay', async () => {
  const context = await newVisitor(browser);
  await signUp(app, context);
  const page = await context.newPage();
  await page.goto(`${app.url}/subscription`);
  await page.getByRole('button', { name: 'Choose Pro' }).waitFor();

  await tabTo(page, 'Skip to the content');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Choose Pro');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();

  // The dialog keeps the focus until it is closed, and gives it back.
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press('Tab');
    await expect.poll(() => isInDialog(page)).toBe(true);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await expect.poll(() => focusedText(page)).toBe('Choose Pro');

  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, /^Monthly/);
  await page.keyboard.press('ArrowRight');
  await page.getByText('CN¥290 every year').waitFor();
  await tabTo(page, 'Continue to payment');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\/pay\//);
  await expect.poll(() => page.getByText('290.00').first().isVisible()).toBe(true);
  await context.close();
});

test('ux 15 ux 37 by keyboard alone: upgrade, cancel, resume', async () => {
  const context = await newVisitor(browser);
  const session = await signUp(app, context);
  await subscribe(app, session, await priceOf(app, 'pro', 'month'));
  const page = await context.newPage();
  await page.goto(`${app.url}/subscription`);
  await page.getByRole('button', { name: 'Upgrade to Team' }).waitFor();

  await tabTo(page, 'Upgrade to Team');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Due today').waitFor();
  await tabTo(page, /^Pay CN¥.* and change$/);
  const due = await focusedText(page);
  await page.keyboard.press('Enter');
  await page.getByText('Done. You are on Team now.').waitFor();
  // What is charged is what was shown.
  const amount = /CN¥[\d.]+/.exec(due!)![0];
  await page.locator('tbody td', { hasText: amount }).first().waitFor();

  await tabTo(page, 'Cancel subscription');
  await page.keyboard.press('Enter');
  await page
    .getByRole('dialog')
    .getByText(/You keep Team until/)
    .waitFor();
  await tabTo(page, 'It costs too much');
  await page.keyboard.press('Space');
  await tabTo(page, 'Cancel subscription');
  await page.keyboard.press('Enter');
  await page.getByText(/^Ends on/).waitFor();

  await tabTo(page, 'Resume');
  await page.keyboard.press('Enter');
  await page.getByText(/^Renews on .* for CN¥99$/).waitFor();
  await context.close();
});
