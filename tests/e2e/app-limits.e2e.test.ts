import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import { creditPrice } from '../../src/client/subscription/overage.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { launchBrowser } from '../support/browser.ts';
import { checkPage } from '../support/page-check.ts';
import { fill } from '../support/both-languages.ts';
import { Customer } from '../support/customer.ts';
import { putOnPaidPlan } from '../support/metering.ts';
import { agreeToOverage } from '../support/overage.ts';

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
  checkPage(page, name, { language, words: 'limits' });

test.each([
  ['en', 'light', 1280, 'usd', '1.7'],
  ['zh-CN', 'dark', 375, 'cny', '11'],
] as const)(
  '12.4 in %s (%s, %i px) an owner agrees to the price, sets a cap, sees what is used, and ends it',
  async (language, theme, width, currency, minorPerCredit) => {
    const words = WORDS[language].limits;
    const f = createFormats(language);
    const money = (amountMinor: number) => f.money({ amountMinor, currency });
    const price = creditPrice({ currency, minorPerCredit }, language);
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const { tenant } = await signUp(app, context);
    await page.goto(`${app.url}/subscription`);
    const card = page.locator('#limits');
    /** It is loaded when the reader comes to it. */
    const goTo = async () => {
      await page.reload();
      await card.scrollIntoViewIfNeeded();
    };
    await card.scrollIntoViewIfNeeded();
    await card.getByText(words.state.not_sold).waitFor();

    await putOnPaidPlan(app.database, tenant.id, 'team', { currency });
    await goTo();
    await card.getByText(fill(words.state.off, { price })).waitFor();
    await check(page, 'off', language);
    await card.getByRole('button', { name: words.switchOn }).click();
    const dialog = page.getByRole('dialog');
    const submit = dialog.getByRole('button', { name: words.form.submit });
    await submit.click();
    await dialog.getByText(words.form.needsCap).waitFor();
    await dialog.getByRole('textbox').fill('50');
    await submit.click();
    await dialog.getByText(words.form.needsConsent).waitFor();
    await check(page, 'form', language);
    const consent = fill(words.form.consent, { price, cap: money(5_000) });
    await dialog.getByLabel(consent).check();
    await dialog.getByLabel(f.percent(50)).uncheck();
    // All of it can be done by the keyboard.
    await dialog.getByRole('textbox').press('Enter');
    await card.getByText(words.agreed).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await card.getByText(fill(words.usedOf, { used: money(0), cap: money(5_000) })).waitFor();

    await recordUsage(app, tenant.id, 'images', 5_000);
    await recordUsage(app, tenant.id, 'images', 10);
    await goTo();
    const used = money(Math.floor(20 * Number(minorPerCredit)));
    await card.getByText(fill(words.usedOf, { used, cap: money(5_000) })).waitFor();
    await check(page, 'on', language);

    const suspend = (what: string) =>
      inEveryBucket(app.database.pool, `select u00.credit_overage_${what}`, [tenant.id]);
    await suspend(`billed($1, 's', 20000000)`);
    await suspend(`failed($1, 's')`);
    await goTo();
    await card.getByText(words.state.suspended).waitFor();
    await card.getByRole('link', { name: words.toInvoices }).waitFor();
    await check(page, 'suspended', language);
    await suspend(`paid($1, 's')`);

    await goTo();
    await card.getByRole('button', { name: words.switchOff }).click();
    await card.getByText(words.ended).waitFor();
    await card.getByText(fill(words.state.off, { price })).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
);

test.each([
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 375],
] as const)(
  '12.4 in %s (%s, %i px) the card says that nothing goes on up to the cap while too much is unpaid',
  async (language, theme, width) => {
    const words = WORDS[language].limits;
    const money = (amountMinor: number) =>
      createFormats(language).money({ amountMinor, currency: 'cny' });
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const { tenant } = await signUp(app, context);
    await putOnPaidPlan(app.database, tenant.id, 'team');
    const at = app.server.context.clock.now();
    await agreeToOverage(app.database, tenant.id, { capMinor: 10_000, at });
    for (const [resource, amount] of [
      ...([
        ['messages', 100_000],
        ['images', 5_000],
      ] as const),
      // 454.5 credits at 0.11 are the ¥50 that a new team may owe at once.
      ...([
        ['images', 227],
        ['messages', 5],
      ] as const),
    ] as const) {
      await recordUsage(app, tenant.id, resource, amount);
    }
    await page.goto(`${app.url}/subscription`);
    const card = page.locator('#limits');
    await card.scrollIntoViewIfNeeded();
    await card.getByText(fill(words.state.unpaid, { most: money(5_000) })).waitFor();
    const unpaid = { unpaid: money(4_999), most: money(5_000) };
    await card.getByText(fill(words.unpaidOf, unpaid)).waitFor();
    await card.getByRole('link', { name: words.toInvoices }).waitFor();
    await check(page, 'unpaid', language);
    await context.close();
  },
);

test('12.4 a price that changed while it was looked at is shown anew, and not agreed to', async () => {
  const words = WORDS.en.limits;
  const context = await newVisitor(browser, { language: 'en' });
  const page = await context.newPage();
  const { tenant } = await signUp(app, context);
  const { database } = app;
  await putOnPaidPlan(database, tenant.id, 'team', { currency: 'usd' });
  await page.goto(`${app.url}/subscription`);
  const card = page.locator('#limits');
  await card.scrollIntoViewIfNeeded();
  await card.getByRole('button', { name: words.switchOn }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('20');
  await dialog.locator('.consent input').check();
  await putOnPaidPlan(database, tenant.id, 'pro', { currency: 'usd' });
  await dialog.getByRole('button', { name: words.form.submit }).click();
  await dialog.getByText(WORDS.en.errors.consent_stale).waitFor();
  const price = creditPrice({ currency: 'usd', minorPerCredit: '1.8' }, 'en');
  await dialog.getByText(fill(words.form.consent, { price, cap: '$20' })).waitFor();
  await expect.poll(() => dialog.locator('.consent input').isChecked()).toBe(false);
  await dialog.locator('.consent input').check();
  await dialog.getByRole('button', { name: words.form.submit }).click();
  await card.getByText(words.agreed).waitFor();

  await putOnPaidPlan(database, tenant.id, 'free');
  // The way from a mail.
  await page.goto('about:blank');
  await page.goto(`${app.url}/subscription#limits`);
  await card.getByText(words.state.not_sold).waitFor();
  await context.close();
});

test.each([
  ['en', 'dark', 1280],
  ['zh-CN', 'light', 375],
] as const)(
  '12.11 in %s (%s, %i px) the preview of a change says that overage ends, and what of it is used',
  async (language, theme, width) => {
    const { subscription, plans, shell } = WORDS[language];
    const { change } = subscription;
    const f = createFormats(language);
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const customer = new Customer(app, await signUp(app, context));
    const { tenantId } = customer;
    await customer.subscribe('team', 'month');
    await agreeToOverage(app.database, tenantId, { at: app.server.context.clock.now() });
    await recordUsage(app, tenantId, 'images', 5_000);
    await recordUsage(app, tenantId, 'images', 10);
    await page.goto(`${app.url}/subscription`);
    const { pro } = shell.plans;
    const choose = fill(plans.action.downgrade, { plan: pro });
    await page.getByRole('button', { name: choose, exact: true }).click();
    const dialog = page.getByRole('dialog', { name: fill(change.title, { plan: pro }) });
    const { currentPeriodEnd } = await customer.subscription();
    const price = creditPrice({ currency: 'cny', minorPerCredit: '12' }, language);
    await dialog.getByRole('heading', { name: change.overage }).scrollIntoViewIfNeeded();
    for (const sentence of [
      fill(change.overageEndsOn, { date: f.date(currentPeriodEnd!) }),
      fill(change.overagePrice, { plan: pro, price }),
      fill(change.drawn, { amount: f.money({ amountMinor: 220, currency: 'cny' }) }),
    ]) {
      await dialog.getByText(sentence).waitFor();
    }
    await checkPage(page, 'preview', { language, words: 'subscription' });
    await context.close();
  },
);
