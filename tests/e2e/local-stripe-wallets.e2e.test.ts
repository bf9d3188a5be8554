import type { Browser } from 'playwright-core';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibilityFaults, launchBrowser, sidewaysScroll, visit } from '../support/browser.ts';
import { openShop } from '../support/local-stripe-shop.ts';
import type { Shop } from '../support/local-stripe-shop.ts';

let shop: Shop;
let browser: Browser;
let pack: Stripe.Price;

beforeAll(async () => {
  [shop, browser] = await Promise.all([openShop(), launchBrowser()]);
  pack = await shop.stripe.prices.create({
    currency: 'cny',
    unit_amount: 1500,
    product_data: { name: 'Credits' },
  });
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});

const buy = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  shop.session({
    mode: 'payment',
    line_items: [{ price: pack.id, quantity: 2, adjustable_quantity: { enabled: true } }],
    ...params,
  });

test('8 missing: Alipay can be refused, and then authorized', async () => {
  const session = await buy();
  await visit(browser, session.url!, async (page) => {
    await page.getByLabel('Email').fill('wu@example.com');
    await page.getByRole('button', { name: 'Pay with Alipay' }).click();
    await page.getByRole('heading', { name: 'Authorize with Alipay' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Fail payment' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    await expect.poll(() => alert.textContent()).toContain('The payment was not authorized.');
    await page.getByLabel('Email').fill('wu@example.com');
    await page.getByRole('button', { name: 'Pay with Alipay' }).click();
    await page.getByRole('button', { name: 'Authorize payment' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
  expect(await shop.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
  });
});

test('8 missing: WeChat Pay shows its code, in Chinese too, at the width of a phone', async () => {
  const session = await buy({ locale: 'zh', customer_email: 'wu@example.com' });
  await visit(browser, session.url!, async (page) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: '使用微信支付支付' }).click();
    await page.getByRole('img', { name: '此付款的二维码' }).waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityFaults(page)).toEqual([]);
    }
    await expect.poll(() => sidewaysScroll(page)).toBe(0);
    await page.getByRole('button', { name: '授权付款' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
});

test('8 missing: a session for wallets alone asks for no card', async () => {
  const session = await buy({
    allowed_payment_method_types: ['wechat_pay'],
    payment_method_options: { wechat_pay: { client: 'web' } },
  });
  await visit(browser, session.url!, async (page) => {
    await page.getByRole('button', { name: 'Pay with WeChat Pay' }).waitFor();
    await expect.poll(() => page.getByLabel('Card number').count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

test('8 missing: the payer changes the quantity within its bounds', async () => {
  const session = await buy({
    line_items: [
      { price: pack.id, quantity: 2, adjustable_quantity: { enabled: true, maximum: 5 } },
    ],
    customer_email: 'wu@example.com',
  });
  await visit(browser, session.url!, async (page) => {
    const field = page.getByLabel('Quantity of Credits');
    await field.fill('9');
    await page.getByRole('button', { name: 'Update' }).click();
    await page.getByText('Enter a whole number from 0 to 5.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await field.fill('0');
    await page.getByRole('button', { name: 'Update' }).click();
    await page.getByText('Something must stay in the order.').waitFor();
    await field.fill('4');
    await page.getByRole('button', { name: 'Update' }).click();
    await page.getByRole('button', { name: 'Pay CN¥60.00' }).waitFor();
    await page.getByRole('button', { name: 'Pay with Alipay' }).click();
    await page.getByRole('button', { name: 'Authorize payment' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
  const paid = await shop.stripe.checkout.sessions.retrieve(session.id, { expand: ['line_items'] });
  expect(paid.amount_total).toBe(6000);
  expect(paid.line_items!.data).toMatchObject([
    { quantity: 4, adjustable_quantity: { enabled: true, minimum: 0, maximum: 5 } },
  ]);
});
