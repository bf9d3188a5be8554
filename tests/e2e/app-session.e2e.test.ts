import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlansView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  answerOf,
  newVisitor,
  PASSWORD,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  withSubscription,
  WORDS,
} from '../support/app-visitor.ts';
import { inBoth, shows } from '../support/both-languages.ts';
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

const refuse = { status: 503, contentType: 'application/json', body: '{"code":"busy"}' };

describe('when one endpoint fails, the other cards go on', () => {
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    context = await newVisitor(browser);
    await signUp(app, context);
    page = await context.newPage();
  });
  afterAll(() => context?.close());

  test.each([
    ['**/api/plans', 'section#plans'],
    ['**/api/subscription', 'section[aria-labelledby=current-title]'],
    ['**/api/subscription/usage/history*', 'section[aria-labelledby=history-title]'],
    ['**/api/subscription/payments*', 'section[aria-labelledby=payments-title]'],
    ['**/api/credits', '#credits'],
  ])('ux 6 ux 19 ux 40 %s', async (endpoint, card) => {
    await page.route(endpoint, (route) => route.fulfill(refuse));
    await page.goto(`${app.url}/subscription`);
    const failure = page.locator(card).getByRole('alert');
    await failure.waitFor();
    // A card that cannot know never says "free".
    await expect
      .poll(() => page.locator(card).locator('.price, .name').allInnerTexts())
      .not.toContain('Free');

    const others = [
      '#plans',
      '[aria-labelledby=history-title]',
      '[aria-labelledby=payments-title]',
      '#credits',
    ];
    for (const other of others.filter((selector) => !card.endsWith(selector))) {
      await page.locator(`section${other}`).waitFor();
      await expect.poll(() => page.locator(`section${other}`).getByRole('alert').count()).toBe(0);
    }
    await page.unroute(endpoint);
    await failure.getByRole('button', { name: 'Try again' }).click();
    await failure.waitFor({ state: 'detached' });
  });
});

test('ux 13 a lost session leads to the login, and back to the full address', async () => {
  const context = await newVisitor(browser);
  const { user } = await signUp(app, context);
  const page = await context.newPage();
  await page.goto(`${app.url}/subscription`);
  await page.locator('.current .name').waitFor();
  await context.clearCookies();
  await page.goto(`${app.url}/checkout/return?session_id=cs_test_1`);
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText(WORDS.en.subscription.back.notOurs).waitFor();
  const address = () => new URL(page.url()).pathname + new URL(page.url()).search;
  await expect.poll(address).toBe('/checkout/return');
  await context.close();
});

test('ux 41 logging out ends every tab, and the next account sees nothing of the last', async () => {
  const context = await newVisitor(browser);
  const rich = await signUp(app, context);
  await subscribe(app, rich, await priceOf(app, 'team', 'month'));
  const poor = await signUp(app);
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const page of [first, second]) {
    await page.goto(`${app.url}/subscription`);
    await page.locator('.current .name', { hasText: 'Team' }).waitFor();
  }
  await first.getByRole('button', { name: 'Log out' }).click();
  await first.waitForURL(/\/login/);
  await second.waitForURL(/\/login/);

  // A slow answer shows what a page draws before it knows.
  await first.route('**/api/subscription', async (route) => {
    await first.evaluate(() => document.querySelector('main')?.setAttribute('data-seen', ''));
    await route.continue();
  });
  const seen: string[] = [];
  first.on('request', async (request) => {
    if (!request.url().endsWith('/api/subscription')) return;
    seen.push(await first.locator('main').innerText());
  });
  await first.getByLabel('E-mail').fill(poor.user.email);
  await first.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await first.getByRole('button', { name: 'Log in' }).click();
  await first.getByRole('link', { name: 'Subscription' }).first().click();
  await first.locator('.current .name', { hasText: 'Free' }).waitFor();
  expect(seen.join(' ')).not.toMatch(/Renews on|CN¥99\s+Paid/);
  await first.getByText('No invoices yet.').waitFor();
  await context.close();
});

test('ux 8 a double click opens one Checkout, and coming back leaves the button ready', async () => {
  const context = await newVisitor(browser);
  await signUp(app, context);
  const page = await context.newPage();
  await page.goto(`${app.url}/subscription`);
  let calls = 0;
  page.on('request', (request) => (calls += Number(request.url().endsWith('/checkout'))));
  await page.getByRole('button', { name: 'Choose Pro' }).click();
  await page.getByRole('button', { name: 'Continue to payment' }).dblclick();
  await page.waitForURL(/\/c\/pay\//);
  expect(calls).toBe(1);
  await page.goBack();
  await page.getByRole('button', { name: 'Choose Pro' }).waitFor();
  const again = page.getByRole('dialog').or(page.getByRole('button', { name: 'Choose Pro' }));
  await expect.poll(() => again.first().isEnabled()).toBe(true);
  await context.close();
});

test('ux 39 language and theme are remembered, and set before the first paint', async () => {
  const context = await newVisitor(browser, { language: 'en', theme: 'light' });
  const page = await context.newPage();
  await page.goto(`${app.url}/login`);
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.getByRole('button', { name: 'ZH, switch to Chinese' }).click();
  await page.getByRole('button', { name: '登录' }).waitFor();

  // With the app itself held back, the page already has its theme and its language.
  await page.route('**/assets/**', (route) => route.abort());
  await page.goto(`${app.url}/login`, { waitUntil: 'commit' });
  await page.locator('html.dark[lang="zh-CN"]').waitFor({ state: 'attached' });
  await context.close();
});

test('ux 39 theme and stillness follow the system, before the first paint', async () => {
  for (const theme of ['dark', 'light'] as const) {
    const context = await newVisitor(browser, { theme });
    const page = await context.newPage();
    await page.route('**/assets/**/*.js', (route) => route.abort());
    await page.goto(`${app.url}/login`, { waitUntil: 'commit' });
    const root = page.locator(theme === 'dark' ? 'html.dark' : 'html:not(.dark)');
    await root.waitFor({ state: 'attached' });
    await page.unrouteAll();
    await page.goto(`${app.url}/login`);
    await page.locator('form button[type=submit]').waitFor();
    // The visitor wants no motion: whatever moves is over at once.
    const longest = await page.evaluate(() =>
      Math.max(
        ...[...document.querySelectorAll('*')].map((one) =>
          parseFloat(getComputedStyle(one).transitionDuration),
        ),
      ),
    );
    expect(longest).toBeLessThanOrEqual(0.01);
    await context.close();
  }
});

test('9 a rehearsal says on every page, in both languages, that no payment is real', async () => {
  const context = await newVisitor(browser);
  await context.route('**/api/mode', (route) => route.fulfill({ json: { testMode: true } }));
  const page = await context.newPage();
  await page.goto(`${app.url}/login`);
  await inBoth(page, ({ shell }) => shows(page.locator('#app'), shell.testMode));
  await signUp(app, context);
  await page.goto(`${app.url}/community`);
  await shows(page.locator('#app'), WORDS.en.shell.testMode);
  await context.close();
});

test('9 the pages tell the zone and the language of their reader, for mails', async () => {
  const session = await signUp(app);
  const reading = async () => {
    const { rows } = await app.database.pool.query<{ locale: string; time_zone: string | null }>(
      'select locale, time_zone from users where id = $1',
      [session.user.id],
    );
    return rows[0];
  };
  const context = await browser.newContext({ locale: 'en', timezoneId: 'Asia/Tokyo' });
  const page = await context.newPage();
  await page.goto(`${app.url}/login`);
  const told = page.waitForResponse(
    (one) => one.url().endsWith('/api/auth/me') && one.request().method() === 'PATCH',
  );
  await page.getByLabel('E-mail').fill(session.user.email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  expect((await told).status()).toBe(200);
  expect(await reading()).toEqual({ locale: 'en', time_zone: 'Asia/Tokyo' });
  await context.close();
});

test('9 who is billed in another currency sees the plans in it, where a price has it', async () => {
  const context = await newVisitor(browser);
  await signUp(app, context);
  const page = await context.newPage();
  await withSubscription(page, (overview) => {
    overview.currency = 'usd';
  });
  await page.route('**/api/plans', async (route) => {
    const response = await answerOf(route);
    if (!response) return;
    const body = (await response.json()) as PlansView;
    const team = body.plans.find(({ plan }) => plan === 'team')!;
    team.prices[0]!.currencyOptions = [{ amountMinor: 1500, currency: 'usd' }];
    await route.fulfill({ response, json: body });
  });
  await page.goto(`${app.url}/subscription`);
  const cards = page.locator('#plans');
  await inBoth(page, async (_, f) => {
    await shows(cards, f.money({ amountMinor: 1500, currency: 'usd' }));
    await shows(cards, f.money({ amountMinor: 2900, currency: 'cny' }));
    await expect
      .poll(() => cards.getByText(f.money({ amountMinor: 9900, currency: 'cny' })).count())
      .toBe(0);
  });
  await context.close();
});
