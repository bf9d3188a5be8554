import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubscriptionOverview } from '../../src/domain/api.ts';
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
import { advanceTo, Customer } from '../support/customer.ts';
import { checkPage } from '../support/page-check.ts';
import { bought } from '../support/packs.ts';
import { FIRST_PLANS, planTasks, publish, withPlan } from '../support/plan-changes.ts';

let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser);
  customer = new Customer(app, await signUp(app, context));
  await customer.subscribe('pro', 'month');
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const notice = () => page.locator('[aria-labelledby=announced-title]');
async function open(): Promise<void> {
  await page.goto(`${app.url}/subscription`);
  await page.locator('.pricing').nth(2).waitFor();
}
const LESS = withPlan('pro', 100, {
  ...{ seats: 1, overage: { cny: '12.5' }, rollover: {} },
  features: ['basic_chat', 'community_browse', 'character_share'],
});
const FREE = FIRST_PLANS.find(({ plan }) => plan === 'free')!;
async function isGone(): Promise<void> {
  expect((await customer.subscription()).announcedChange).toBeNull();
  await expect.poll(() => notice().count()).toBe(0);
}
async function announce(): Promise<Date> {
  const [publication] = await publish(app, LESS);
  return publication!.effectiveAt!;
}

test('12.1 the page says what of the plan changes and when, and what can be done until then', async () => {
  await open();
  await isGone();
  const effectiveAt = await announce();
  await open();
  const { currentPeriodEnd } = await customer.subscription();
  await inBoth(page, async ({ announced, shell, subscription }, f) => {
    const [plan, date] = [shell.plans.pro, f.date(effectiveAt)];
    await shows(notice(), fill(announced.title, { plan, date }));
    await shows(notice(), announced.both);
    const resource = shell.resources.images;
    await shows(notice(), fill(announced.terms.limit, { resource, from: '500', to: '100' }));
    const language = shell === WORDS.en.shell ? 'en' : 'zh-CN';
    const prices = { from: language === 'en' ? 'CN¥0.12' : '¥0.12' };
    await shows(notice(), fill(announced.terms.overage, { ...prices, to: prices.from + '5' }));
    const feature = shell.features.advanced_models;
    await shows(notice(), fill(announced.terms.feature, { feature }));
    const end = f.date(currentPeriodEnd!);
    await shows(notice(), fill(announced.cancel, { plan, date, end }));
    await notice().getByRole('button', { name: subscription.current.cancel }).waitFor();
    await checkPage(page, 'announced', { language, words: 'announced' });
  });
});

test('12.1 who may buy it is told before: beside the plans, and where it is bought', async () => {
  const other = await newVisitor(browser);
  await signUp(app, other);
  const visitor = await other.newPage();
  const { effectiveAt } = (await customer.subscription()).announcedChange!;
  await visitor.goto(`${app.url}/subscription`);
  const beside = visitor.locator('#plans .notice');
  const buy = () => visitor.getByRole('dialog').locator('.notice');
  await inBoth(visitor, async ({ announced, shell, subscription }, f) => {
    const [plan, date] = [shell.plans.pro, f.date(effectiveAt)];
    for (const text of [fill(announced.title, { plan, date }), announced.until]) {
      await shows(beside, text);
    }
    await visitor.getByRole('article', { name: plan, exact: true }).getByRole('button').click();
    await visitor.getByRole('dialog', { name: fill(subscription.pay.title, { plan }) }).waitFor();
    const resource = shell.resources.images;
    await shows(buy(), fill(announced.title, { plan, date }));
    await shows(buy(), fill(announced.terms.limit, { resource, from: '500', to: '100' }));
    const language = shell === WORDS.en.shell ? 'en' : 'zh-CN';
    await checkPage(visitor, 'before it is bought', { language, words: 'announced' });
    await visitor.keyboard.press('Escape');
    await expect.poll(() => visitor.getByRole('dialog').count()).toBe(0);
  });
  await other.close();
});

test('12.1 by the keyboard it leads to the plans and to cancelling', async () => {
  await open();
  await notice().getByRole('button', { name: WORDS.en.announced.plans }).focus();
  await page.keyboard.press('Enter');
  const title = () => page.evaluate(() => document.activeElement?.id);
  await expect.poll(title).toBe('plans-title');
  await notice().getByRole('button', { name: WORDS.en.subscription.current.cancel }).focus();
  await page.keyboard.press('Enter');
  const { cancel } = WORDS.en.subscription;
  await page.getByRole('dialog', { name: fill(cancel.title, { plan: 'Pro' }) }).waitFor();
  await page.keyboard.press('Escape');
});

test('12.1 a phone shows it whole, and who has decided already is told what that means for it', async () => {
  const { effectiveAt } = (await customer.subscription()).announcedChange!;
  const phone = await context.newPage();
  await phone.setViewportSize({ width: 360, height: 740 });
  let change: (overview: SubscriptionOverview) => void = () => undefined;
  await withSubscription(phone, (overview) => change(overview));
  const place = phone.locator('[aria-labelledby=announced-title]');
  const { announced } = WORDS.en;
  const says = async (text: string, other: typeof change) => {
    change = other;
    await phone.goto(`${app.url}/subscription`);
    await shows(place, text);
    await checkPage(phone, text, { language: 'en', words: 'announced' });
  };
  const BEFORE = '2020-01-01T12:00:00.000Z';
  const AFTER = '2099-01-01T12:00:00.000Z';
  const year = { plan: 'Pro', date: dateOf(effectiveAt), end: 'January 1, 2099' };
  await says(fill(announced.cancelLate, year), ({ subscription }) => {
    subscription.currentPeriodEnd = AFTER;
  });
  await says(fill(announced.endsBefore, { end: 'January 1, 2020' }), ({ subscription }) => {
    subscription.cancelAt = BEFORE;
  });
  await expect.poll(() => place.getByRole('button').count()).toBe(0);
  const toTeam = { plan: 'team' as const, priceId: 'price_team', effectiveAt: BEFORE };
  const next = { next: 'Team', end: 'January 1, 2020' };
  await says(fill(announced.changesBefore, next), ({ subscription }) => {
    subscription.scheduledChange = toTeam;
  });
  const tenant = customer.session.tenant.name;
  await says(fill(announced.ask, { tenant }), (overview) => {
    overview.canManageBilling = false;
  });
  await expect.poll(() => place.getByRole('button').count()).toBe(0);
  await phone.close();
});

test('12.1 who has bought credits on Free is told for what they pay from then on', async () => {
  const buyer = await newVisitor(browser);
  const owner = new Customer(app, await signUp(app, buyer));
  await bought(owner, 'small');
  const rates = { ...FREE.rates, images: 3_000_000 };
  const published = await publish(app, withPlan('free', FREE.limits.images!, { rates }));
  const { effectiveAt } = published.find(({ plan }) => plan === 'free')!;
  const free = await buyer.newPage();
  await free.goto(`${app.url}/subscription`);
  const place = free.locator('[aria-labelledby=announced-title]');
  await inBoth(free, async ({ announced, shell }, f) => {
    const [plan, date] = [shell.plans.free, f.date(effectiveAt!)];
    await shows(place, fill(announced.title, { plan, date }));
    for (const text of [announced.dearer, announced.untilFree, announced.ofFree]) {
      await shows(place, text);
    }
    const language = shell === WORDS.en.shell ? 'en' : 'zh-CN';
    await checkPage(free, 'announced on Free', { language, words: 'announced' });
  });
  await expect.poll(() => place.getByRole('button').count()).toBe(0);
  // Beside the plans it stands of Pro alone.
  const beside = free.locator('#plans .notice');
  await expect.poll(() => beside.count()).toBe(1);
  await shows(beside, 'Pro');
  await buyer.close();
});

test('12.1 it is gone when it is called off, and when it is in force', async () => {
  await publish(app, withPlan('pro', 500));
  await open();
  await isGone();
  const effectiveAt = await announce();
  await open();
  await notice().waitFor();
  await advanceTo(app, effectiveAt.toISOString());
  await planTasks(app);
  await open();
  await isGone();
});

const dateOf = (instant: string) =>
  new Intl.DateTimeFormat('en', { dateStyle: 'long' }).format(new Date(instant));
