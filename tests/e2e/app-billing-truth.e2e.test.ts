import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  withSubscription,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { accessibilityFaults, isInFront, launchBrowser } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';

/** What the pages say of money is so, and what they do not know they say. */
const CONTACT = {
  SUPPORT_EMAIL: 'help@example.com',
  TERMS_URL: 'https://example.com/terms',
  PRIVACY_URL: 'https://example.com/privacy',
};
const words = WORDS.en.subscription;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  [app, browser] = await Promise.all([
    startAppWithPages({ ...CONTACT, STRIPE_CALLS_PER_MINUTE: '100' }),
    launchBrowser(),
  ]);
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

const dialog = () => page.getByRole('dialog');
const current = () => page.locator('.current');
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');

async function open(path = '/subscription'): Promise<void> {
  await page.goto(app.url + path);
  if (path === '/subscription') await page.locator('.current .name').waitFor();
}

/** Everyone can use the page (or a part of it) as it stands, in both themes. */
async function fair(within?: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html${colorScheme === 'dark' ? '.dark' : ':not(.dark)'}`).waitFor();
    expect(await accessibilityFaults(page, within ? { within } : {})).toEqual([]);
  }
}

/** The call takes effect, and its answer never comes, or is another. */
async function loseAnswer(path: string, instead: 'abort' | number = 'abort'): Promise<void> {
  await page.route(`**/api/subscription/${path}`, async (route) => {
    await route.fetch();
    if (instead === 'abort') await route.abort();
    else await route.fulfill({ status: instead, body: 'Bad gateway' });
  });
}

async function openUpgrade(): Promise<void> {
  await open();
  await button('Upgrade to Team').click();
  await dialog().locator('dl').waitFor();
}

describe('13.1 an answer that is lost', () => {
  test.each(['abort', 502] as const)(
    'of an upgrade that was made (%s): what is so is shown',
    async (how) => {
      await customer.subscribe('pro', 'month');
      await openUpgrade();
      await loseAnswer('upgrade', how);
      await dialog()
        .getByRole('button', { name: /^Pay .* and change$/ })
        .click();
      await shows(page.locator('main'), fill(words.change.done, { plan: 'Team' }));
      await current().locator('.name', { hasText: 'Team' }).waitFor();
      expect(await customer.payments()).toHaveLength(2);
    },
  );

  test('of an upgrade that never arrived: not known, looked up, and no second payment offered', async () => {
    await customer.subscribe('pro', 'month');
    await page.setViewportSize({ width: 360, height: 740 });
    await openUpgrade();
    await page.route('**/api/subscription/upgrade', (route) =>
      route.fulfill({ status: 500, body: '' }),
    );
    const synced = page.waitForResponse('**/api/subscription/sync');
    await dialog()
      .getByRole('button', { name: /^Pay .* and change$/ })
      .click();
    await synced;
    await shows(dialog(), WORDS.en.errors.unknown);
    await expect.poll(() => dialog().innerText()).toMatch(/^As we know it now: Pro\. Renews on/m);
    await expect.poll(() => dialog().innerText()).not.toMatch(/nothing was charged/i);
    await expect.poll(() => dialog().getByRole('button', { name: /^Pay/ }).count()).toBe(0);
    // It is seen without scrolling, and what may have gone through is left, not called off.
    await expect.poll(() => isInFront(dialog().getByRole('alert'))).toBe(true);
    await dialog()
      .getByRole('button', { name: WORDS.en.shell.actions.close, exact: true })
      .waitFor();
    await fair('[role=dialog]');
  });

  test('of a cancellation and of taking it back', async () => {
    await customer.subscribe('pro', 'month');
    await open();
    await loseAnswer('cancel');
    await button('Cancel subscription').click();
    await dialog().getByRole('button', { name: 'Cancel subscription' }).click();
    await page.getByText(/^Pro ends on .*/).waitFor();
    await loseAnswer('resume', 504);
    await button('Resume').click();
    await shows(page.locator('main'), words.current.resumed);
  });

  test('of a read speaks of no charge', async () => {
    await page.route('**/api/subscription', (route) => route.fulfill({ status: 500, body: '' }));
    await page.goto(`${app.url}/subscription`);
    await shows(current(), WORDS.en.errors.internal);
    await expect.poll(() => page.locator('main').innerText()).not.toMatch(/nothing was charged/i);
    await current().getByRole('link', { name: CONTACT.SUPPORT_EMAIL }).waitFor();
  });
});

test('13.2 an upgrade while past due offers to pay first, or another card where nothing can be paid', async () => {
  await customer.subscribe('pro', 'month');
  const owed = { amountMinor: 2_900, currency: 'cny' };
  let payUrl: string | null = `${app.stripeUrl}/i/1`;
  await withSubscription(page, ({ subscription }) => {
    subscription.status = 'past_due';
    const at = '2031-01-08T00:00:00.000Z';
    subscription.pastDue = {
      since: at,
      graceEndsAt: at,
      nextAttemptAt: null,
      actionRequired: false,
      payUrl,
      ...owed,
    };
  });
  const details = { payUrl: null };
  await page.route('**/api/subscription/preview', (route) =>
    route.fulfill({
      status: 402,
      json: { code: 'payment_required', error: '', requestId: 'r', details },
    }),
  );
  await open();
  await inBoth(page, async ({ subscription, plans, shell }, f) => {
    await button(fill(plans.action.upgrade, { plan: shell.plans.team })).click();
    await shows(dialog(), fill(subscription.change.payFirstAmount, { amount: f.money(owed) }));
    await dialog().getByRole('button', { name: subscription.change.payNow }).waitFor();
    await fair('[role=dialog]');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });
  payUrl = null;
  await open();
  await button('Upgrade to Team').click();
  await dialog().getByRole('button', { name: words.change.payFirstCard }).click();
  await page.waitForURL(new RegExp(`^${app.stripeUrl}`));
});

test('13.3 13.4 an upgrade says that the planned end is taken back, with card, terms and next payment', async () => {
  await customer.subscribe('pro', 'month');
  await customer.api.post('/api/subscription/cancel');
  await open();
  await button('Upgrade to Team').click();
  await dialog().locator('dl').waitFor();
  await inDialogInBoth();
  const due = await dialog().locator('dl').innerText();
  expect(due).toMatch(/Paid with\s+Visa ending in 4242/);
  expect(due).toMatch(/Next invoice on .*\s+CN¥99$/m);
  expect(due).not.toMatch(/Tax/);
  await dialog()
    .getByRole('button', { name: /^Pay .* and change$/ })
    .click();
  const done = fill(words.change.done, { plan: 'Team' });
  await shows(page.locator('main'), done);
  await expect.poll(focused).toBe(done);
  expect(await customer.subscription()).toMatchObject({
    plan: 'team',
    cancelAtPeriodEnd: false,
    cancelAt: null,
  });

  await button('Cancel subscription').click();
  await dialog().getByRole('button', { name: 'Cancel subscription' }).click();
  await page.getByText(/^Team ends on/).waitFor();
  await expect.poll(focused).toMatch(/^Team ends on/);
  await button('Resume').click();
  await expect.poll(focused).toBe(words.current.resumed);
});

async function inDialogInBoth(): Promise<void> {
  await shows(dialog(), fill(words.change.takesBackEnd, { plan: 'Team' }));
  await shows(dialog(), 'Renews automatically every month until you cancel.');
  await fair('[role=dialog]');
}

test('13.7 ux 16 a downgrade names what there is less of first, and counts no use of another month', async () => {
  await customer.subscribe('team', 'month');
  await recordUsage(app, customer.tenantId, 'images', 600);
  await open();
  await inBoth(page, async ({ subscription, plans, shell }) => {
    await button(fill(plans.action.downgrade, { plan: shell.plans.pro })).click();
    const losses = dialog().locator('.loss').first().locator('li');
    const told = async () => {
      const all = await losses.allInnerTexts();
      return [all.length, all[1], all.at(-1)];
    };
    const [resource, feature] = [shell.resources.messages, shell.features.all_features];
    const less = fill(subscription.change.lessOf, { resource, from: '100,000', to: '10,000' });
    await expect.poll(told).toEqual([6, less, feature]);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });
  const { currentPeriodEnd } = await customer.subscription();
  const { body } = await customer.api.post<{ exceededQuotas: unknown[]; effectiveAt: string }>(
    '/api/subscription/preview',
    { priceId: await customer.priceOf('pro', 'month') },
  );
  const now = app.server.context.clock.now().toISOString().slice(0, 7);
  expect(body.exceededQuotas).toHaveLength(currentPeriodEnd!.startsWith(now) ? 1 : 0);
});

test('13.3 a change of the interval alone is called so, and by none of its quotas a loss', async () => {
  await customer.subscribe('pro', 'month');
  const [{ tenantId }, { services, clock }] = [customer, app.server.context];
  await services.usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'test', reason: 'a test' },
    ...{ amountMicro: 50_000_000, expiresAt: new Date(clock.now().getTime() + 86_400_000) },
    actor: { kind: 'service', name: 'test' },
  });
  await recordUsage(app, tenantId, 'images', 509); // credits pay nine of them
  await open();
  await inBoth(page, async ({ subscription: { change }, plans, shell }) => {
    const interval = plans.interval.year;
    await page.locator('#plans').getByText(interval).first().click();
    await button(fill(plans.action.switch_interval, { interval })).click();
    const plan = fill(change.byInterval, { plan: shell.plans.pro, interval });
    await dialog()
      .getByRole('heading', { name: fill(change.title, { plan }) })
      .waitFor();
    await dialog().locator('dl').waitFor();
    await expect.poll(() => dialog().locator('.loss').count()).toBe(0);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });
});

test('13.7 the cancel dialog of a trial speaks of no paid time', async () => {
  await customer.subscribe('pro', 'month');
  await withSubscription(page, ({ subscription }) => {
    subscription.status = 'trialing';
    subscription.trialEnd = subscription.currentPeriodEnd;
  });
  await open();
  await inBoth(page, async ({ subscription }) => {
    await button(subscription.current.cancel).click();
    await shows(dialog(), subscription.cancel.refundTrial);
    await expect.poll(() => dialog().getByText(subscription.cancel.refund).count()).toBe(0);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });
});

describe('13.6 the return page', () => {
  test('of a checkout that nobody here opened says so, whatever plan one is on', async () => {
    await customer.subscribe('pro', 'month');
    await open('/checkout/return?session_id=cs_test_of_nobody');
    await inBoth(page, async ({ subscription: { back } }) => {
      await page.getByRole('heading', { name: back.notOurs }).waitFor();
      await shows(page.locator('main'), back.notOursText);
      await shows(page.locator('main'), fill(back.reference, { id: 'cs_test_of_nobody' }));
      await page.locator('main').getByRole('link', { name: CONTACT.SUPPORT_EMAIL }).waitFor();
      await fair();
    });
  });

  test('of one that is open, and of one that ended, claims no payment', async () => {
    const id = await customer.checkout('pro', 'month');
    await open(`/checkout/return?session_id=${id}`);
    await page.getByRole('heading', { name: words.back.unpaid }).waitFor();
    await customer.atStripe(`checkout/sessions/${id}/expire`, {});
    await open(`/checkout/return?session_id=${id}`);
    await page.getByRole('heading', { name: words.back.expired }).waitFor();
  });

  test('13.6 another team’s checkout is nobody’s', async () => {
    const id = await customer.checkout('pro', 'month');
    const other = new Customer(app, await signUp(app));
    const path = `/api/subscription/checkout/${id}`;
    expect(await customer.api.get(path)).toMatchObject({ status: 200, body: { state: 'open' } });
    expect(await other.api.get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

test('13.6 13.8 support, terms and privacy stand under the pages, and the way out of a wrong address is large enough', async () => {
  await open('/nowhere');
  const links = page.getByRole('navigation', { name: WORDS.en.shell.links.label });
  for (const [name, href] of [
    [WORDS.en.shell.links.terms, CONTACT.TERMS_URL],
    [WORDS.en.shell.links.privacy, CONTACT.PRIVACY_URL],
    [WORDS.en.shell.links.support, `mailto:${CONTACT.SUPPORT_EMAIL}`],
  ] as const) {
    await expect.poll(() => links.getByRole('link', { name }).getAttribute('href')).toBe(href);
  }
  const box = await page.getByRole('link', { name: WORDS.en.shell.notFound.home }).boundingBox();
  expect(Math.min(box!.height, box!.width)).toBeGreaterThanOrEqual(24);
  await fair();
});
