import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Formats } from '../../src/client/i18n/format.ts';
import type { ChangePreview } from '../../src/domain/api.ts';
import { LANGUAGE_KEY } from '../../src/client/i18n/languages.ts';
import type { Messages } from '../../src/client/i18n/en/index.ts';
import type { TestApp } from '../support/app.ts';
import { newVisitor, signUp, startAppWithPages } from '../support/app-visitor.ts';
import { answerOf, withSubscription, WORDS } from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { advanceDays, Customer, FAILING_CARD, settled } from '../support/customer.ts';
import { caller } from '../support/http.ts';

/** What Stripe, staff and failures make of a subscription, truly, as its owner reads it in both languages. */
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  // Two subscriptions stay two, so that the page of both can be read.
  const env = { DUPLICATE_SUBSCRIPTION: 'alert' };
  [app, browser] = await Promise.all([startAppWithPages(env), launchBrowser()]);
  await someoneNew();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

async function someoneNew(): Promise<void> {
  await context?.close();
  context = await newVisitor(browser);
  await context.addInitScript((key) => localStorage.setItem(key, 'en'), LANGUAGE_KEY);
  customer = new Customer(app, await signUp(app, context));
  page = await context.newPage();
}

const current = () => page.locator('.current');
const dialog = () => page.getByRole('dialog');
const invoices = () => page.locator('[aria-labelledby=payments-title] tbody tr');
async function open(path = '/subscription'): Promise<void> {
  await page.goto(app.url + path);
  if (path === '/subscription') await page.locator('.current .name').waitFor();
}
async function closeDialog(): Promise<void> {
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'hidden' });
}
async function staff(form: Record<string, string>): Promise<void> {
  const [{ id } = { id: '' }] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${id}`, form);
  await settled(app);
}
const chaos = (failNext: object[]) => caller(app.stripeUrl).post('/_control/chaos', { failNext });

describe('9 what staff arrange', () => {
  test('a tab elsewhere hears of a new plan and shows it everywhere at once', async () => {
    await open('/settings');
    await page.getByText(fill(WORDS.en.settings.keys.locked, { plan: 'Pro' })).waitFor();
    await customer.subscribe('pro', 'month');
    await page.getByLabel(WORDS.en.settings.keys.name).waitFor();
    await page.getByRole('link', { name: 'Community' }).first().click();
    await page.getByRole('button', { name: 'Create a character' }).click();
    await dialog().getByLabel('Share with the community').waitFor();
    await closeDialog();
    await page.getByRole('link', { name: 'Subscription' }).first().click();
    await page.locator('.current .name', { hasText: 'Pro' }).waitFor();
    await invoices().first().waitFor();
  });

  test('a pause of the collection', async () => {
    const resumesAt = Math.floor(app.server.context.clock.now().getTime() / 1000) + 20 * 86_400;
    await staff({
      'pause_collection[behavior]': 'void',
      'pause_collection[resumes_at]': String(resumesAt),
    });
    await open();
    await inBoth(page, async ({ subscription: words }, f) => {
      const date = f.date(new Date(resumesAt * 1000));
      await shows(current(), fill(words.notes.collectionUntil, { date }));
    });
    await staff({ pause_collection: '' });
  });

  test('payment by invoice: a change asks to write to support, and not to try again', async () => {
    await staff({ collection_method: 'send_invoice', days_until_due: '14' });
    await open();
    await inBoth(page, async ({ subscription: words, plans, shell }) => {
      const upgrade = fill(plans.action.upgrade, { plan: shell.plans.team });
      await page.getByRole('button', { name: upgrade }).click();
      await shows(dialog(), words.arranged.invoices);
      await closeDialog();
    });
    await staff({ collection_method: 'charge_automatically' });
  });
});

describe('9 a change of plan', () => {
  test('within a period says its tax and what the month has, and an unknown outcome is found out', async () => {
    await advanceDays(app, 10);
    const vat = { display_name: 'VAT', percentage: '10', inclusive: 'false' };
    const { id } = await customer.atStripe<{ id: string }>('tax_rates', vat);
    await staff({ 'default_tax_rates[0]': id });
    const priceId = await customer.priceOf('team', 'month');
    const { body } = await customer.api.post<ChangePreview>('/api/subscription/preview', {
      priceId,
    });
    expect(body.taxMinor).toBeGreaterThan(0);
    await open();
    await inBoth(page, async ({ subscription: words, plans, shell }, f) => {
      const upgrade = fill(plans.action.upgrade, { plan: shell.plans.team });
      await page.getByRole('button', { name: upgrade }).click();
      await dialog().locator('dl').waitFor();
      await shows(dialog(), words.change.growing.split('{count}')[0]!);
      await shows(dialog(), f.number(100_000));
      const tax = f.money({ amountMinor: body.taxMinor, currency: 'cny' });
      await shows(dialog().locator('dl'), tax);
      await closeDialog();
    });

    await page.getByRole('button', { name: 'Upgrade to Team' }).click();
    await dialog().locator('dl').waitFor();
    await page.route('**/api/subscription/sync', (route) => route.abort());
    await chaos([
      { status: 500, when: 'after', match: { method: 'POST', path: '/v1/subscriptions/:id' } },
      { status: 500, match: { method: 'GET', path: '/v1/customers/:id' }, nth: 2 },
    ]);
    await dialog()
      .getByRole('button', { name: /^Pay .* and change$/ })
      .click();
    await shows(dialog(), WORDS.en.errors.outcome_unknown);
    await chaos([]);
    await expect.poll(() => dialog().getByRole('button', { name: /^Pay/ }).count()).toBe(0);
    await closeDialog();
    await advanceDays(app, 0.01);
    await app.server.context.services.subscriptions.settleIntents();
    await settled(app);
    await open();
    const { growing } = await customer.subscription();
    await inBoth(page, async ({ subscription: words, usage, shell }, f) => {
      await shows(current(), fill(words.notes.settled.changed, { plan: shell.plans.team }));
      const date = f.date(growing!.wholeAt);
      const count = f.number(growing!.thisMonth.messages!);
      await shows(
        page.locator('main'),
        fill(usage.growing, { count, whole: f.number(100_000), date }),
      );
    });
  });

  test('ux 17 that is planned, and an end that is planned, say when', async () => {
    await customer.change('pro', 'month');
    await open();
    const { scheduledChange } = await customer.subscription();
    await inBoth(page, async ({ subscription: words, shell }, f) => {
      const date = f.date(scheduledChange!.effectiveAt);
      const { team, pro } = shell.plans;
      await shows(current(), fill(words.current.scheduled, { plan: team, date, next: pro }));
    });
    await page.getByRole('button', { name: 'Undo' }).click();
    await shows(page.locator('main'), WORDS.en.subscription.current.undone);
    await customer.api.post('/api/subscription/cancel');
    await open();
    const { cancelAt, currentPeriodEnd } = await customer.subscription();
    await inBoth(page, async ({ subscription: words }, f) => {
      await shows(
        current(),
        fill(words.current.ends, { date: f.date((cancelAt ?? currentPeriodEnd)!) }),
      );
    });
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await shows(page.locator('main'), WORDS.en.subscription.current.resumed);
  });
});

test('9 refunds and disputes stand in the list of invoices', async () => {
  const charges = 'select stripe_charge_id from payments where tenant_id = $1 order by created_at';
  const { rows } = await app.database.pool.query(charges, [customer.tenantId]);
  const [first, second] = rows.map((row) => String(row['stripe_charge_id'])) as [string, string];
  await customer.atStripe('refunds', { charge: first, amount: '700' });
  await customer.stripe.post('/_control/disputes', { charge: second, reason: 'fraudulent' });
  await settled(app);
  await open();
  const amountMinor = (await customer.payments())[0]!.dispute!.amountMinor;
  const taken = (f: Formats) => f.money({ amountMinor, currency: 'cny' });
  await inBoth(page, async ({ payments: words }, f) => {
    await shows(invoices().last(), words.status.partly_refunded);
    const amount = f.money({ amountMinor: 700, currency: 'cny' });
    await shows(invoices().last(), fill(words.refunded, { amount }));
    await shows(invoices().first(), words.status.disputed);
    await shows(invoices().first(), fill(words.dispute.open, { amount: taken(f) }));
  });
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(`disputes?charge=${second}`);
  await customer.atStripe(`disputes/${data[0]!.id}/close`, {});
  await settled(app);
  await open();
  await inBoth(page, async ({ payments: words }, f) => {
    await shows(invoices().first(), words.status.dispute_lost);
    await shows(invoices().first(), fill(words.dispute.lost, { amount: taken(f) }));
  });
});

test('9 two subscriptions: both are told, and cancelling says that it ends both', async () => {
  await customer.atStripe('subscriptions', {
    customer: await customer.customerId(),
    'items[0][price]': await customer.priceOf('pro', 'year'),
    payment_behavior: 'default_incomplete',
  });
  await settled(app);
  await open();
  await inBoth(page, async ({ subscription: words, shell }) => {
    const one = words.notes.others.split(' | ')[0]!;
    await shows(current(), fill(one, { plans: shell.plans.pro }));
    await page.getByRole('button', { name: words.current.cancel }).click();
    await shows(dialog(), fill(words.cancel.all, { count: 2 }));
    await closeDialog();
  });
  await page.getByRole('button', { name: 'Cancel subscription' }).click();
  await dialog().getByRole('button', { name: 'Cancel subscription' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Team ends on .* Your 2 subscriptions all end\.$/ })
    .waitFor();
});

describe('9 what is not paid', () => {
  test('ux 25 after the last attempt says so, asks for the invoice first, and its end voids it', async () => {
    await someoneNew();
    await customer.subscribe('pro', 'month');
    await customer.useCard(FAILING_CARD);
    const settings = { attempts: 1, spacingSeconds: 86_400, final: 'past_due' };
    await caller(app.stripeUrl).post('/_control/retry_settings', settings);
    await advanceDays(app, 32);
    await customer.sync();
    await open();
    const { pastDue } = await customer.subscription();
    await inBoth(page, async ({ shell, plans, subscription: words, payments }, f) => {
      const told = page.locator('[aria-labelledby=past-due-title]');
      await shows(told, shell.pastDue.noRetry);
      await expect.poll(() => told.innerText()).not.toMatch(/。[ \u00a0]/);
      await shows(invoices().first(), payments.status.failed);
      await shows(invoices().first(), payments.failure.card_declined);
      await invoices().first().locator('a', { hasText: payments.pay }).waitFor();
      const upgrade = fill(plans.action.upgrade, { plan: shell.plans.team });
      await page.getByRole('button', { name: upgrade }).click();
      await shows(dialog(), fill(words.change.payFirstAmount, { amount: f.money(pastDue!) }));
      await dialog().getByRole('button', { name: words.change.payNow }).waitFor();
      await closeDialog();
    });
    await page.getByRole('button', { name: 'Cancel subscription' }).click();
    await shows(dialog(), WORDS.en.subscription.cancel.refundUnpaid);
    await dialog().getByRole('button', { name: 'Cancel subscription' }).click();
    await page.getByText('The subscription has ended.').waitFor();
    await page.locator('[aria-labelledby=past-due-title]').waitFor({ state: 'detached' });
    await open();
    const { cancelAt } = await customer.subscription();
    await inBoth(page, async ({ subscription: words, payments }, f) => {
      await shows(current(), fill(words.current.ended, { date: f.date(cancelAt!) }));
      await shows(invoices().first(), payments.status.void);
      const link = invoices().first().locator('.links a').first();
      await expect.poll(() => link.innerText()).toBe(payments.view);
    });
  });

  test('who comes back to another currency hears what credit stays, and why it may be refused', async () => {
    const credit = { amountMinor: 700, currency: 'cny' };
    await customer.atStripe(`customers/${await customer.customerId()}/balance_transactions`, {
      amount: String(-credit.amountMinor),
      currency: credit.currency,
    });
    await customer.sync();
    await page.route('**/api/plans', async (route) => {
      const response = await answerOf(route);
      const text = (await response?.text())?.replaceAll('"cny"', '"usd"');
      if (text) await route.fulfill({ response, body: text });
    });
    const refusal = { code: 'currency_conflict', error: '', details: {} };
    await page.route('**/api/subscription/checkout', (route) =>
      route.fulfill({ status: 409, json: refusal }),
    );
    await open();
    await inBoth(page, async ({ subscription: words, plans, shell, errors }, f) => {
      await shows(current(), fill(words.notes.credit, { amount: f.money(credit) }));
      const choose = fill(plans.action.subscribe, { plan: shell.plans.pro });
      await page.getByRole('button', { name: choose }).click();
      await shows(dialog(), fill(words.pay.otherCurrency, { amount: f.money(credit) }));
      await dialog().getByRole('button', { name: words.pay.submit }).click();
      await shows(dialog(), errors.currency_conflict);
      await closeDialog();
    });
    await page.unrouteAll();
  });
});

test('9 what is still being found out is told meanwhile, and asked for again', async () => {
  let isKnown = false;
  await withSubscription(page, ({ subscription }) => {
    if (!isKnown) subscription.unsettled = { kind: 'change_now', since: subscription.cancelAt! };
  });
  await page.clock.install();
  await open();
  const note = ({ subscription: words }: Messages) => current().getByText(words.notes.unsettled);
  await inBoth(page, (words) => note(words).waitFor());
  isKnown = true;
  await page.clock.fastForward(16_000);
  await note(WORDS.en).waitFor({ state: 'detached' });
  await page.unrouteAll();
});

test('9 a trial that the card had before is told where it ended, and after paying', async () => {
  await withSubscription(page, ({ subscription }) => {
    subscription.endReason = 'trial_used';
  });
  await open();
  await inBoth(page, ({ subscription: words }) => shows(current(), words.current.trialUsed));
  const sessionId = await customer.checkout('pro', 'month');
  const json = { state: 'paid' };
  await page.route('**/api/subscription/checkout/*', (route) => route.fulfill({ json }));
  await open(`/checkout/return?session_id=${sessionId}`);
  await inBoth(page, ({ subscription: words }) =>
    shows(page.locator('main'), words.back.trialUsedText),
  );
  await page.getByRole('button', { name: 'Back to the plans' }).click();
  await page.waitForURL(/\/subscription#plans$/);
  await page.unrouteAll();
});
