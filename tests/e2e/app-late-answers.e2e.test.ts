import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { creditPrice } from '../../src/client/subscription/overage.ts';
import type { CreditsView } from '../../src/domain/billing/credits.ts';
import type { SessionView } from '../../src/domain/api.ts';
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
import { fill, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { caller } from '../support/http.ts';
import { keepBack } from '../support/late-answers.ts';
import { putOnPaidPlan, putOnPlan } from '../support/metering.ts';
import { agreeToOverage } from '../support/overage.ts';

/** What is made of two answers shows nothing that the second one takes away. */
const words = WORDS.en;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let session: SessionView;
let page: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});
beforeEach(async () => {
  context = await newVisitor(browser);
  session = await signUp(app, context);
  page = await context.newPage();
});
afterEach(() => context.close());

const putOn = (plan: 'free' | 'team') => putOnPlan(app.database, session.tenant.id, plan);

test('13 nobody is invited, and nothing sent again, before the seats are counted', async () => {
  await putOn('team');
  const { post } = caller(app.url, session.accessToken);
  await post('/api/invitations', { email: 'guest@example.com', role: 'member' });
  await app.database.pool.query(
    `update invitations set expires_at = now() - interval '1 day' where tenant_id = $1`,
    [session.tenant.id],
  );
  await putOn('free');
  const card = page.locator('[aria-labelledby=invitations-title]');
  const members = await keepBack(page, '**/api/members', '**/api/invitations');
  await page.goto(`${app.url}/team`);
  await members.shown();
  await expect.poll(() => card.locator('form, button').count()).toBe(0);
  members.come();
  await shows(card, words.team.invitations.alone);
  await shows(card, words.team.invitations.expired);
  await expect.poll(() => card.locator('form').count()).toBe(0);
  await expect
    .poll(() => card.getByRole('button').allInnerTexts())
    .toEqual([words.team.invitations.revoke]);

  // Where they cannot be counted the server has the last word.
  await page.unroute('**/api/members');
  await page.route('**/api/members', (route) => route.fulfill({ status: 500, body: '' }));
  await page.reload();
  await card.locator('form').waitFor();
});

test('13 what was done in a team is waited for, and asked for again where it could not be read', async () => {
  const card = page.locator('[aria-labelledby=audit-title]');
  await page.route('**/api/tenant/audit*', (route) => route.abort());
  await page.goto(`${app.url}/team`);
  // It is read anew when the members have come.
  await page.locator('.member').waitFor();
  await card.getByRole('alert').getByText(words.shell.failed).waitFor();
  await expect.poll(() => card.getByRole('status').count()).toBe(0);
  await page.unrouteAll();
  await card.getByRole('button', { name: words.shell.actions.retry }).click();
  await shows(card, words.team.audit.none);
});

test('10.14 the form for keys, and the way to a larger plan, wait for what the plan includes', async () => {
  const card = page.locator('[aria-labelledby=keys-title]');
  const plan = await keepBack(page, '**/api/subscription', '**/api/api-keys');
  await page.goto(`${app.url}/settings`);
  await plan.shown();
  await expect.poll(() => card.locator('form, button').count()).toBe(0);
  plan.come();
  await shows(card, fill(words.settings.keys.locked, { plan: words.shell.plans.pro }));
  await expect.poll(() => card.locator('form').count()).toBe(0);
});

test('11 who sits at the table is nobody else before their name is known', async () => {
  const sheet = { name: 'Aurelia', description: '', greeting: 'Come in.', shared: false };
  await caller(app.url, session.accessToken).post('/api/characters', sheet);
  await page.goto(`${app.url}/chat`);
  await page.locator('label', { hasText: 'Aurelia' }).click();
  const heading = (name: string) =>
    page.getByRole('heading', { name: fill(words.chat.with, { name }) });
  await heading('Aurelia').waitFor();
  const characters = await keepBack(page, '**/api/characters', '**/api/subscription');
  await page.reload();
  await characters.shown();
  await expect.poll(() => heading(words.chat.narrator).count()).toBe(0);
  await expect.poll(() => page.getByText(words.chat.narratorGreeting).count()).toBe(0);
  characters.come();
  await heading('Aurelia').waitFor();
  await shows(page.getByRole('log'), 'Come in.');
});

test('12.4 overage that the next message cannot have is never said to be on', async () => {
  const { id } = session.tenant;
  await putOnPaidPlan(app.database, id, 'team');
  const at = app.server.context.clock.now();
  await agreeToOverage(app.database, id, { capMinor: 5_000, at });
  await page.route('**/api/credits', async (route) => {
    const response = await answerOf(route);
    if (!response) return;
    const json = (await response.json()) as CreditsView;
    await route.fulfill({
      response,
      json: { ...json, spendable: { ...json.spendable, messages: 0 } },
    });
  });
  const card = page.locator('#limits');
  const credits = await keepBack(page, '**/api/credits', '**/api/billing/limits');
  await page.goto(`${app.url}/subscription#limits`);
  await card.scrollIntoViewIfNeeded();
  await credits.shown();
  const price = creditPrice({ currency: 'cny', minorPerCredit: '11' }, 'en');
  await expect.poll(() => card.getByText(fill(words.limits.state.on, { price })).count()).toBe(0);
  credits.come();
  await shows(card, words.limits.state.reached);
});

test('12.3 a paywall offers no plan before it knows which one the reader has', async () => {
  await recordUsage(app, session.tenant.id, 'messages', 100);
  await withSubscription(page, ({ subscription }) => {
    subscription.plan = 'team';
  });
  const plan = await keepBack(page, '**/api/subscription', '**/api/plans');
  await page.goto(`${app.url}/chat`);
  await page.locator('textarea').fill('One more');
  await page.locator('textarea').press('Enter');
  const paywall = page.getByRole('dialog');
  await paywall.waitFor();
  await plan.shown();
  await expect.poll(() => paywall.locator('.offer').count()).toBe(0);
  plan.come();
  await paywall.getByText(words.paywall.top).waitFor();
  await paywall.locator('.offer').waitFor();
});

test('12.3 who asks for a feature before the plans are read is offered those that have it', async () => {
  const sheet = { name: 'Aurelia', description: '', greeting: 'Come in.', shared: false };
  await caller(app.url, session.accessToken).post('/api/characters', sheet);
  const list = await keepBack(page, '**/api/plans', '**/api/subscription');
  await page.goto(`${app.url}/community`);
  await list.shown();
  await page.getByRole('button', { name: 'Share Aurelia' }).click();
  const paywall = page.getByRole('dialog');
  await paywall.waitFor();
  list.come();
  await expect.poll(() => paywall.locator('.offer').count()).toBe(2);
});

test('ux 17 a planned change of the interval is never said to change nothing', async () => {
  const { plans } = (
    await caller(app.url).get<{
      plans: { plan: string; prices: { priceId: string; interval: string }[] }[];
    }>('/api/plans')
  ).body;
  const pro = plans.find(({ plan }) => plan === 'pro')!;
  const { priceId } = pro.prices.find(({ interval }) => interval === 'month')!;
  const at = '2031-02-01T00:00:00.000Z';
  await withSubscription(page, ({ subscription }) => {
    Object.assign(subscription, {
      ...{ plan: 'pro', status: 'active', interval: 'year', priceId: 'price_1' },
      ...{ currentPeriodEnd: at, scheduledChange: { plan: 'pro', priceId, effectiveAt: at } },
    });
  });
  const list = await keepBack(page, '**/api/plans', '**/api/subscription');
  await page.goto(`${app.url}/subscription`);
  const current = page.locator('.current');
  await current.locator('.name').waitFor();
  await list.shown();
  await expect.poll(() => current.innerText()).not.toContain('until');
  list.come();
  await shows(
    current,
    words.subscription.current.scheduledMonthly.split('{plan}')[1]!.split('{')[0]!,
  );
});

test('13.7 past its grace the cancel dialog names Free at no moment, but what is paid for', async () => {
  await putOnPaidPlan(app.database, session.tenant.id, 'pro');
  const { plans } = (
    await caller(app.url).get<{ plans: { plan: string; prices: { priceId: string }[] }[] }>(
      '/api/plans',
    )
  ).body;
  const { priceId } = plans.find(({ plan }) => plan === 'pro')!.prices[0]!;
  await withSubscription(page, ({ subscription }) => {
    Object.assign(subscription, { plan: 'free', status: 'past_due', priceId });
  });
  const list = await keepBack(page, '**/api/plans', '**/api/subscription');
  await page.goto(`${app.url}/subscription`);
  const { cancel, current } = words.subscription;
  await page.getByRole('button', { name: current.cancel, exact: true }).click();
  await list.shown();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: cancel.confirm, exact: true }).waitFor();
  await dialog.getByRole('button', { name: words.shell.actions.back, exact: true }).waitFor();
  list.come();
  const { pro } = words.shell.plans;
  await dialog.getByRole('heading', { name: fill(cancel.title, { plan: pro }) }).waitFor();
  await dialog.getByRole('button', { name: fill(cancel.keep, { plan: pro }) }).waitFor();
});

test('10.24 what lies far down is not fetched while plans that are late leave the page short', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  const isFetched = () => fetched.some((url) => url.includes('/assets/LimitsCards-'));
  const plans = await keepBack(page, '**/api/plans', '**/api/subscription');
  await page.goto(`${app.url}/subscription`);
  await plans.shown();
  expect(isFetched()).toBe(false);
  plans.come();
  await page.getByText(words.plans.tagline.pro).first().waitFor();
  await page.locator('#limits').scrollIntoViewIfNeeded();
  await expect.poll(isFetched).toBe(true);
});
