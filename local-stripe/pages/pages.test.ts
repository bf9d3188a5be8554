import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';

let local: LocalStripe;
let stripe: Stripe;
let price: Stripe.Price;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0, checkResponses: true });
  stripe = new Stripe('sk_test_pages', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2900,
    recurring: { interval: 'month' },
    product_data: { name: 'Pro <script>alert(1)</script>' },
  });
});
afterAll(() => local.close());

const session = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    success_url: 'https://app.example/ok',
    line_items: [{ price: price.id, quantity: 1 }],
    ...params,
  });
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, local.url), { headers, redirect: 'manual' });
const post = (path: string, form: Record<string, string>) =>
  fetch(new URL(path, local.url), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });

describe('Checkout', () => {
  test('shows what others wrote as text, and loads nothing from elsewhere', async () => {
    const { url } = await session();
    const response = await get(url!);
    const text = await response.text();
    expect(text).toContain('Pro &lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toContain('<script>alert');
    expect(text).not.toMatch(/(?:src|href)="https?:/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test.each([
    [{ locale: 'zh' as const }, 'en', 'zh-CN'],
    [{ locale: 'en' as const }, 'zh-CN', 'en'],
    [{}, 'zh-CN,zh;q=0.9', 'zh-CN'],
    [{}, 'fr', 'en'],
  ])('with %o for a browser in %s is in %s', async (params, header, lang) => {
    const { url } = await session(params);
    const text = await (await get(url!, { 'accept-language': header })).text();
    expect(text).toContain(`<html lang="${lang}">`);
  });

  test.each([
    [{}],
    [{ number: '4242424242424242', expiry: '12/40', cvc: '123' }],
    [{ email: 'a@b.co', number: '4242', expiry: '99/99', cvc: '' }],
    [
      {
        email: `${'x'.repeat(6000)}@b.co`,
        number: '4242424242424242',
        expiry: '12/40',
        cvc: '123',
      },
    ],
    [{ __proto__: 'x', constructor: 'y' }],
  ])('answers the form %j with the form, and tries nothing', async (form) => {
    const { id, url } = await session();
    const response = await post(url!, form as Record<string, string>);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('aria-invalid="true"');
    expect(local.kernel.store.get('_checkout', id).intent).toBeNull();
  });

  test('asks for what the session asks for, and only then', async () => {
    const { url } = await session({
      phone_number_collection: { enabled: true },
      billing_address_collection: 'required',
      consent_collection: { terms_of_service: 'required' },
      custom_fields: [
        { key: 'team', type: 'text', label: { type: 'custom', custom: 'Team name' } },
        {
          key: 'size',
          type: 'dropdown',
          label: { type: 'custom', custom: 'Size' },
          dropdown: { options: [{ label: 'Small', value: 's' }] },
          optional: true,
        },
      ],
      custom_text: { submit: { message: 'You can leave at any time.' } },
    });
    const asking = await (await get(url!)).text();
    const names = ['phone', 'line1', 'country', 'terms_of_service', 'custom_team', 'custom_size'];
    for (const name of names) expect(asking).toContain(`name="${name}"`);
    expect(asking).toContain('You can leave at any time.');
    const plain = await (await get((await session()).url!)).text();
    for (const name of names) expect(plain).not.toContain(`name="${name}"`);
  });
});

test.each([
  '/c/pay/cs_x',
  '/p/session/bps_x',
  '/i/in_x',
  '/i/in_x/pdf',
  '/3ds/pi_x',
  '/nowhere',
  '/',
])('%s is a page that says there is nothing', async (path) => {
  const response = await get(path);
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('Nothing here');
});

test.each(['/c/pay/cs_x', '/p/session/bps_x/customer', '/i/in_x', '/3ds/pi_x'])(
  'a form sent to %s is not found either',
  async (path) => {
    expect((await post(path, { a: '1' })).status).toBe(404);
  },
);
