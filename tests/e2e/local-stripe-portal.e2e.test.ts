import type { Browser, Page } from 'playwright-core';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibilityFaults, launchBrowser, sidewaysScroll, visit } from '../support/browser.ts';
import { openShop } from '../support/local-stripe-shop.ts';
import type { Shop } from '../support/local-stripe-shop.ts';

let shop: Shop;
let browser: Browser;

beforeAll(async () => {
  [shop, browser] = await Promise.all([openShop(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});

const find = (id: string) => shop.stripe.subscriptions.retrieve(id);
const status = (page: Page) => page.getByRole('status').textContent();

async function fillCard(page: Page, number: string): Promise<void> {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Expiry (MM / YY)').fill('12 / 40');
  await page.getByLabel('Security code (CVC)').fill('123');
}

test('a higher plan is previewed, paid and in force at once', async () => {
  const { customer, subscription } = await shop.subscriber();
  await visit(browser, await shop.portal(customer), async (page) => {
    await page.getByRole('link', { name: 'Change plan' }).click();
    await page.getByRole('radio', { name: /Team/ }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    const pay = page.getByRole('button', { name: /^Pay CN¥\d+\.\d\d and confirm$/ });
    await pay.waitFor();
    const shown = /CN¥(\d+\.\d\d)/.exec((await pay.textContent()) ?? '')![1];
    await pay.click();
    await expect.poll(() => status(page)).toContain('Your plan has been changed.');
    const changed = await find(subscription);
    expect(changed.items.data[0]!.price.id).toBe(shop.teamMonthly.id);
    const invoice = await shop.stripe.invoices.retrieve(changed.latest_invoice as string);
    expect(invoice).toMatchObject({ status: 'paid', billing_reason: 'subscription_update' });
    expect((invoice.amount_paid / 100).toFixed(2)).toBe(shown);
  });
});

test('a lower plan waits for the period’s end, and can be taken back', async () => {
  const { customer, subscription } = await shop.subscriber();
  await shop.stripe.subscriptions.update(subscription, {
    items: [{ id: (await find(subscription)).items.data[0]!.id, price: shop.teamMonthly.id }],
    proration_behavior: 'always_invoice',
  });
  await visit(browser, await shop.portal(customer), async (page) => {
    await page.getByRole('link', { name: 'Change plan' }).click();
    await page.getByRole('radio', { name: /Pro.*per month/ }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(/The change takes effect on/).waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText(/Changes to Pro on/).waitFor();
    const planned = await find(subscription);
    expect(planned.schedule).not.toBeNull();
    expect(planned.items.data[0]!.price.id).toBe(shop.teamMonthly.id);
    await page.getByRole('button', { name: 'Keep the current plan instead' }).click();
    await page.getByText(/Changes to Pro on/).waitFor({ state: 'detached' });
    await page.getByRole('status').waitFor();
    expect((await find(subscription)).schedule).toBeNull();
  });
});

test('cancelling says until when, asks why, and is undone by one click', async () => {
  const { customer, subscription } = await shop.subscriber();
  await visit(browser, await shop.portal(customer), async (page) => {
    await page.getByRole('link', { name: 'Cancel subscription' }).click();
    await page.getByText(/Pro stays yours until/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('radio', { name: "It's too expensive" }).check();
    await page.getByRole('button', { name: 'Cancel subscription' }).click();
    await expect.poll(() => status(page)).toContain('Your subscription has been cancelled.');
    const ending = await find(subscription);
    expect(ending).toMatchObject({
      status: 'active',
      cancel_at: ending.items.data[0]!.current_period_end,
      cancel_at_period_end: false,
      cancellation_details: { feedback: 'too_expensive', reason: 'cancellation_requested' },
    });
    await page.getByRole('button', { name: "Don't cancel" }).click();
    await expect.poll(() => status(page)).toContain('Your subscription goes on.');
    expect(await find(subscription)).toMatchObject({ cancel_at: null, canceled_at: null });
  });
});

test('a new card, challenged by the bank, becomes the default; a bad one is refused', async () => {
  const { customer } = await shop.subscriber();
  const url = await shop.portal(customer, {
    flow_data: {
      type: 'payment_method_update',
      after_completion: { type: 'redirect', redirect: { return_url: `${shop.home}?card=saved` } },
    },
  });
  await visit(browser, url, async (page) => {
    await fillCard(page, '4000000000000002');
    await page.getByRole('button', { name: 'Save card' }).click();
    await page.getByRole('alert').waitFor();
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('Your card was declined.');
    await fillCard(page, '4000002500003155');
    await page.getByRole('button', { name: 'Save card' }).click();
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await page.waitForURL(`${shop.home}?card=saved`);
  });
  const { invoice_settings } = (await shop.stripe.customers.retrieve(customer, {
    expand: ['invoice_settings.default_payment_method'],
  })) as Stripe.Customer;
  expect(invoice_settings.default_payment_method).toMatchObject({ card: { last4: '3155' } });
});

test('an invoice that failed at renewal is shown, printed and paid with another card', async () => {
  const { customer, subscription } = await shop.subscriber('pm_card_visa');
  const method = (await shop.stripe.customers.retrieve(customer)) as {
    invoice_settings?: { default_payment_method: string };
  };
  const card = method.invoice_settings!.default_payment_method;
  await fetch(`${shop.local.url}/_control/payment_methods/${card}`, {
    method: 'POST',
    body: JSON.stringify({ declineCode: 'insufficient_funds' }),
  });
  const { items } = await find(subscription);
  await shop.local.advanceTo(items.data[0]!.current_period_end + 2 * 3600);
  expect(await find(subscription)).toMatchObject({ status: 'past_due' });

  await visit(browser, await shop.portal(customer), async (page) => {
    await page.getByText('Past due').waitFor();
    await page.getByRole('link', { name: 'Pay the open invoice' }).click();
    await page.getByText(/Your card has insufficient funds/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    const pdf = await page.request.get(`${page.url()}/pdf`);
    expect(pdf.headers()['content-type']).toBe('application/pdf');
    expect((await pdf.body()).subarray(0, 5).toString()).toBe('%PDF-');

    await fillCard(page, '5555555555554444');
    await page.getByRole('button', { name: /^Pay CN¥[\d.]+$/ }).click();
    await page.getByText('Invoice paid').waitFor();
    expect(await find(subscription)).toMatchObject({ status: 'active' });
  });
});

test.each([
  ['zh', 'dark', '账单管理'],
  ['en', 'light', 'Billing'],
] as const)(
  'the portal speaks %s on a %s phone, without faults',
  async (locale, colorScheme, h1) => {
    const { customer } = await shop.subscriber();
    await visit(
      browser,
      await shop.portal(customer, { locale }),
      async (page) => {
        await page.getByRole('heading', { name: h1, level: 1 }).waitFor();
        expect(await accessibilityFaults(page)).toEqual([]);
        await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
      },
      { colorScheme, viewport: { width: 360, height: 740 } },
    );
  },
);
