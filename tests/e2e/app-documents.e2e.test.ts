import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  WORDS,
} from '../support/app-visitor.ts';
import { inBoth } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';

/** What is had in one's hands: invoices and files of usage, and the chart on a small phone. */
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});
beforeEach(async () => {
  await context?.close();
  context = await newVisitor(browser);
  customer = new Customer(app, await signUp(app, context));
  page = await context.newPage();
});

async function open(): Promise<void> {
  await page.goto(`${app.url}/subscription`);
  await page.locator('.current .name').waitFor();
}

describe('13.9 the hosted invoice', () => {
  test('follows the page’s language and has the product’s one name in it', async () => {
    await customer.subscribe('pro', 'month');
    await open();
    await inBoth(page, async ({ payments }) => {
      const link = page.locator('tbody a', { hasText: payments.view }).first();
      await link.waitFor();
      const invoice = await context.newPage();
      await invoice.goto((await link.getAttribute('href'))!);
      const told = await invoice.locator('body').innerText();
      if (payments === WORDS.en.payments) {
        expect(told).toContain('1 × Small Squaretable Pro (at CN¥29.00 / month)');
        expect(told).not.toMatch(/小方桌/);
      } else {
        expect(told).toContain('1 × 小方桌专业版（每月 ¥29.00）');
        expect(told).not.toMatch(/Small Squaretable|您/);
        await expect.poll(() => invoice.locator('html').getAttribute('lang')).toBe('zh-CN');
      }
      expect(await accessibilityFaults(invoice)).toEqual([]);
      await invoice.close();
    });
  });
});

test('13 the form for billing details fits a small phone, in both languages', async () => {
  await page.setViewportSize({ width: 320, height: 740 });
  await open();
  await inBoth(page, async ({ payments, billingDetails, shell }) => {
    await page.getByRole('button', { name: payments.details }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(billingDetails.country).selectOption('CN');
    await dialog.getByRole('button', { name: billingDetails.add }).click();
    await dialog.getByLabel(billingDetails.city).waitFor();
    // As at the end of every dialog: the main button comes last.
    const ends = dialog.locator('form > .row').last().locator('button');
    await expect
      .poll(() => ends.allInnerTexts())
      .toEqual([shell.actions.cancel, billingDetails.save]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
    await dialog.getByRole('button', { name: shell.actions.cancel }).click();
    await dialog.waitFor({ state: 'hidden' });
  });
});

test('13 billing details are named by keyboard and stand on the invoice that follows', async () => {
  await open();
  const { payments, billingDetails } = WORDS.en;
  const opener = page.getByRole('button', { name: payments.details });
  await opener.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(billingDetails.name).fill('Wu GmbH');
  await dialog.getByLabel(billingDetails.country).selectOption('DE');
  await dialog.getByLabel(billingDetails.city).fill('Berlin');
  await dialog.getByRole('button', { name: billingDetails.add }).click();
  await dialog.getByLabel(billingDetails.kind).selectOption('eu_vat');
  await dialog.getByLabel(billingDetails.value, { exact: true }).fill('1');
  await dialog.getByRole('button', { name: billingDetails.save }).click();
  await dialog.getByRole('alert').getByText(WORDS.en.errors.tax_id_invalid).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByLabel(billingDetails.value, { exact: true }).fill('DE123456789');
  await dialog.getByRole('button', { name: billingDetails.save }).click();
  await page.getByText(billingDetails.saved).waitFor();
  await dialog.waitFor({ state: 'hidden' });
  await expect.poll(() => opener.evaluate((one) => one === document.activeElement)).toBe(true);
  await customer.subscribe('pro', 'month');
  await page.reload();
  const link = page.locator('tbody a', { hasText: payments.view }).first();
  await page.goto((await link.getAttribute('href'))!);
  await page.getByText('Wu GmbH').first().waitFor();
});

test('13 who pays sees plan and bill, usage, credits, invoices, and what another plan would change', async () => {
  const headings = ['current', 'history', 'credits', 'payments', 'plans'];
  const order = async () => {
    const ids = await page.locator('main section h2').evaluateAll((all) => all.map(({ id }) => id));
    const seen = ids.map((id) => id.replace('-title', ''));
    return seen.filter((name) => headings.includes(name));
  };
  await open();
  await expect.poll(order).toEqual(['current', 'plans', 'credits', 'history', 'payments']);
  await page.locator('#limits').scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: WORDS.en.spending.topUp.switchOn }).waitFor();
  const main = page.locator('main .el-button--primary:not(.is-plain)');
  await expect.poll(() => main.allInnerTexts()).toEqual(['Choose Pro']);
  await customer.subscribe('pro', 'month');
  await page.reload();
  await page.locator('.pricing .choose').first().waitFor();
  await expect.poll(order).toEqual(headings);
  await inBoth(page, async ({ plans, shell }) => {
    const team = page.getByRole('article', { name: shell.plans.team });
    await team.getByText(shell.features.all_features).waitFor();
    // What both plans have is not said.
    await expect.poll(() => team.getByText(shell.features.character_share).count()).toBe(0);
    const free = page.getByRole('article', { name: shell.plans.free });
    await free.getByText(plans.without.replace('{name}', shell.features.advanced_models)).waitFor();
  });
  // One thing stands out, on each plan.
  await expect.poll(() => main.allInnerTexts()).toEqual(['Upgrade to Team']);
  await page.goto(`${app.url}/subscription#plans`);
  await page.locator('.pricing .choose').first().waitFor();
  await page.waitForFunction(
    () => document.querySelector('#plans')!.getBoundingClientRect().top < window.innerHeight,
  );
});

test('13 the chart marks today, and says total, mean and until when the quota lasts', async () => {
  await recordUsage(app, customer.tenantId, 'messages', 90);
  await open();
  const section = page.locator('[aria-labelledby=history-title]');
  await section.locator('svg').getByText(WORDS.en.usage.today).waitFor();
  await inBoth(page, async ({ usage }) => {
    await section.getByText(usage.sums.split('{')[0]!).waitFor();
    const [before] = usage.runsOut.split('{date}');
    const [other] = [usage.lasts];
    await section.getByText(before!).or(section.getByText(other)).first().waitFor();
  });
});

describe('13.5 downloads', () => {
  test('ux 31 follow the range, reach older months, and offer the ledger as a second choice', async () => {
    await recordUsage(app, customer.tenantId, 'images', 3);
    await open();
    const section = page.locator('[aria-labelledby=history-title]');
    const save = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        section.getByRole('button', { name }).click(),
      ]);
      let text = '';
      for await (const chunk of await download.createReadStream()) text += String(chunk);
      return { name: download.suggestedFilename(), text };
    };
    const { usage } = WORDS.en;
    await section.getByText('7 days').click();
    const week = await save(usage.csv);
    expect(week.name).toBe('usage-by-day-7-days.csv');
    const headings = '\ufeffDay (UTC),Resource,Amount,Member,Model\n';
    const [date] = /\d{4}-\d\d-\d\d/.exec(week.text)!;
    expect(week.text).toBe(`${headings}${date},images,3,,\n`);

    await section.getByText(usage.range.month, { exact: true }).click();
    const months = section.getByLabel(usage.month, { exact: true });
    const [present, before] = await months
      .locator('option')
      .evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
    await months.selectOption(before!);
    await section.getByText(usage.empty).waitFor();
    const older = await save(usage.csv);
    expect(older).toEqual({ name: `usage-by-day-${before}.csv`, text: headings });
    await months.selectOption(present!);
    expect((await save(usage.csv)).text).toContain('images,3');

    await section.getByText(usage.ledger.title).click();
    expect(await accessibilityFaults(page, { within: '[aria-labelledby=history-title]' })).toEqual(
      [],
    );
    const ledger = await save(usage.ledger.csv);
    expect(ledger.name).toBe(`usage-${present}.csv`);
    expect(ledger.text).toMatch(/^id,occurred_at,/);
  });
});

test('13.8 a window that gets narrower takes a drawn chart along', async () => {
  await recordUsage(app, customer.tenantId, 'messages', 3);
  await open();
  await page.locator('.chart svg text').first().waitFor();
  for (const width of [768, 360]) {
    await page.setViewportSize({ width, height: 740 });
    await expect.poll(() => sidewaysScroll(page)).toBe(0);
  }
});

test('13.8 at 320 px no two words of the navigation and no two dates of the chart touch', async () => {
  await page.setViewportSize({ width: 320, height: 740 });
  await recordUsage(app, customer.tenantId, 'messages', 3);
  await open();
  await page.locator('.chart svg text').first().waitFor();
  await inBoth(page, async () => {
    const read = () =>
      page.evaluate(() => {
        const textBox = (element: Element) => {
          const range = document.createRange();
          range.selectNodeContents(element);
          return range.getBoundingClientRect();
        };
        const gapsOf = (boxes: DOMRect[]) =>
          boxes
            .sort((a, b) => a.left - b.left)
            .slice(1)
            .map((box, i) => box.left - boxes[i]!.right);
        const labels = [...document.querySelectorAll('.chart svg text')].map((text) =>
          text.getBoundingClientRect(),
        );
        const lowest = Math.max(...labels.map((box) => box.bottom));
        const words = gapsOf([...document.querySelectorAll('.bar .tab')].map(textBox));
        const dates = gapsOf(labels.filter((box) => box.bottom > lowest - 4));
        return {
          words: words.length,
          hasDates: dates.length > 0,
          areApart: Math.min(...words) >= 3 && Math.min(...dates) >= 4,
        };
      });
    await expect.poll(read).toEqual({ words: 3, hasDates: true, areApart: true });
  });
});
