import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import { newVisitor, PASSWORD, signUp, startAppWithPages, WORDS } from '../support/app-visitor.ts';
import { accessibilityFaults, launchBrowser } from '../support/browser.ts';
import { caller } from '../support/http.ts';

let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let session: SessionView;
let page: Page;

beforeAll(async () => {
  // With an SMTP server addresses are to be shown; nothing listens there, and nothing is sent.
  const mailed = { SMTP_URL: 'smtp://127.0.0.1:1' };
  const limits = { TRUSTED_PROXIES: 'loopback', LOGIN_FAILURES_MAX: '3' };
  [app, browser] = await Promise.all([
    startAppWithPages({ ...mailed, ...limits }),
    launchBrowser(),
  ]);
  context = await newVisitor(browser, { address: '198.51.100.1' });
  session = await signUp(app, context);
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

/** The address in the newest mail of that kind. */
async function mailedLink(kind: string, email: string): Promise<string> {
  const { rows } = await app.database.pool.query<{ url: string }>(
    `select data->>'url' as url from mail_outbox where kind = $1 and recipient = $2
     order by created_at desc limit 1`,
    [kind, email],
  );
  const { pathname, search } = new URL(rows[0]!.url);
  return app.url + pathname + search;
}
const banner = (on: Page) => on.getByRole('heading', { name: WORDS.en.auth.verify.banner });

async function say(words: string): Promise<void> {
  await page.locator('textarea').fill(words);
  await page.locator('textarea').press('Enter');
}

describe('10.10 an address that is not shown yet', () => {
  test('allows ten messages and no payment, and says what to do', async () => {
    const sent = 'update users set unverified_messages = 10 where id = $1';
    await app.database.pool.query(sent, [session.user.id]);
    await page.goto(`${app.url}/chat`);
    await banner(page).waitFor();
    await say('The eleventh');
    await page.getByRole('alert').getByText('Confirm your e-mail address first').waitFor();
    await expect.poll(() => page.locator('textarea').inputValue()).toBe('The eleventh');
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole('link', { name: 'Subscription' }).first().click();
    await page.getByRole('button', { name: 'Choose Pro' }).click();
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').getByText('Confirm your e-mail address first').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Send the mail again' }).click();
    await page.getByRole('status').getByText('It is on its way.').waitFor();
  });

  test('a link that is over or made up says where to get a new one, inside and outside', async () => {
    const other = await context.newPage();
    await other.goto(`${app.url}/verify-email?token=made-up`);
    await other.getByRole('alert').getByText('This link is not valid any more').waitFor();
    await other.getByText('Ask for a new one above.').waitFor();
    await banner(other).waitFor();
    await other.close();
    const stranger = await newVisitor(browser, { address: '198.51.100.2' });
    const outside = await stranger.newPage();
    await outside.goto(`${app.url}/verify-email`);
    await outside.getByText('Log in, and ask for a new one there.').waitFor();
    await outside.getByRole('link', { name: 'Log in' }).click();
    await outside.locator('form').waitFor();
    await stranger.close();
  });

  test('is shown by the mailed link, which a second click does not harm, and all is open', async () => {
    const link = await mailedLink('verify_email', session.user.email);
    const other = await context.newPage();
    await other.route('**/api/auth/email/verify', (route) => route.abort());
    await other.goto(link);
    await other.getByText('Your address could not be confirmed just now.').waitFor();
    await other.unroute('**/api/auth/email/verify');
    await other.getByRole('button', { name: 'Try again' }).click();
    const done = other.getByRole('status').getByText('Thank you, your address is confirmed.');
    await done.waitFor();
    await banner(other).waitFor({ state: 'detached' });
    await other.waitForURL(/\/verify-email$/);
    for (const again of [link, `${app.url}/verify-email`]) {
      await other.goto(again);
      await done.waitFor();
    }
    // Whose address is confirmed has nothing above to ask with, and is not sent there by a link that is over.
    await other.goto(`${app.url}/verify-email?token=made-up`);
    await other.getByText(`You sign in with ${session.user.email}, which is confirmed.`).waitFor();
    await expect.poll(() => other.getByText('Ask for a new one above.').count()).toBe(0);
    await other.close();
    // Coming back to the tab that was left shows it too.
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await banner(page).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Chat', exact: true }).first().click();
    await page.locator('textarea').press('Enter');
    await page.locator('[role=log][aria-busy=false] .turn--character').nth(1).waitFor();
  });
});

describe('10.4 while only answers under way are in the way', () => {
  const ingest = (method: string, path: string, body?: object) =>
    fetch(app.url + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${app.usageIngestToken}`,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  async function holdAllTokens(idempotencyKey: string): Promise<string> {
    const tenantId = session.tenant.id;
    const { body } = await caller(app.url, session.accessToken).get<{
      resources: { resourceType: string; remaining: number }[];
    }>('/api/subscription/usage');
    const { remaining: amount } = body.resources.find((one) => one.resourceType === 'llm_tokens')!;
    const hold = { tenantId, resourceType: 'llm_tokens', amount, ttlSeconds: 600, idempotencyKey };
    const answer = await ingest('POST', '/api/usage/reservations', hold);
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { reservationId: string }).reservationId;
  }
  const waiting = () =>
    page.getByRole('status').getByText('Another answer is still being written.');

  test('a message waits and is sent by itself when they end', async () => {
    const hold = await holdAllTokens('first');
    await say('And then?');
    await waiting().waitFor();
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect((await ingest('DELETE', `/api/usage/reservations/${hold}`)).status).toBe(204);
    await page.locator('[role=log][aria-busy=false] .turn--character').nth(2).waitFor();
    await waiting().waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('textarea').inputValue()).toBe('');
  });

  test('who does not want to wait gets the message back', async () => {
    const hold = await holdAllTokens('second');
    await say('Never mind');
    await waiting().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await waiting().waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('textarea').inputValue()).toBe('Never mind');
    await ingest('DELETE', `/api/usage/reservations/${hold}`);
  });
});

test('10.10 an account that strangers guess at opens from elsewhere by the mailed link', async () => {
  const { user } = await signUp(app);
  const guess = (n: number) =>
    fetch(`${app.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': `192.0.2.${n}` },
      body: JSON.stringify({ email: user.email, password: `guess ${n}` }),
    });
  await Promise.all([1, 2, 3, 4].map(guess));

  const abroad = await newVisitor(browser, { address: '203.0.113.7' });
  const there = await abroad.newPage();
  const logIn = async () => {
    await there.getByLabel('E-mail').fill(user.email);
    await there.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await there.getByRole('button', { name: 'Log in' }).click();
  };
  await there.goto(`${app.url}/login?token=made-up`);
  await there.getByRole('alert').getByText('This link is not valid any more.').waitFor();
  await logIn();
  await there.getByText('too many wrong passwords for this account').waitFor();
  expect(await accessibilityFaults(there)).toEqual([]);

  await there.goto(await mailedLink('open_account', user.email));
  await there.getByRole('status').getByText('You can now log in from here.').waitFor();
  await there.waitForURL(/\/login$/);
  await logIn();
  await there.waitForURL(/\/chat/);
  await abroad.close();
});
