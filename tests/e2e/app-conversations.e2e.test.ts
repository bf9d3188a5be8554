import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  PASSWORD,
  signUp,
  startAppWithPages,
  tabTo,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { caller } from '../support/http.ts';

const { auth, chat, conversations } = WORDS.en;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let session: SessionView;
let page: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser);
  session = await signUp(app, context);
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

async function fits(on: Page): Promise<void> {
  expect(await accessibilityFaults(on)).toEqual([]);
  await expect.poll(() => sidewaysScroll(on)).toBeLessThanOrEqual(0);
}

async function say(on: Page, words: string): Promise<void> {
  const answers = on.locator('[role=log][aria-busy=false] .turn--character');
  const before = await answers.count();
  await on.locator('textarea').fill(words);
  await on.locator('textarea').press('Enter');
  await answers.nth(before).waitFor();
}

const heard = (on: Page, words: string) =>
  on.getByRole('log').locator('.turn--reader', { hasText: words });

test('13 what is said on one device is found again on another, and gone on with', async () => {
  await page.goto(`${app.url}/conversations`);
  await inBoth(page, (words) => shows(page.locator('main'), words.conversations.empty));
  await fits(page);
  await page.goto(`${app.url}/chat`);
  await say(page, 'Tell me of the lighthouse');
  await page.reload();
  await heard(page, 'Tell me of the lighthouse').waitFor();
  // What is chosen and pressed stays in one line on a phone, and can be read there.
  await page.setViewportSize({ width: 360, height: 740 });
  const tools = () =>
    page.locator('.tools .choices > *').evaluateAll((all) => {
      const boxes = all.map((one) => one.getBoundingClientRect());
      const lines = new Set(boxes.map(({ top, bottom }) => Math.round((top + bottom) / 2))).size;
      return { count: all.length, lines, isReadable: boxes[0]!.width > 120 };
    });
  await expect.poll(tools).toEqual({ count: 3, lines: 1, isReadable: true });
  await expect.poll(() => sidewaysScroll(page)).toBe(0);
  await page.setViewportSize({ width: 1280, height: 900 });

  const phone = await newVisitor(browser, { width: 360, theme: 'dark' });
  const there = await phone.newPage();
  await there.goto(`${app.url}/login?next=/chat`);
  await there.getByLabel(auth.fields.email).fill(session.user.email);
  await there.getByLabel(auth.fields.password, { exact: true }).fill(PASSWORD);
  await there.keyboard.press('Enter');
  await there.getByRole('link', { name: conversations.title }).click();
  await inBoth(there, (words) => shows(there.locator('main'), words.conversations.lead));
  await fits(there);
  await there.getByRole('button', { name: 'Tell me of the lighthouse' }).first().click();
  await there.waitForURL(/\/chat$/);
  await heard(there, 'Tell me of the lighthouse').waitFor();
  await fits(there);
  await say(there, 'And the keeper?');
  await phone.close();
  await page.reload();
  await heard(page, 'And the keeper?').waitFor();
});

test('13 a new conversation leaves the one before in the list; one is renamed and deleted by keyboard', async () => {
  await page.getByRole('button', { name: chat.clear }).click();
  await expect.poll(() => heard(page, 'And the keeper?').count()).toBe(0);
  await say(page, 'Another tale');
  await page.getByRole('link', { name: conversations.title }).click();
  const rows = page.locator('li.conversation');
  await rows.nth(1).waitFor();
  await tabTo(page, fill(conversations.renameOf, { title: 'Another tale' }));
  await page.keyboard.press('Enter');
  await page.getByLabel(conversations.name).fill('The second tale');
  await page.keyboard.press('Enter');
  await rows.getByText('The second tale').waitFor();
  await tabTo(page, fill(conversations.deleteOf, { title: 'The second tale' }));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await fits(page);
  await dialog.getByRole('button', { name: conversations.delete, exact: true }).click();
  await page
    .getByRole('status')
    .getByText(fill(conversations.deleted, { title: 'The second tale' }))
    .waitFor();
  await expect.poll(() => rows.count()).toBe(1);
  // The chat does not go on with what is gone.
  await page.goto(`${app.url}/chat`);
  await page.locator('[role=log][aria-busy=false]').waitFor();
  await expect.poll(() => heard(page, 'Another tale').count()).toBe(0);
});

test('13 a talk with a character that is gone stays to be read', async () => {
  const call = caller(app.url, session.accessToken);
  const sheet = { name: 'Mira', description: '', greeting: 'Come in.', shared: false };
  const { id: characterId } = (await call.post<{ id: string }>('/api/characters', sheet)).body;
  const begun = { title: 'With Mira', characterId };
  const { id } = (await call.post<{ id: string }>('/api/conversations', begun)).body;
  await call.post('/api/chat', { message: 'Good evening', characterId, conversationId: id });
  await call.delete(`/api/characters/${characterId}`);
  await page.goto(`${app.url}/conversations`);
  await page.getByRole('button', { name: 'With Mira' }).first().click();
  await heard(page, 'Good evening').waitFor();
  await page.getByText(fill(conversations.gone, { name: 'Mira' })).waitFor();
  await expect.poll(() => page.locator('textarea').count()).toBe(0);
  await fits(page);
  await page.getByRole('button', { name: chat.clear }).click();
  await page.locator('textarea').waitFor();
});

test('13 a list or a talk that cannot be read says so, and can be asked for again', async () => {
  const away = { status: 503, contentType: 'application/json', body: '{"code":"busy"}' };
  await page.route('**/api/conversations**', (route) => route.fulfill(away));
  await page.goto(`${app.url}/conversations`);
  await page.getByRole('alert').waitFor();
  await fits(page);
  await page.unroute('**/api/conversations**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('li.conversation').first().waitFor();
});
