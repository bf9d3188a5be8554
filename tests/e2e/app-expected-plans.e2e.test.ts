import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlansView, PriceAction, SubscriptionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  answerOf,
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  withSubscription,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';

/** What people expect of plans, by the numbers of `docs/pages.md`. */
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;
let catalogue: PlansView;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser);
  customer = new Customer(app, await signUp(app, context));
  catalogue = (await customer.api.get<PlansView>('/api/plans')).body;
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const dialog = () => page.getByRole('dialog');
const plans = () => page.locator('#plans');
const card = (name: string) => plans().getByRole('article', { name, exact: true });
async function open(path = '/subscription'): Promise<void> {
  await page.goto(app.url + path);
  if (path === '/subscription') await page.locator('.pricing').nth(2).waitFor();
}
async function closeDialog(): Promise<void> {
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'hidden' });
}
/** Answers as the server would with another catalogue. */
async function withPlans(change: (plans: PlansView) => void): Promise<void> {
  await page.route('**/api/plans', async (route: Route) => {
    const response = await answerOf(route);
    if (!response) return;
    const body = (await response.json()) as PlansView;
    change(body);
    await route.fulfill({ response, json: body });
  });
}
const priceOf = (plan: string, interval: 'month' | 'year') =>
  catalogue.plans
    .find((one) => one.plan === plan)!
    .prices.find((price) => price.interval === interval)!;

test('ux 1 one answer of the server feeds the cards, the comparison and the paywall', async () => {
  await withPlans((view) => {
    const pro = view.plans.find(({ plan }) => plan === 'pro')!;
    Object.assign(pro.limits, { messages: 12_345 });
    pro.prices.find(({ interval }) => interval === 'month')!.amountMinor = 3_700;
  });
  await open();
  await inBoth(page, async ({ plans: words, shell }, f) => {
    const pro = card(shell.plans.pro);
    await shows(pro, f.money({ amountMinor: 3_700, currency: 'cny' }));
    await shows(pro, f.number(12_345));
    await plans().getByText(words.compare).click();
    const row = plans().getByRole('row').filter({ hasText: shell.resources.messages });
    await shows(row, f.compact(12_345));
    await plans().getByText(words.compare).click();
  });
  await recordUsage(app, customer.tenantId, 'messages', 100);
  await open('/chat');
  await page.locator('textarea').fill('One more');
  await page.locator('textarea').press('Enter');
  const { paywall, shell } = WORDS.en;
  const offer = dialog().locator('.offer').filter({ hasText: shell.plans.pro });
  await shows(offer, fill(paywall.price, { amount: 'CN¥37' }));
  await shows(offer, '12,345');
  await page.unrouteAll();
});

test('ux 2 ux 3 ux 4 the interval is chosen by arrow keys; a year says its total, month and saving; Team is monthly', async () => {
  await open();
  const yearly = priceOf('pro', 'year').amountMinor;
  const saved = Math.floor(100 - (yearly * 100) / (priceOf('pro', 'month').amountMinor * 12));
  await inBoth(page, async ({ plans: words, shell, subscription }, f) => {
    const money = (amountMinor: number) => f.money({ amountMinor, currency: 'cny' });
    const group = plans().getByRole('group', { name: words.interval.label });
    await group.getByRole('radio', { name: words.interval.month }).focus();
    await page.keyboard.press('ArrowRight');
    await expect
      .poll(() => group.getByRole('radio', { name: words.interval.year }).isChecked())
      .toBe(true);
    const pro = card(shell.plans.pro);
    await shows(pro, money(yearly));
    const equivalent = { amount: money(Math.round(yearly / 12)), percent: f.percent(saved) };
    await shows(pro, fill(words.equivalent, equivalent));
    const team = card(shell.plans.team);
    await shows(team, words.monthlyOnly);
    const monthly = priceOf('team', 'month');
    await shows(team, money(monthly.amountMinor));
    // What is shown is what is asked for.
    await team
      .getByRole('button', { name: fill(words.action.subscribe, { plan: shell.plans.team }) })
      .click();
    const amount = fill(subscription.pay.perMonth, { amount: money(monthly.amountMinor) });
    await shows(dialog(), amount);
    // Aborted before the route is taken away again, or it would lead to Checkout.
    const aborted = page.waitForEvent('requestfailed');
    await page.route('**/api/subscription/checkout', (route) => route.abort());
    await dialog().getByRole('button', { name: subscription.pay.submit }).click();
    const asked = await aborted;
    expect(asked.url()).toMatch(/\/api\/subscription\/checkout$/);
    expect(asked.postDataJSON()).toMatchObject({ priceId: monthly.priceId });
    await page.unrouteAll();
    await closeDialog();
    await group.getByRole('radio', { name: words.interval.year }).focus();
    await page.keyboard.press('ArrowLeft');
  });
});

test('ux 5 the server decides what each card’s button does', async () => {
  const at = '2031-02-01T00:00:00.000Z';
  const [pro, team] = [priceOf('pro', 'month').priceId, priceOf('team', 'month').priceId];
  const { action, interval } = WORDS.en.plans;
  const { plans: names } = WORDS.en.shell;
  const planned = { scheduledChange: { plan: 'pro' as const, priceId: pro, effectiveAt: at } };
  type State = [
    actions: [PriceAction, PriceAction],
    Partial<SubscriptionView>,
    string[],
    inert: boolean[],
  ];
  const states: State[] = [
    [
      ['subscribe', 'upgrade'],
      {},
      [fill(action.subscribe, { plan: names.pro }), fill(action.upgrade, { plan: names.team })],
      [false, false],
    ],
    [
      ['downgrade', 'current'],
      {},
      [fill(action.downgrade, { plan: names.pro }), action.current],
      [false, true],
    ],
    [
      ['scheduled', 'switch_interval'],
      planned,
      ['Starts on', fill(action.switch_interval, { interval: interval.month })],
      [true, false],
    ],
    [
      ['downgrade', 'current'],
      { cancelAt: at },
      [fill(action.downgrade, { plan: names.pro }), fill(action.resume, { plan: names.team })],
      [false, false],
    ],
  ];
  let state = states[0]!;
  await withSubscription(page, ({ actions, subscription }) => {
    [actions[pro], actions[team]] = state[0];
    const paid = { plan: 'team', priceId: team, interval: 'month', currentPeriodEnd: at };
    Object.assign(subscription, paid, state[1]);
  });
  for (state of states) {
    await open();
    for (const [index, name] of [names.pro, names.team].entries()) {
      const button = card(name).locator('.choose');
      await expect.poll(() => button.innerText()).toContain(state[2][index]!);
      await expect
        .poll(() => button.isDisabled(), { message: state[2][index] })
        .toBe(state[3][index]);
      // Whose plan it is stands on its button or beside its name, and not twice.
      const said = async () => (await card(name).innerText()).split(action.current).length - 1;
      await expect.poll(said).toBeLessThanOrEqual(1);
    }
  }
  await page.unrouteAll();
});

test('ux 7 beside the way to payment stand amount, interval, renewal, its first date and the terms; tax where it is added', async () => {
  let automaticTax = false;
  await page.route('**/api/mode', async (route) => {
    const response = await answerOf(route);
    if (!response) return;
    await route.fulfill({ response, json: { ...(await response.json()), automaticTax } });
  });
  for (automaticTax of [false, true]) {
    await open();
    await inBoth(page, async ({ subscription: { pay }, plans: words, shell }, f) => {
      const choose = fill(words.action.subscribe, { plan: shell.plans.pro });
      await card(shell.plans.pro).getByRole('button', { name: choose }).click();
      const form = dialog().locator('form');
      const amount = f.money({ amountMinor: 2_900, currency: 'cny' });
      await shows(form, fill(pay.perMonth, { amount }));
      await shows(form, pay.renewal.split(' | ')[0]!);
      const [before] = pay.first.split('{date}');
      await shows(form, before!.trim());
      await shows(form, pay.terms);
      await expect.poll(() => form.getByText(pay.tax).count()).toBe(Number(automaticTax));
      await closeDialog();
    });
  }
  await page.unrouteAll();
});

test('ux 14 who pays already changes the plan from the paywall, and begins no second subscription', async () => {
  await page.close();
  await context.close();
  context = await newVisitor(browser);
  customer = new Customer(app, await signUp(app, context));
  page = await context.newPage();
  await customer.subscribe('pro', 'month');
  await recordUsage(app, customer.tenantId, 'messages', 10_000);
  let checkouts = 0;
  page.on('request', (request) => (checkouts += Number(request.url().endsWith('/checkout'))));
  await open('/chat');
  await page.locator('textarea').fill('One more');
  await page.locator('textarea').press('Enter');
  const { paywall, shell, subscription } = WORDS.en;
  const { team } = shell.plans;
  await dialog()
    .getByRole('button', { name: fill(paywall.choose, { plan: team }) })
    .click();
  const preview = page.getByRole('dialog', {
    name: fill(subscription.change.title, { plan: team }),
  });
  await shows(preview, subscription.change.due);
  await preview.getByRole('button', { name: /^Pay .* and change$/ }).click();
  await preview.waitFor({ state: 'hidden' });
  expect(await customer.subscriptionsAtStripe()).toHaveLength(1);
  expect(await customer.subscription()).toMatchObject({ plan: 'team', others: [] });
  expect(checkouts).toBe(0);
});

test('13.10 words of the pages are the plain ones of the field', async () => {
  const reader = await newVisitor(browser, { language: 'zh-CN', width: 1280 });
  const there = await reader.newPage();
  await there.goto(`${app.url}/register`);
  await there.getByLabel('空间名称（选填）').waitFor();
  await new Customer(app, await signUp(app, reader)).subscribe('team', 'month');
  await there.goto(`${app.url}/subscription`);
  await there.getByText(/^\d{4}年\d+月\d+日 UTC 00:00 重置$/).waitFor();
  for (const word of ['月付', '年付', 'API 调用']) await there.getByText(word).first().waitFor();
  await there.getByRole('button', { name: '改为专业版', exact: true }).click();
  await there.getByRole('button', { name: /^(\d{4}年)?\d+月\d+日起改为专业版$/ }).waitFor();
  await there.getByRole('dialog').getByRole('button', { name: '取消', exact: true }).click();
  await there.getByRole('dialog').waitFor({ state: 'hidden' });
  await there.getByRole('button', { name: '取消订阅' }).click();
  await there.getByText('当前计费周期不退款', { exact: false }).waitFor();
  await there.keyboard.press('Escape');
  const broken = { code: 'internal', error: '', requestId: 'req_1', details: {} };
  await there.route('**/api/subscription/payments*', (route) =>
    route.fulfill({ status: 500, json: broken }),
  );
  await there.reload();
  await there.getByText('请求编号：req_1').waitFor();
  await expect
    .poll(() => there.locator('body').innerText())
    .not.toMatch(/您|发票|套餐|重新计算|Small Squaretable/);
  await reader.close();
});

test('13 on a tablet the plans stand beside each other, with their buttons in one row', async () => {
  await page.setViewportSize({ width: 768, height: 1024 });
  await open();
  for (const interval of ['month', 'year'] as const) {
    await inBoth(page, async (words) => {
      await plans().locator('label', { hasText: words.plans.interval[interval] }).click();
      const buttons = () =>
        plans()
          .locator('.pricing .choose')
          .evaluateAll((all) => ({
            count: all.length,
            rows: new Set(all.map((one) => Math.round(one.getBoundingClientRect().top))).size,
            areCut: all.some((one) => one.scrollWidth > one.clientWidth),
          }));
      await expect.poll(buttons).toEqual({ count: 3, rows: 1, areCut: false });
    });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});
