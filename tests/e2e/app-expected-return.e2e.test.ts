import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LANGUAGE_KEY } from '../../src/client/i18n/languages.ts';
import type { PaymentView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import { newVisitor, signUp, startAppWithPages, WORDS } from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';

/** What people expect of the way back from payment, by the numbers of `docs/pages.md`. */
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser);
  await context.addInitScript((key) => localStorage.setItem(key, 'en'), LANGUAGE_KEY);
  await signUp(app, context);
});
afterEach(() => page.close());
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const AT = '2031-02-01T00:00:00.000Z';
const main = () => page.locator('main');
const button = (name: string) => page.getByRole('button', { name, exact: true });

test('ux 9 ux 12 the return page asks every two seconds for half a minute, then offers to refresh, with a number', async () => {
  page = await context.newPage();
  let asked = 0;
  await page.route('**/api/subscription/checkout/*', (route) => route.abort());
  page.on('request', (request) => (asked += Number(/subscription(\/sync)?$/.test(request.url()))));
  await page.clock.install();
  await page.goto(`${app.url}/checkout/return?session_id=cs_test_1`);
  const { back } = WORDS.en.subscription;
  const status = main().getByRole('status');
  await shows(status, back.waiting);
  await expect.poll(() => status.getByText(/thank you/i).count()).toBe(0);
  await expect.poll(() => new URL(page.url()).search).toBe('');
  const before = asked;
  // It asks again only when it was answered, however slow that is.
  const askedLater = async () => {
    await page.clock.runFor(2_000);
    return asked;
  };
  await expect.poll(askedLater).toBeGreaterThan(before);
  for (let second = 0; second < 60; second += 2) {
    if (await main().getByRole('heading', { name: back.slow }).count()) break;
    await page.clock.runFor(2_000);
  }
  await main().getByRole('heading', { name: back.slow }).waitFor();
  await shows(main(), fill(back.reference, { id: 'cs_test_1' }));
  const given = asked;
  await page.clock.runFor(10_000);
  expect(asked).toBe(given);
  await button(WORDS.en.shell.actions.refresh).click();
  await shows(status, back.waiting);
  await expect.poll(() => asked).toBeGreaterThan(given);
  // The address is stripped, and a reload begins no payment and says no success.
  await page.reload();
  await shows(main().getByRole('status'), back.waiting);
  await expect.poll(() => new URL(page.url()).search).toBe('');
});

test.each([
  ['authenticate', 'authentication_required'],
  ['failed', 'card_declined'],
  ['processing', null],
] as const)(
  'ux 10 on the way back %s (%s) is said as what it is, with what to do next',
  async (kind, code) => {
    page = await context.newPage();
    const payment = {
      ...{
        id: 'in_1',
        number: 'A-1',
        status: 'open',
        about: 'subscription',
        reason: 'subscription_create',
      },
      ...{
        amountDueMinor: 2_900,
        amountPaidMinor: 0,
        amountRefundedMinor: 0,
        fromBalanceMinor: 0,
        currency: 'cny',
      },
      ...{ periodStart: null, periodEnd: null, paidAt: null, dispute: null, createdAt: AT },
      failure: code && { code, message: '' },
      ...{ hostedInvoiceUrl: 'http://localhost/i/1', invoicePdf: null },
    } as PaymentView;
    await page.route('**/api/subscription/payments*', (route) =>
      route.fulfill({ json: { payments: [payment], nextCursor: null } }),
    );
    const state = code === null ? 'processing' : 'open';
    await page.route('**/api/subscription/checkout/*', (route) =>
      route.fulfill({ json: { state } }),
    );
    await page.goto(`${app.url}/checkout/return?session_id=cs_test_1`);
    await inBoth(page, async ({ subscription: { back }, shell }) => {
      await main().getByRole('heading', { name: back[kind], exact: true }).waitFor();
      await shows(main(), back[`${kind}Text`]);
      const next = kind === 'processing' ? shell.actions.refresh : back[`${kind}Action`];
      await button(next).waitFor();
    });
  },
);

test('ux 11 who leaves the payment reads that the checkout is not completed, and of no cancelled subscription', async () => {
  page = await context.newPage();
  await page.goto(`${app.url}/checkout/return?canceled=1`);
  await inBoth(page, async ({ subscription: { back } }) => {
    await main().getByRole('heading', { name: back.abandoned }).waitFor();
    await expect
      .poll(() => main().innerText())
      .not.toMatch(/subscription .*cancel|取消.*订阅|订阅.*取消/i);
  });
  await expect.poll(() => new URL(page.url()).search).toBe('');
});
