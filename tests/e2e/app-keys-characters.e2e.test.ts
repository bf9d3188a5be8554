import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  tabTo,
} from '../support/app-visitor.ts';
import { launchBrowser } from '../support/browser.ts';
import { caller } from '../support/http.ts';

let app: TestApp;
let browser: Browser;
let contexts: BrowserContext[];
let owner: SessionView;
/** The owner's page, a member's of the same team, and that of somebody from another. */
let page: Page;
let members: Page;
let strangers: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  contexts = await Promise.all([1, 2, 3].map(() => newVisitor(browser)));
  owner = await signUp(app, contexts[0]);
  const member = await signUp(app, contexts[1]);
  await app.database.pool.query(
    `update users set tenant_id = $1, role = 'member', display_name = 'Mei' where id = $2`,
    [owner.tenant.id, member.user.id],
  );
  await signUp(app, contexts[2]);
  await subscribe(app, owner, await priceOf(app, 'team', 'month'));
  [page, members, strangers] = (await Promise.all(contexts.map((one) => one.newPage()))) as [
    Page,
    Page,
    Page,
  ];
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const focused = (on: Page) => on.evaluate(() => document.activeElement?.textContent?.trim());
const dialog = (on: Page) => on.getByRole('dialog');
const said = (on: Page, words: string | RegExp) =>
  on.getByRole('status').filter({ hasText: words });

async function makeKey(on: Page, name: string): Promise<string> {
  await on.getByLabel('Name of the key').fill(name);
  await on.getByRole('button', { name: 'Create key' }).click();
  await on.getByRole('heading', { name: `The key “${name}” is created` }).waitFor();
  return (await on.locator('code.key').innerText()).trim();
}

describe('10.14 API keys', () => {
  const row = (on: Page, name: string) => on.getByRole('row').filter({ hasText: name });
  let key: string;

  test('are made for what they are for, shown once, copied, and used', async () => {
    await contexts[0]!.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${app.url}/settings`);
    await page.getByText('Only what I choose').click();
    await expect
      .poll(() => page.getByRole('button', { name: 'Create key' }).isDisabled())
      .toBe(true);
    await page.getByLabel('Make images').check();
    await page.getByText('30 days', { exact: true }).click();
    await page.getByText(/^It ends on/).waitFor();
    key = await makeKey(page, 'Painter');
    // The reader is led to what is shown this once.
    await expect.poll(() => focused(page)).toBe('The key “Painter” is created');
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(key);

    const program = caller(app.url, key);
    expect((await program.post('/api/images', { prompt: 'a lighthouse' })).status).toBe(200);
    expect((await program.post('/api/chat', { message: 'Hi' })).status).toBe(403);
    await page.reload();
    await row(page, 'Painter').waitFor();
    const cells = await row(page, 'Painter').getByRole('cell').allInnerTexts();
    expect(cells.join(' ')).toMatch(/Make images.*You · .*\d{4}.*\d{4}/s);
    expect(cells.join(' ')).not.toContain('Never');
    await expect.poll(() => page.locator('main').innerText()).not.toContain(key);
  });

  test('of others a member neither sees nor revokes, and an owner does', async () => {
    await members.goto(`${app.url}/settings`);
    await members.getByText('You have 0 of 20 keys.').waitFor();
    await makeKey(members, 'Export');
    await members.getByText('You have 1 of 20 keys.').waitFor();
    await expect
      .poll(() => members.getByRole('row').filter({ hasText: 'Painter' }).count())
      .toBe(0);
    await page.reload();
    await page.getByText('You have 1 of 20 keys, your team has 2 of 100.').waitFor();
    await row(page, 'Export')
      .getByText(/^Mei · /)
      .waitFor();
    await row(page, 'Export').getByText('Chat, images and characters').waitFor();
    await row(page, 'Export').getByText('Until deleted').waitFor();
  });

  test('are deleted by keyboard, after a question that can be left', async () => {
    await tabTo(page, 'Delete key Painter');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Programs that use it stop working at once.').waitFor();
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'hidden' });
    await tabTo(page, 'Delete key Painter');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await tabTo(page, 'Delete');
    await page.keyboard.press('Enter');
    await said(page, 'The key “Painter” is deleted.').waitFor();
    await dialog(page).waitFor({ state: 'hidden' });
    await expect.poll(() => focused(page)).toBe('The key “Painter” is deleted.');
    const program = caller(app.url, key);
    expect((await program.post('/api/images', { prompt: 'a lighthouse' })).status).toBe(401);
  });

  test('are twenty of a person at most, and the page says so before', async () => {
    await app.database.pool.query(
      `insert into api_keys (tenant_id, user_id, name, prefix, key_hash, created_at)
       select tenant_id, id, 'Many ' || n, 'sqk_', md5(n::text), now()
       from users, generate_series(1, 20) n where id = $1`,
      [owner.user.id],
    );
    const refuse = { status: 503, contentType: 'application/json', body: '{"code":"busy"}' };
    await page.route('**/api/api-keys', (route) => route.fulfill(refuse));
    await page.reload();
    const failure = page.locator('[aria-labelledby=keys-title]').getByRole('alert');
    await failure.getByText('The service is busy').waitFor();
    await page.unroute('**/api/api-keys');
    await failure.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/You have 20 of 20 keys.*delete one to make another/).waitFor();
    await page.getByLabel('Name of the key').fill('One more');
    await expect
      .poll(() => page.getByRole('button', { name: 'Create key' }).isDisabled())
      .toBe(true);
  });
});

describe('10.15 characters', () => {
  const card = (on: Page, name: string) => on.getByRole('article').filter({ hasText: name });
  const search = (on: Page, words: string) => on.getByLabel('Search characters').fill(words);

  test('are reported once, after a question', async () => {
    const made = { name: 'Aunt Lin', description: 'Tea', greeting: 'Sit.', shared: true };
    await caller(app.url, owner.accessToken).post('/api/characters', made);
    await strangers.goto(`${app.url}/community`);
    await search(strangers, 'aunt');
    await card(strangers, 'Aunt Lin').waitFor();
    await expect.poll(() => strangers.getByRole('article').count()).toBe(1);
    await expect.poll(() => card(strangers, 'Aunt Lin').getByText('Edit').count()).toBe(0);
    await card(strangers, 'Aunt Lin').getByRole('button', { name: 'Report' }).click();
    const send = dialog(strangers).getByRole('button', { name: 'Report' });
    await expect.poll(() => send.isDisabled()).toBe(true);
    await dialog(strangers).getByLabel('Something else').check();
    await expect.poll(() => send.isDisabled()).toBe(true);
    await dialog(strangers).getByLabel('What is wrong, in your words').fill('It is me.');
    await send.click();
    await said(strangers, 'Thank you, we will look at Aunt Lin.').waitFor();
    await card(strangers, 'Aunt Lin').getByText('Reported').waitFor();
    await expect
      .poll(() => strangers.getByRole('button', { name: 'Report Aunt Lin' }).count())
      .toBe(0);
    const { rows } = await app.database.pool.query('select reason from character_reports');
    expect(rows).toEqual([{ reason: 'other: It is me.' }]);
  });

  test('are changed, taken back and deleted by who may, and say when they were taken out', async () => {
    await members.getByRole('link', { name: 'Community' }).first().click();
    await card(members, 'Aunt Lin').waitFor();
    await expect
      .poll(() => card(members, 'Aunt Lin').getByRole('button').allInnerTexts())
      .toEqual(['Chat']);

    await page.getByRole('link', { name: 'Community' }).first().click();
    // Meanwhile an operator takes it out: its makers read why, and keep it.
    await app.database.pool.query(
      `update characters set hidden_at = now() where name = 'Aunt Lin'`,
    );
    await page.getByRole('button', { name: 'Edit Aunt Lin' }).click();
    await dialog(page).getByLabel('Name').fill('Aunt Lan');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await said(page, 'Aunt Lan is changed.').waitFor();
    await dialog(page).waitFor({ state: 'hidden' });
    await card(page, 'Aunt Lan').getByText('Taken out').waitFor();
    await card(page, 'Aunt Lan').getByText('We took it out of the community').waitFor();
    await page.getByRole('button', { name: 'Stop sharing Aunt Lan' }).click();
    await said(page, 'Aunt Lan is not shared any more.').waitFor();
    await card(page, 'Aunt Lan').getByText('Team only').waitFor();
    await search(strangers, 'lan');
    await strangers.getByText('No character matches “lan”.').waitFor();

    await tabTo(page, 'Delete Aunt Lan');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await tabTo(page, 'Delete');
    await page.keyboard.press('Enter');
    await said(page, 'Aunt Lan is deleted.').waitFor();
    await expect.poll(() => card(page, 'Aunt Lan').count()).toBe(0);
    await expect.poll(() => focused(page)).toBe('Aunt Lan is deleted.');
  });

  test('come page by page, and one from a later page can sit at the table', async () => {
    const { user } = await signUp(app);
    await app.database.pool.query(
      `insert into characters (tenant_id, name, description, greeting, shared, created_at)
       select tenant, 'Guest ' || n, '', 'Good evening', true, now() - n * interval '1 hour'
       from unnest($1::uuid[]) tenant, generate_series(1, 20) n`,
      [[user.tenantId, owner.tenant.id]],
    );
    await search(strangers, 'guest');
    await expect.poll(() => strangers.getByRole('article').count()).toBe(24);
    const more = strangers.getByRole('button', { name: 'Show more' });
    const refuse = { status: 503, contentType: 'application/json', body: '{"code":"busy"}' };
    await strangers.route('**/api/characters?*cursor*', (route) => route.fulfill(refuse));
    await more.click();
    await strangers.getByRole('alert').getByText('The service is busy').waitFor();
    // What was read stays.
    await expect.poll(() => strangers.getByRole('article').count()).toBe(24);
    await strangers.unroute('**/api/characters?*cursor*');
    await strangers.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => strangers.getByRole('article').count()).toBe(40);
    await expect.poll(() => more.count()).toBe(0);
    await strangers.getByRole('button', { name: 'Chat with Guest 20' }).first().click();
    await strangers.getByRole('heading', { name: 'Chat with Guest 20' }).waitFor();
  });
});
