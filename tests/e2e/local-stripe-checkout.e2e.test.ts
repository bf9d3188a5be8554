import type { Browser, Page } from 'playwright-core';
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

async function fillCard(page: Page, number: string): Promise<void> {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Expiry (MM / YY)').fill('12 / 40');
  await page.getByLabel('Security code (CVC)').fill('123');
}

test('a person pays by keyboard alone and lands at the shop with the session’s id', async () => {
  const session = await shop.session();
  await visit(browser, session.url!, async (page) => {
    await page.getByLabel('Email').focus();
    await page.keyboard.type('keys@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.type('4242424242424242');
    await page.keyboard.press('Tab');
    await page.keyboard.type('1240');
    await page.keyboard.press('Tab');
    await page.keyboard.type('123');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toContain('Subscribe');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
  const paid = await shop.stripe.checkout.sessions.retrieve(session.id);
  expect(paid).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    url: null,
    customer_details: { email: 'keys@example.com' },
  });
  expect(await shop.stripe.subscriptions.retrieve(paid.subscription as string)).toMatchObject({
    status: 'active',
  });
  await visit(browser, session.url!, async (page) => {
    await page.getByRole('heading', { name: 'All done' }).waitFor();
    await page.getByRole('link', { name: 'Continue' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
});

test('a declined card says so, and the next one pays', async () => {
  const session = await shop.session({ customer_email: 'retry@example.com' });
  await visit(browser, session.url!, async (page) => {
    await fillCard(page, '4000000000009995');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    await expect.poll(() => alert.textContent()).toContain('Your card has insufficient funds.');
    const open = await shop.stripe.checkout.sessions.retrieve(session.id);
    expect(open).toMatchObject({ status: 'open', payment_status: 'unpaid', subscription: null });

    await page.getByRole('link', { name: /4242 4242 4242 4242/ }).click();
    await expect
      .poll(() => page.getByLabel('Card number').inputValue())
      .toBe('4242 4242 4242 4242');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
});

test('what is typed wrong is said at its field, without an attempt', async () => {
  const session = await shop.session();
  await visit(browser, session.url!, async (page) => {
    await page.getByLabel('Email').fill('nobody');
    await fillCard(page, '4242424242424241');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('This card number is not valid.').waitFor();
    await expect
      .poll(() => page.getByLabel('Card number').getAttribute('aria-invalid'))
      .toBe('true');
    await expect.poll(() => page.getByText('Enter an email address.').isVisible()).toBe(true);
  });
  const events = await shop.stripe.events.list({ type: 'payment_intent.*', limit: 1 });
  expect(events.data[0]?.data.object).not.toMatchObject({ status: 'requires_payment_method' });
});

test('a bank that asks can be failed and then satisfied', async () => {
  const session = await shop.session({ customer_email: 'bank@example.com' });
  await visit(browser, session.url!, async (page) => {
    await fillCard(page, '4000002500003155');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByRole('button', { name: 'Fail authentication' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    await expect.poll(() => alert.textContent()).toContain('could not authenticate');

    await fillCard(page, '4000002500003155');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
});

test('a promotion code takes its part off, can be removed, and reaches the subscription', async () => {
  const coupon = await shop.stripe.coupons.create({
    percent_off: 20,
    duration: 'forever',
    name: 'Friends',
  });
  await shop.stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: coupon.id },
    code: 'FRIENDS',
  });
  const session = await shop.session({
    allow_promotion_codes: true,
    customer_email: 'friend@example.com',
  });
  await visit(browser, session.url!, async (page) => {
    const due = page.locator('[data-due]');
    const enter = async (code: string): Promise<void> => {
      await page.getByLabel('Promotion code').fill(code);
      await page.getByRole('button', { name: 'Apply' }).click();
    };
    await enter('NOPE');
    await page.getByText('The code “NOPE” is not valid.').waitFor();
    await enter('friends');
    await page.getByText('Friends – 20% off').waitFor();
    await expect.poll(() => due.textContent()).toBe('CN¥23.20');
    await page.getByRole('button', { name: 'Remove FRIENDS' }).click();
    await page.getByLabel('Promotion code').waitFor();
    await expect.poll(() => due.textContent()).toBe('CN¥29.00');
    await enter('FRIENDS');
    await fillCard(page, '4242424242424242');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.waitForURL(`${shop.home}?paid=${session.id}`);
  });
  const paid = await shop.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['invoice', 'subscription.discounts'],
  });
  expect(paid.amount_total).toBe(2320);
  expect(paid.invoice).toMatchObject({ amount_paid: 2320, total: 2320 });
  expect((paid.subscription as { discounts: unknown[] }).discounts).toHaveLength(1);
});

test('whoever leaves goes back to the shop, and can come again', async () => {
  const session = await shop.session();
  await visit(browser, session.url!, async (page) => {
    await page.getByRole('link', { name: /Back to/ }).click();
    await page.waitForURL(`${shop.home}?left=yes`);
    await page.goBack();
    await page.getByRole('button', { name: 'Subscribe' }).waitFor();
  });
  await shop.stripe.checkout.sessions.expire(session.id);
  await visit(browser, session.url!, async (page) => {
    await page.getByRole('heading', { name: 'This checkout has timed out' }).waitFor();
  });
});

test('pays without scripts, too', async () => {
  const session = await shop.session({ customer_email: 'plain@example.com' });
  await visit(
    browser,
    session.url!,
    async (page) => {
      await page.getByRole('link', { name: /4242 4242 4242 4242/ }).click();
      await page.getByRole('button', { name: 'Subscribe' }).click();
      await page.waitForURL(`${shop.home}?paid=${session.id}`);
    },
    { javaScriptEnabled: false },
  );
});

test.each([
  ['zh', 'dark', '订阅 Pro'],
  ['en', 'light', 'Subscribe to Pro'],
] as const)('speaks %s on a %s phone, without faults', async (locale, colorScheme, heading) => {
  const session = await shop.session({ locale, allow_promotion_codes: true });
  await visit(
    browser,
    session.url!,
    async (page) => {
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
      const text = await page.locator('body').innerText();
      if (locale === 'en') expect(text).not.toMatch(/\p{Script=Han}/u);
      // A label of two lines does not push its input down.
      const tops = await page
        .locator('.pair input')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
      expect(new Set(tops).size).toBe(1);
    },
    { colorScheme, viewport: { width: 360, height: 740 } },
  );
});
