import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LANGUAGE_KEY } from '../../src/client/i18n/languages.ts';
import type { SubscriptionOverview } from '../../src/domain/api.ts';
import type { ResourceUsage } from '../../src/domain/quota.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  signUp,
  startAppWithPages,
  withSubscription,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';

/** What people expect of their plan and their usage, by the numbers of `docs/pages.md`. */
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser);
  await context.addInitScript((key) => localStorage.setItem(key, 'en'), LANGUAGE_KEY);
  customer = new Customer(app, await signUp(app, context));
  page = await context.newPage();
});
afterEach(async () => {
  await page.close();
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const AT = '2031-02-01T00:00:00.000Z';
const main = () => page.locator('main');
const current = () => page.locator('.current');
const dialog = () => page.getByRole('dialog');
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
async function open(path = '/subscription'): Promise<void> {
  await page.goto(app.url + path);
  if (path === '/subscription') await page.locator('.current .name').waitFor();
}
/** Who pays ¥29 a month by a card that ends in 4242. */
const paying = ({ subscription }: SubscriptionOverview) =>
  Object.assign(subscription, {
    ...{ plan: 'pro', status: 'active', interval: 'month', priceId: 'price_1' },
    ...{ currentPeriodEnd: AT, nextInvoice: { amountMinor: 2_900, currency: 'cny', at: AT } },
    paymentMethod: { brand: 'visa', last4: '4242', expMonth: 8, expYear: 2032 },
  });
const OWED = {
  ...{
    since: AT,
    graceEndsAt: '2031-02-08T00:00:00.000Z',
    nextAttemptAt: '2031-02-04T00:00:00.000Z',
  },
  ...{ amountMinor: 2_900, currency: 'cny', actionRequired: false, payUrl: 'http://localhost/i/1' },
};

test('ux 18 the line under the plan follows the state, with date, amount and the card’s last four', async () => {
  let change: (overview: SubscriptionOverview) => void = paying;
  await withSubscription(page, (overview) => change(overview));
  const read = async (
    words: (key: (typeof WORDS)['en'], date: string, amount: string) => string,
  ) => {
    await open();
    await inBoth(page, async (all, f) => {
      const amount = f.money({ amountMinor: 2_900, currency: 'cny' });
      await shows(current(), words(all, f.date(AT), amount));
      await shows(current(), '4242');
    });
  };
  await read(({ subscription }, date, amount) =>
    fill(subscription.current.renews, { date, amount }),
  );
  change = (overview) => paying(overview) && (overview.subscription.cancelAt = AT);
  await read(({ subscription }, date) => fill(subscription.current.ends, { date }));
  change = (overview) => Object.assign(paying(overview), { status: 'trialing', trialEnd: AT });
  await read(({ subscription }, date, amount) =>
    fill(subscription.current.trialEnds, { date, amount }),
  );
});

test('ux 20 who does not manage billing sees nothing to pay or cancel with, and whom to ask', async () => {
  await withSubscription(page, (overview) => {
    paying(overview);
    overview.canManageBilling = false;
    Object.assign(overview.subscription, {
      status: 'past_due',
      pastDue: { ...OWED, payUrl: null },
    });
  });
  await open();
  const tenant = customer.session.tenant.name;
  await page.locator('.pricing').nth(2).waitFor();
  await inBoth(page, async ({ subscription, plans, shell, credits }) => {
    await shows(current(), fill(subscription.current.ask, { tenant }));
    await shows(page.locator('#plans'), fill(plans.ask, { tenant }));
    await shows(
      page.locator('[aria-labelledby=past-due-title]'),
      fill(shell.pastDue.ask, { tenant }),
    );
    await shows(page.locator('#credits'), fill(credits.ask, { tenant }));
  });
  await expect.poll(() => current().getByRole('button').count()).toBe(0);
  await expect.poll(() => page.locator('#plans .choose').count()).toBe(0);
  await expect
    .poll(() => page.locator('[aria-labelledby=past-due-title]').getByRole('button').count())
    .toBe(0);
});

test('ux 21 what is owed stands on every page with amount, next attempt and what to do, and goes when it is paid', async () => {
  let pastDue: SubscriptionOverview['subscription']['pastDue'] = OWED;
  await withSubscription(page, (overview) => {
    paying(overview);
    if (pastDue) Object.assign(overview.subscription, { status: 'past_due', pastDue });
  });
  await page.clock.install();
  const banner = page.locator('[aria-labelledby=past-due-title]');
  for (const path of ['/chat', '/community', '/settings', '/team', '/account', '/subscription']) {
    await open(path);
    await banner.waitFor();
  }
  await inBoth(page, async ({ shell }, f) => {
    await shows(banner, shell.pastDue.title);
    await shows(banner, fill(shell.pastDue.amount, { amount: f.money(OWED) }));
    await shows(banner, fill(shell.pastDue.retry, { date: f.date(OWED.nextAttemptAt) }));
    for (const name of [shell.pastDue.pay, shell.pastDue.updateCard]) {
      await banner.getByRole('button', { name }).waitFor();
    }
  });
  pastDue = { ...OWED, actionRequired: true };
  await open('/settings');
  await inBoth(page, async ({ shell }) => {
    await shows(banner, shell.pastDue.confirmTitle);
    await banner.getByRole('button', { name: shell.pastDue.confirm }).waitFor();
  });
  pastDue = null;
  await page.clock.runFor(29_000);
  await banner.waitFor({ state: 'detached' });
});

const quota = (usage: Partial<ResourceUsage> & Pick<ResourceUsage, 'resourceType'>) => ({
  ...{ used: 0, held: 0, limit: 100, remaining: 100, percent: 0, level: 'ok' as const },
  ...{ beyond: 0, rateMicro: null, allowance: 0, ...usage },
});

test('ux 27 ux 28 ux 29 each bar tells used, limit and what is left, also beyond; the notice names what it is about', async () => {
  let resources = [
    quota({ resourceType: 'llm_tokens', used: 40, remaining: 60, percent: 40 }),
    quota({ resourceType: 'messages', used: 102, remaining: 0, percent: 102, level: 'exceeded' }),
    quota({ resourceType: 'images', used: 85, remaining: 15, percent: 85, level: 'warning' }),
    quota({
      resourceType: 'api_calls',
      limit: 0,
      remaining: 0,
      percent: null,
      level: 'not_included',
    }),
  ];
  const resetsAt = '2031-02-01T00:00:00.000Z';
  await withSubscription(page, ({ usage }) => Object.assign(usage, { resources, resetsAt }));
  // The live figures are the true ones; here the page is shown others.
  await page.route('**/usage/stream', (route) => route.abort());
  const section = page.locator('[aria-labelledby=usage-title]');
  await open();
  await inBoth(page, async ({ usage, shell }, f) => {
    const bar = (name: string) => section.getByRole('progressbar', { name, exact: true });
    const { messages, images } = shell.resources;
    const values = { resource: messages, used: '102', limit: '100', percent: f.percent(102) };
    const told = () => bar(messages).getAttribute('aria-valuetext');
    await expect.poll(told).toBe(fill(usage.aria, values));
    await shows(section, fill(usage.percent, { percent: f.percent(102) }));
    await shows(section, fill(usage.of, { used: '40', limit: '100' }));
    await shows(section, fill(usage.remaining, { count: 60 }));
    await shows(section, usage.notIncluded);
    await shows(section, fill(usage.resets, { date: f.instantUtc(resetsAt) }));
    // Used up outranks nearly so.
    await shows(section.getByRole('status'), fill(usage.exceeded, { resources: messages }));
    await expect.poll(() => section.getByRole('status').innerText()).not.toContain(images);
  });
  resources = [
    quota({ resourceType: 'images', used: 85, remaining: 15, percent: 85, level: 'warning' }),
    quota({
      resourceType: 'api_calls',
      ...{ used: 7, beyond: 7, limit: 0, remaining: 0, rateMicro: 10_000 },
      ...{ percent: null, level: 'not_included' },
    }),
    quota({
      resourceType: 'messages',
      limit: null,
      remaining: null,
      percent: null,
      level: 'unlimited',
    }),
  ];
  await open();
  await inBoth(page, async ({ usage, shell }, f) => {
    const values = { resources: shell.resources.images, percent: f.percent(80) };
    await shows(section.getByRole('status'), fill(usage.warning, values));
    await shows(section, usage.unlimited);
    // The plan has no quota of it, and credits pay for it all the same.
    await shows(section, `${fill(usage.usedOnly, { used: '7' })} · ${usage.byCredits}`);
    await expect.poll(() => section.getByText(usage.notIncluded).count()).toBe(0);
  });
});

test('13 ux 28 what credits pay above a quota is said beside it, also to who hears the bar', async () => {
  const resources = [
    quota({
      ...{ resourceType: 'messages', used: 109, remaining: 0, percent: 100, level: 'exceeded' },
      beyond: 9,
    }),
    quota({ resourceType: 'images', used: 40, remaining: 60, percent: 40 }),
  ];
  await withSubscription(page, ({ usage }) => Object.assign(usage, { resources }));
  await page.route('**/usage/stream', (route) => route.abort());
  await open();
  await inBoth(page, async ({ usage, shell }) => {
    const rowOf = (name: string) => page.locator('li.usage').filter({ hasText: name });
    const beyond = fill(usage.beyond, { count: '9' });
    const messages = rowOf(shell.resources.messages);
    await shows(messages, beyond);
    const told = () => messages.getByRole('progressbar').getAttribute('aria-valuetext');
    await expect.poll(told).toContain(beyond);
    await expect
      .poll(() => rowOf(shell.resources.images).textContent())
      .not.toContain(fill(usage.beyond, { count: '0' }));
    // The shorter row beside it is not pulled apart.
    const heights = () =>
      page
        .locator('li.usage .bar')
        .evaluateAll((bars) => [...new Set(bars.map((bar) => bar.getBoundingClientRect().height))]);
    await expect.poll(heights).toHaveLength(1);
  });
});

test('ux 30 ux 31 the chart has three ranges, one unit at a time, a name, and a table of the same numbers', async () => {
  await app.server.context.services.usage.trackUsage({
    ...{ tenantId: customer.tenantId, resourceType: 'images', amount: 7, idempotencyKey: 'chart' },
  });
  await open();
  const section = page.locator('[aria-labelledby=history-title]');
  await inBoth(page, async ({ usage, shell }, f) => {
    await section.getByText(usage.view.chart, { exact: true }).click();
    await section.getByText(shell.resources.images, { exact: true }).first().click();
    for (const days of [7, 30, 90]) {
      await section.getByText(fill(usage.range.days.split(' | ').at(-1)!, { count: days })).click();
      const label = {
        resource: shell.resources.images,
        count: days,
        total: f.number(7),
        most: f.number(7),
      };
      await section.getByRole('img', { name: fill(usage.chartLabel, label) }).waitFor();
    }
    await section.getByText(usage.view.table, { exact: true }).click();
    const heads = async () => (await section.getByRole('columnheader').allInnerTexts()).slice(1);
    await expect.poll(heads).toEqual(Object.values(shell.resources));
    await section.getByRole('row').nth(1).getByText('7', { exact: true }).waitFor();
    await page.getByText(usage.updated.split('{')[0]!.trim()).first().waitFor();
  });
});

test('ux 22 ux 23 ux 24 ux 34 cancelling takes two clicks and no reason, says what stays, is taken back by one, and leaves the invoices', async () => {
  await customer.subscribe('pro', 'month');
  await open();
  await inBoth(page, async ({ subscription: { cancel, current: words }, shell }, f) => {
    await button(words.cancel).click();
    const { currentPeriodEnd } = await customer.subscription();
    const plan = shell.plans.pro;
    await shows(dialog(), fill(cancel.until, { plan, date: f.date(currentPeriodEnd!) }));
    await shows(dialog(), cancel.kept);
    await shows(dialog(), cancel.refund);
    await expect.poll(() => dialog().getByRole('radio', { checked: true }).count()).toBe(0);
    await expect
      .poll(() => dialog().getByRole('button', { name: cancel.confirm }).isEnabled())
      .toBe(true);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });
  await button(WORDS.en.subscription.current.cancel).click();
  await dialog().getByRole('button', { name: WORDS.en.subscription.cancel.confirm }).click();
  await page.getByText(/^Pro ends on .* We have sent you an e-mail to confirm it\.$/).waitFor();
  const { rows } = await app.database.pool.query(
    `select kind from mail_outbox where tenant_id = $1 and kind = 'cancellation'`,
    [customer.tenantId],
  );
  expect(rows).toHaveLength(1);
  const invoice = page.locator('[aria-labelledby=payments-title] tbody tr').first();
  await inBoth(page, async ({ payments }, f) => {
    await shows(invoice, f.money({ amountMinor: 2_900, currency: 'cny' }));
    await shows(invoice, payments.status.paid);
    await expect.poll(() => invoice.getByRole('rowheader').innerText()).toMatch(/\S-\d+$/);
    await shows(invoice, f.date((await customer.payments())[0]!.paidAt!));
    await expect.poll(() => invoice.getByText(payments.pdf).getAttribute('href')).toMatch(/^http/);
  });
  await button(WORDS.en.subscription.current.resume).click();
  await shows(main(), WORDS.en.subscription.current.resumed);
});
