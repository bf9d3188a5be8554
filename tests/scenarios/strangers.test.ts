import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { GOOD_CARD, settled, signUp } from '../support/customer.ts';
import { caller } from '../support/http.ts';

/** Nobody gets what is another's, whatever stands in a request or at Stripe. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const FREE = { plan: 'free', status: 'active' };

/** Sends exactly these headers, `Host` among them, which `fetch` does not let one choose. */
function postWith(path: string, headers: Record<string, string>, body: object) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(app.url + path, { method: 'POST', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

test('a customer at Stripe with the same address is not taken over, nor what it has', async () => {
  const person = await signUp(app);
  const { id } = await person.atStripe<{ id: string }>('customers', {
    email: person.session.user.email,
  });
  const card = await person.atStripe<{ id: string }>(`payment_methods/pm_card_visa/attach`, {
    customer: id,
  });
  await person.atStripe('subscriptions', {
    customer: id,
    'items[0][price]': await person.priceOf('team', 'month'),
    default_payment_method: card.id,
  });
  await settled(app);
  expect(await person.sync()).toMatchObject(FREE);
  await person.checkout('pro', 'month');
  expect(await person.customerId()).not.toBe(id);
  expect(await person.sync()).toMatchObject(FREE);
});

test('coming back from Checkout gives nothing before it is paid, whosever session one names', async () => {
  const [payer, guest] = [await signUp(app), await signUp(app)];
  const paid = await payer.checkout('team', 'month');
  await payer.pay(paid, GOOD_CARD);
  await settled(app);
  await guest.checkout('pro', 'month');
  for (const body of [{ sessionId: paid }, { session_id: paid }]) {
    await guest.api.post(`/api/subscription/sync?session_id=${paid}`, body);
    expect(await guest.subscription()).toMatchObject(FREE);
  }
  expect(await payer.subscription()).toMatchObject({ plan: 'team' });
});

test('ids of another team in a request reach nothing of it', async () => {
  const [owner, guest] = [await signUp(app), await signUp(app)];
  await owner.subscribe('pro', 'month');
  await guest.subscribe('pro', 'month');
  const [theirs] = await owner.subscriptionsAtStripe();
  const ids = {
    tenantId: owner.tenantId,
    customerId: await owner.customerId(),
    subscriptionId: theirs!.id,
  };
  const query = new URLSearchParams(ids).toString();
  const priceId = await guest.priceOf('team', 'month');
  for (const [verb, body] of Object.entries({
    cancel: {},
    resume: {},
    portal: {},
    preview: { priceId },
    upgrade: { priceId },
    checkout: { priceId },
  })) {
    const answer = await guest.api.post(`/api/subscription/${verb}?${query}`, { ...body, ...ids });
    expect(answer.status, verb).toBeLessThan(500);
    expect(JSON.stringify(answer.body), verb).not.toContain(ids.customerId);
  }
  const [payment] = await owner.payments();
  for (const path of [
    `payments?${query}`,
    `payments/${payment!.id}`,
    `usage/export.csv?${query}`,
  ]) {
    const answer = await guest.api.get(`/api/subscription/${path}`);
    expect(JSON.stringify(answer.body), path).not.toContain(payment!.number);
  }
  expect(await owner.sync()).toMatchObject({ plan: 'pro', cancelAt: null });
  expect(await owner.subscriptionsAtStripe()).toHaveLength(1);
});

test('where a payer lands is our own address, whatever a request says', async () => {
  const person = await signUp(app);
  const evil = 'evil.example';
  const priceId = await person.priceOf('pro', 'month');
  const headers = {
    Authorization: `Bearer ${person.session.accessToken}`,
    'Content-Type': 'application/json',
    Host: evil,
    Origin: `https://${evil}`,
    Referer: `https://${evil}/`,
    'X-Forwarded-Host': evil,
    'X-Forwarded-Proto': 'javascript',
    Forwarded: `host=${evil}`,
  };
  for (const extra of ['successUrl', 'success_url', 'cancelUrl', 'returnUrl', 'return_url']) {
    const body = { priceId, [extra]: `https://${evil}/` };
    const answer = await postWith('/api/subscription/checkout', headers, body);
    expect(answer, extra).toMatchObject({ status: 400 });
  }
  const { status, text } = await postWith('/api/subscription/checkout', headers, { priceId });
  expect(status).toBe(200);
  const { checkoutUrl } = JSON.parse(text) as { checkoutUrl: string };
  const id = new URL(checkoutUrl).pathname.split('/').at(-1)!;
  const session = await person.atStripe<{ success_url: string; cancel_url: string }>(
    `checkout/sessions/${id}`,
  );
  const { appUrl } = app.server.context.config;
  for (const url of [session.success_url, session.cancel_url]) {
    expect(new URL(url).origin).toBe(new URL(appUrl).origin);
  }
  const portal = await postWith('/api/subscription/portal', headers, {});
  expect(portal.status).toBe(200);
  const page = await fetch((JSON.parse(portal.text) as { portalUrl: string }).portalUrl);
  expect(await page.text()).not.toContain(evil);
});

test('a subscription is its customer’s, whatever its metadata say', async () => {
  const [owner, named] = [await signUp(app), await signUp(app)];
  await owner.subscribe('team', 'month');
  const [subscription] = await owner.subscriptionsAtStripe();
  for (const path of [
    `subscriptions/${subscription!.id}`,
    `customers/${await owner.customerId()}`,
  ]) {
    await owner.atStripe(path, { 'metadata[tenantId]': named.tenantId });
  }
  await settled(app);
  expect(await named.sync()).toMatchObject(FREE);
  expect(await owner.sync()).toMatchObject({ plan: 'team' });
});

test('an address that was changed at Stripe signs nobody in, and nobody out', async () => {
  const person = await signUp(app);
  await person.subscribe('pro', 'month');
  const email = 'somebody-else@example.com';
  await person.atStripe(`customers/${await person.customerId()}`, { email });
  await settled(app);
  const me = await person.api.get<{ user: { email: string } }>('/api/auth/me');
  expect(me.body.user.email).toBe(person.session.user.email);
  const credentials = { email, password: 'correct horse battery' };
  expect((await caller(app.url).post('/api/auth/login', credentials)).status).toBe(401);
});

test('a session of another kind at Stripe is no purchase', async () => {
  const person = await signUp(app);
  await person.checkout('pro', 'month');
  const product = await person.atStripe<{ id: string }>('products', { name: 'A poster' });
  const price = await person.atStripe<{ id: string }>('prices', {
    product: product.id,
    currency: 'cny',
    unit_amount: '1000',
  });
  const session = await person.atStripe<{ id: string }>('checkout/sessions', {
    mode: 'payment',
    customer: await person.customerId(),
    'line_items[0][price]': price.id,
    'line_items[0][quantity]': '1',
    success_url: 'https://shop.example/',
  });
  expect(await person.pay(session.id, GOOD_CARD)).toMatchObject({ status: 'complete' });
  await settled(app);
  expect(await person.subscription()).toMatchObject(FREE);
  expect((await person.openCheckout('pro', 'month')).status).toBe(200);
});
