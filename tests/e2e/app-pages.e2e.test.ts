import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview, SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  withSubscription,
  WORDS,
} from '../support/app-visitor.ts';
import { Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

/**
 * Judges the page (or a part of it) as it stands, in both themes: only colours change between, and
 * those are the same in every language.
 */
async function judge(page: Page, where: string, within?: string): Promise<void> {
  const isEnglish = (await page.locator('html').getAttribute('lang')) === 'en';
  for (const colorScheme of isEnglish ? (['light', 'dark'] as const) : (['light'] as const)) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html${colorScheme === 'dark' ? '.dark' : ':not(.dark)'}`).waitFor();
    await page.evaluate(
      () => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))),
    );
    const only = colorScheme === 'dark' ? { rules: ['color-contrast'] } : {};
    const faults = await accessibilityFaults(page, { ...only, ...(within ? { within } : {}) });
    expect({ where, colorScheme, faults }).toEqual({ where, colorScheme, faults: [] });
  }
}

/** Nothing is being loaded any more: the usage stream stays open, so the network never rests. */
async function settled(page: Page): Promise<void> {
  const loading = page.locator('main [role=status] .visually-hidden');
  await expect.poll(() => loading.count(), { timeout: 20_000 }).toBe(0);
}

/** Turns to another page by the navigation, as people do. */
async function turnTo(page: Page, path: string): Promise<void> {
  await page.locator(`header nav a[href="${path}"]`).click();
  await page.waitForURL(app.url + path);
  await page.locator('main h1').waitFor();
  await settled(page);
}

async function closeDialog(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

const IN_A_WEEK = '2031-01-08T00:00:00.000Z';
const STATES: [string, (overview: SubscriptionOverview) => void][] = [
  [
    'an upgrade that waits for its payment, and a change that was cut',
    ({ subscription }) => {
      subscription.pendingChange = {
        plan: 'team',
        priceId: 'price_team',
        expiresAt: IN_A_WEEK,
        payUrl: 'http://localhost/i/2',
      };
      subscription.unsettled = { kind: 'change_now', since: '2031-01-01T00:00:00.000Z' };
    },
  ],
  [
    'collection paused, beside another subscription',
    ({ subscription }) => {
      subscription.pause = { of: 'collection', resumesAt: IN_A_WEEK };
      subscription.nextInvoice = null;
      subscription.others = [{ plan: 'team', status: 'past_due', cancelAt: null }];
    },
  ],
  [
    'paused',
    ({ subscription }) => {
      subscription.status = 'past_due';
      subscription.pause = { of: 'subscription', resumesAt: null };
      subscription.nextInvoice = null;
    },
  ],
  [
    '13.8 past due, images used up',
    ({ subscription, usage }) => {
      subscription.status = 'past_due';
      subscription.pastDue = {
        since: '2031-01-01T00:00:00.000Z',
        graceEndsAt: IN_A_WEEK,
        amountMinor: 2_900,
        currency: 'cny',
        nextAttemptAt: IN_A_WEEK,
        actionRequired: false,
        payUrl: 'http://localhost/i/1',
      };
      Object.assign(usage.resources[2]!, { used: 510, percent: 102, level: 'exceeded' });
    },
  ],
  [
    'a member, before a planned change',
    (overview) => {
      overview.canManageBilling = false;
      overview.subscription.scheduledChange = {
        plan: 'pro',
        priceId: 'price_later',
        effectiveAt: IN_A_WEEK,
      };
    },
  ],
];

describe.each(['en', 'zh-CN'] as const)('everyone can use, in %s,', (language) => {
  let context: BrowserContext;
  let page: Page;
  let session: SessionView;

  beforeAll(async () => {
    context = await newVisitor(browser, { language });
    page = await context.newPage();
  });
  afterAll(() => context?.close());

  test('ux 36 the pages before login', async () => {
    for (const path of ['/login', '/register']) {
      await page.goto(app.url + path);
      await page.locator('form').waitFor();
      await judge(page, path);
    }
  });

  test('ux 36 the pages after it', async () => {
    session = await signUp(app, context);
    await page.goto(`${app.url}/nowhere`);
    await page.locator('main h1').waitFor();
    await judge(page, '/nowhere');
    for (const path of ['/chat', '/community', '/settings']) {
      await turnTo(page, path);
      await judge(page, path);
    }
    await page.goto(`${app.url}/checkout/return?canceled=1`);
    await page.locator('main h1').waitFor();
    await judge(page, 'abandoned checkout');
  });

  test('ux 36 the subscription page on Free, and the step before payment', async () => {
    await turnTo(page, '/subscription');
    await page.locator('.pricing .choose').nth(1).waitFor();
    await judge(page, 'on Free');
    await page.locator('.pricing .choose').nth(1).click();
    await page.getByRole('dialog').waitFor();
    await judge(page, 'payment form');
  });

  test('ux 36 the dialogs of who pays', async () => {
    await subscribe(app, session, await priceOf(app, 'pro', 'month'));
    await page.goto(`${app.url}/subscription`);
    await page.locator('.pricing .choose').nth(2).click();
    await page.locator('[role=dialog] dl').waitFor();
    await judge(page, 'change preview', '[role=dialog]');
    await page.keyboard.press('Escape');
    await page.locator('.current .quiet').click();
    await page.locator('[role=dialog] fieldset').waitFor();
    await judge(page, 'cancel dialog', '[role=dialog]');
    await closeDialog(page);
  });

  test('12 a change of which too little is left to charge says where that goes', async () => {
    const customer = new Customer(app, session);
    const body = { priceId: await customer.priceOf('team', 'month') };
    const answer = await customer.api.post<ChangePreview>('/api/subscription/preview', body);
    // So that one yuan is left of it, also where the balance has been changed before.
    const { amountDueNowMinor, carriedOutMinor, balanceLeftMinor } = answer.body;
    const amount = 100 - (amountDueNowMinor + carriedOutMinor - balanceLeftMinor);
    const path = `customers/${await customer.customerId()}/balance_transactions`;
    if (amount !== 0) await customer.atStripe(path, { amount: String(amount), currency: 'cny' });
    await page.goto(`${app.url}/subscription`);
    await page.locator('.pricing .choose').nth(2).click();
    const words = WORDS[language].subscription.change;
    const dialog = page.locator('[role=dialog]');
    const said = async () => (await dialog.allInnerTexts()).join();
    await expect.poll(said).toContain(words.carriedOut);
    const carried = dialog.locator('dl > div', { hasText: words.carriedOut });
    await expect.poll(() => carried.locator('dd').textContent()).toMatch(/\D[01](\.\d\d)?$/);
    const due = dialog.locator('.due dd');
    await expect.poll(() => due.textContent()).toMatch(/\D0$/);
    await page.getByRole('button', { name: words.confirmFree }).waitFor();
    await judge(page, 'preview that carries', '[role=dialog]');
    await closeDialog(page);
  });

  test('10.14 10.15 keys and characters of who pays', async () => {
    await turnTo(page, '/settings');
    const form = page.locator('[aria-labelledby=keys-title] form');
    await form.locator('input[maxlength]').fill('Export');
    await form.locator('label[for$=-some]').click();
    await form.locator('input[type=checkbox]').first().check();
    await form.locator('label[for$="-30"]').click();
    await form.locator('button[type=submit]').click();
    await page.locator('code.key').waitFor();
    await page.locator('tbody tr').waitFor();
    await judge(page, 'an API key just made');

    const sheet = { name: 'Aunt Lin', description: '', greeting: 'Sit.', shared: true };
    await caller(app.url, session.accessToken).post('/api/characters', sheet);
    await turnTo(page, '/community');
    const own = page.locator('article').first();
    await judge(page, 'own character', 'article');
    await own.locator('.more button').first().click();
    await page.locator('[role=dialog] form').waitFor();
    await judge(page, 'character dialog', '[role=dialog]');
    await closeDialog(page);
    await page.locator('article').nth(1).locator('.more button').click();
    await page.locator('[role=dialog] fieldset').waitFor();
    await judge(page, 'report dialog', '[role=dialog]');
    await closeDialog(page);
  });

  test.each(STATES)('ux 36 the subscription page of %s', async (state, change) => {
    await withSubscription(page, change);
    await page.goto(`${app.url}/subscription`);
    await page.locator('.current .name').waitFor();
    await settled(page);
    // The rest of the page is as it was on Free.
    await judge(page, state, '.columns, [aria-labelledby=past-due-title]');
    await page.unroute('**/api/subscription');
  });
});

test('ux 38 no page scrolls sideways at 360 and 320 px', async () => {
  const context = await newVisitor(browser, { width: 360 });
  const page = await context.newPage();
  const fits = async (where: string) => {
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 740 });
      expect([where, width, await sidewaysScroll(page)]).toEqual([where, width, 0]);
    }
  };
  await page.goto(`${app.url}/register`);
  await page.locator('form').waitFor();
  await fits('/register');
  const session = await signUp(app, context);
  await subscribe(app, session, await priceOf(app, 'pro', 'year'));
  const { post } = caller(app.url, session.accessToken);
  const name = 'A_name_without_any_place_to_break_it_and_that_is_long';
  await post('/api/api-keys', { name, scopes: ['chat', 'images', 'usage:read'] });
  await post('/api/characters', { name, description: name, greeting: name });
  await page.goto(`${app.url}/settings`);
  await page.locator('tbody tr').waitFor();
  await fits('/settings');
  for (const path of ['/chat', '/community', '/subscription']) {
    await page.locator(`nav a[href="${path}"] >> visible=true`).click();
    await page.locator('main h1').waitFor({ state: 'attached' });
    await settled(page);
    await fits(path);
  }
  for (const summary of await page.locator('summary').all()) await summary.click();
  await page.locator('.current .quiet').click();
  await page.getByRole('dialog').waitFor();
  await fits('cancel dialog');

  // Whatever can be pressed is at least 24 by 24.
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], label[for], summary')]
      .filter(
        (element) => element.checkVisibility() && getComputedStyle(element).position !== 'fixed',
      )
      .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height > 1 && Math.min(box.width, box.height) < 24)
      .map(({ text, box }) => `${text?.trim()}: ${box.width}x${box.height}`),
  );
  expect(small).toEqual([]);
  await context.close();
});
