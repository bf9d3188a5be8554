import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  signUp,
  startAppWithPages,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { launchBrowser } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';
import { checkPage } from '../support/page-check.ts';
import { fill } from '../support/both-languages.ts';
import { openPack, purchases } from '../support/packs.ts';
import { saveCard } from '../support/top-ups.ts';

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
  checkPage(page, name, { language, words: 'spending' });

test.each([
  ['en', 'light', 1280, 'usd', 99, '15', 1_500],
  ['zh-CN', 'dark', 375, 'cny', 600, '30', 3_000],
] as const)(
  '12.5 in %s (%s, %i px) an owner agrees to auto top-up and ends it, sets a rule and loosens it',
  async (language, theme, width, currency, amountMinor, typedMax, maxMinor) => {
    const { topUp, rules } = WORDS[language].spending;
    const f = createFormats(language);
    const money = (minor: number) => f.money({ amountMinor: minor, currency });
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const session = await signUp(app, context);
    await page.goto(`${app.url}/subscription`);
    await page.locator('#limits').scrollIntoViewIfNeeded();
    const part = (name: string) => page.locator(`section[aria-labelledby="${name}-title"]`);
    const dialog = page.getByRole('dialog');

    const card = part('top-up');
    await card.getByText(topUp.off).waitFor();
    await card.getByRole('button', { name: topUp.switchOn }).click();
    await dialog.getByLabel(topUp.form.pack).selectOption('small');
    const submit = dialog.getByRole('button', { name: topUp.form.submit });
    await submit.click();
    await dialog.getByText(fill(topUp.form.needsLow, { credits: '60' })).waitFor();
    await dialog.getByLabel(topUp.form.low).fill('10');
    await submit.click();
    await dialog.getByText(fill(topUp.form.needsMax, { price: money(amountMinor) })).waitFor();
    const monthMax = fill(topUp.form.max, { currency: f.currencyName(currency) });
    await dialog.getByLabel(monthMax, { exact: true }).fill(typedMax);
    const terms = { low: '10', credits: '60', price: money(amountMinor), max: money(maxMinor) };
    await dialog.getByLabel(fill(topUp.form.consent, terms)).check();
    await check(page, 'top-up-form', language);
    await submit.click();
    await dialog.getByText(WORDS[language].errors.card_needed).waitFor();

    const customer = new Customer(app, session);
    await openPack(customer, 'small');
    const [open] = await purchases(customer);
    await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`);
    await saveCard(customer, 'pm_card_visa');
    // What was not agreed to stays so until it is ticked again.
    await dialog.locator('.consent input').check();
    await dialog.getByRole('textbox').nth(1).press('Enter');
    await card.getByText(topUp.agreed).waitFor();
    await card.getByText(fill(topUp.on, terms)).waitFor();
    await card.getByRole('button', { name: topUp.switchOff }).click();
    await card.getByText(topUp.ended).waitFor();

    const ruled = part('rules');
    await ruled.getByText(rules.none).waitFor();
    await ruled.getByRole('button', { name: rules.set }).click();
    await dialog.getByRole('button', { name: rules.form.submit }).click();
    await dialog.getByText(rules.form.needsAmount).waitFor();
    const month = { kind: rules.month, currency: f.currencyName(currency) };
    await dialog.getByLabel(fill(rules.form.amount, month), { exact: true }).fill('20');
    await check(page, 'rules-form', language);
    await dialog.getByRole('button', { name: rules.form.submit }).click();
    await ruled.getByText(rules.saved).waitFor();
    const amounts = { spent: money(0), overage: money(0), max: money(2_000), left: money(2_000) };
    const spentOf = fill(rules.monthOf, amounts);
    await ruled.getByText(spentOf).waitFor();
    await ruled.getByRole('button', { name: rules.change }).click();
    await dialog.getByLabel(rules.form.kind).selectOption('none');
    await dialog.getByRole('button', { name: rules.form.submit }).click();
    // It still holds, and the page says until when.
    await ruled.getByText(rules.preset.none).waitFor();
    await ruled.getByText(spentOf).waitFor();
    await check(page, 'limits', language);
    expect(errors).toEqual([]);
    await context.close();
  },
);
