import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { openShop } from '../support/local-stripe-shop.ts';
import type { Shop } from '../support/local-stripe-shop.ts';

let shop: Shop;
let browser: Browser;
let page: Page;
let receiver: Server;
let received: string[] = [];

beforeAll(async () => {
  [shop, browser] = await Promise.all([openShop(), launchBrowser()]);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push((JSON.parse(body) as { type: string }).type);
      response.end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  await shop.stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    enabled_events: ['customer.created', 'invoice.paid', 'invoice.payment_failed'],
  });
  page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
  receiver?.closeAllConnections();
  await new Promise((closed) => receiver?.close(closed));
});
beforeEach(() => {
  received = [];
});

const panel = (path = '') => page.goto(`${shop.local.url}/_control${path}`);
const button = (name: string) => page.getByRole('button', { name, exact: true });
const notice = () => page.getByRole('status').textContent();
/** Every button sends a form: the page that answers it is there when this resolves. */
async function press(name: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), button(name).click()]);
  await page.getByRole('status').waitFor();
}

test('time is turned by a day and to the end of a period, and renews', async () => {
  const { customer, subscription } = await shop.subscriber();
  await panel(`/customers/${customer}`);
  const before = shop.local.kernel.now();
  await press('A day');
  await expect.poll(() => notice()).toContain('Everything that fell due is done and delivered.');
  expect(shop.local.kernel.now()).toBeGreaterThanOrEqual(before + 86_400);

  const { items } = await shop.stripe.subscriptions.retrieve(subscription);
  await press('To the period end');
  await press('A day');
  const renewed = await shop.stripe.subscriptions.retrieve(subscription);
  expect(renewed.items.data[0]!.current_period_start).toBe(items.data[0]!.current_period_end);
  await expect.poll(() => page.locator('[data-status="paid"]').count()).toBe(2);
  expect(received.filter((type) => type === 'invoice.paid').length).toBeGreaterThanOrEqual(1);
});

test('a card that fails from now on fails at the renewal', async () => {
  const { customer, subscription } = await shop.subscriber();
  await panel(`/customers/${customer}`);
  await page.getByLabel('How it fails').selectOption('lost_card');
  await press('Fails from now on');
  await expect.poll(() => notice()).toContain('The card fails from now on.');
  await page.getByText('fails: lost_card').waitFor();
  await press('To the period end');
  await press('A day');
  expect((await shop.stripe.subscriptions.retrieve(subscription)).status).toBe('past_due');
  expect(received).toContain('invoice.payment_failed');
});

test('events are delivered twice or not at all, and again on request', async () => {
  await panel('/settings');
  await press('Twice');
  await expect.poll(() => page.locator('[data-chaos]').textContent()).toContain('Twice');
  await shop.stripe.customers.create({ email: 'twice@example.com' });
  await shop.local.settled();
  expect(received).toEqual(['customer.created', 'customer.created']);

  await press('Not at all');
  received = [];
  await shop.stripe.customers.create({ email: 'never@example.com' });
  await shop.local.settled();
  expect(received).toEqual([]);

  await press('Normally');
  await panel('/events');
  await page.getByRole('link', { name: 'customer.created' }).first().click();
  await page.getByText('Dropped').waitFor();
  await press('Resend');
  await expect.poll(() => notice()).toContain('on its way again');
  await expect.poll(() => received).toEqual(['customer.created']);
});

test('8 retries of one-off invoices are set apart from those of subscriptions', async () => {
  await panel('/settings');
  const group = (name: string) => page.getByRole('group', { name });
  await group('One-off invoices').getByLabel('Attempts in all').fill('2');
  await group('One-off invoices').getByLabel('Days between attempts').fill('1');
  await group('One-off invoices').getByLabel('After the last one').selectOption('uncollectible');
  await Promise.all([
    page.waitForEvent('load'),
    page.locator('form[action$=retry_settings]').getByRole('button').click(),
  ]);
  await page.getByRole('status').waitFor();
  await expect
    .poll(() => group('Subscriptions').getByLabel('Attempts in all').inputValue())
    .not.toBe('2');

  const { customer } = await shop.subscriber();
  await panel(`/customers/${customer}`);
  await press('Fails from now on');
  const invoice = await shop.stripe.invoices.create({ customer, auto_advance: true });
  await shop.stripe.invoiceItems.create({
    customer,
    invoice: invoice.id!,
    amount: 900,
    currency: 'cny',
  });
  for (let day = 0; day < 3; day += 1) {
    await press('A day');
  }
  expect(await shop.stripe.invoices.retrieve(invoice.id!)).toMatchObject({
    status: 'uncollectible',
    attempt_count: 2,
  });
});

test.each(['', '/invoices', '/settings'])(
  'the page /_control%s is without faults and fits a phone',
  async (path) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await panel(path);
    expect(await accessibilityFaults(page)).toEqual([]);
    await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
  },
);
