import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { TOTP } from 'otpauth';
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
import { tokenMailed } from '../support/mailed.ts';

const NEW = 'another battery staple';
const { account, auth } = WORDS.en;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let session: SessionView;
let page: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser, { width: 360 });
  session = await signUp(app);
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const mailed = (kind: 'reset_password' | 'change_email' | 'email_changed', email: string) =>
  tokenMailed(app.server.context, kind, email);

async function fits(on: Page): Promise<void> {
  expect(await accessibilityFaults(on)).toEqual([]);
  await expect.poll(() => sidewaysScroll(on)).toBeLessThanOrEqual(0);
}

async function logIn(on: Page, email: string, password: string): Promise<void> {
  await on.getByLabel(auth.fields.email).fill(email);
  await on.getByLabel(auth.fields.password, { exact: true }).fill(password);
  await on.keyboard.press('Enter');
}

test('13 who forgot the password gets back in by keyboard, in both languages', async () => {
  const { email } = session.user;
  await page.goto(`${app.url}/login`);
  await tabTo(page, auth.forgot.link);
  await page.keyboard.press('Enter');
  await inBoth(page, (words) => shows(page.locator('main'), words.auth.forgot.lead));
  await fits(page);
  await page.getByLabel(auth.fields.email).fill(email);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(fill(auth.forgot.sent, { email })).waitFor();
  // What is done is not asked for any more.
  await expect.poll(() => page.getByText(auth.forgot.lead).count()).toBe(0);
  await fits(page);

  const token = await mailed('reset_password', email);
  await page.goto(`${app.url}/reset-password?token=${token}`);
  await inBoth(page, (words) => shows(page.locator('main'), words.auth.reset.lead));
  await page.getByLabel(auth.reset.password).fill('short');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').first().waitFor();
  await fits(page);
  await page.getByLabel(auth.reset.password).fill(NEW);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(auth.reset.done).waitFor();
  await logIn(page, email, NEW);
  await page.waitForURL(/\/chat/);

  // A second click on the link says what to do.
  const again = await context.newPage();
  await again.goto(`${app.url}/reset-password?token=${token}`);
  await again.getByLabel(auth.reset.password).fill(NEW);
  await again.keyboard.press('Enter');
  await again.getByRole('alert').getByText(auth.reset.over).waitFor();
  await fits(again);
  await again.getByRole('link', { name: auth.reset.overAsk }).click();
  await again.getByLabel(auth.fields.email).waitFor();
  await again.goto(`${app.url}/reset-password`);
  await again.getByRole('alert').getByText(auth.reset.missing).waitFor();
  await expect.poll(() => again.getByText(auth.reset.lead).count()).toBe(0);
  await again.close();
});

test('13 password, address and devices are looked after on one page', async () => {
  const { email } = session.user;
  await page.getByRole('link', { name: 'Settings' }).first().click();
  await page.getByRole('link', { name: account.open }).click();
  await page.getByRole('heading', { name: account.title, exact: true }).waitFor();
  await inBoth(page, (words) => shows(page.locator('main'), words.account.sessions.lead));
  await fits(page);

  const phone = await newVisitor(browser);
  const there = await phone.newPage();
  await there.goto(`${app.url}/login`);
  await logIn(there, email, NEW);
  await there.waitForURL(/\/chat/);
  await page.reload();
  const devices = page.locator('section', { hasText: account.sessions.title });
  await devices.locator('li').nth(1).waitFor();
  await expect.poll(() => devices.getByText(account.sessions.current).count()).toBe(1);
  await devices.getByRole('button', { name: /^Sign out Chrome/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: account.sessions.end }).click();
  await devices.getByRole('status').waitFor();
  await devices.getByText(account.sessions.alone).waitFor();
  await there.reload();
  await there.waitForURL(/\/login/);
  await phone.close();

  const passwords = page.locator('section', { hasText: account.password.lead });
  await passwords.getByLabel(account.password.current).fill('a guess');
  await passwords.getByLabel(account.password.new).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await passwords.getByRole('alert').getByText(WORDS.en.errors.wrong_password).waitFor();
  await passwords.getByLabel(account.password.current).fill(NEW);
  await page.keyboard.press('Enter');
  await passwords.getByRole('status').getByText(account.password.done).waitFor();
  await fits(page);
});

test('13 an address is changed at the new one, and taken back at the old one', async () => {
  const { email } = session.user;
  const addresses = page.locator('section', { hasText: account.email.title }).first();
  await addresses.getByLabel(account.email.new).fill('mei@new.example');
  await addresses.getByLabel(account.password.current).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await addresses.getByRole('status').getByText('mei@new.example').waitFor();
  const link = await mailed('change_email', 'mei@new.example');
  await page.goto(`${app.url}/verify-email?token=${link}`);
  await page.getByRole('status').getByText(auth.verify.done).waitFor();
  await page.goto(`${app.url}/account`);
  await page.getByText(fill(account.email.now, { email: 'mei@new.example' })).waitFor();

  await page.goto(`${app.url}/take-back-email?token=${await mailed('email_changed', email)}`);
  await inBoth(page, (words) => shows(page.locator('main'), words.auth.takeBack.lead));
  await fits(page);
  await page.getByRole('button', { name: auth.takeBack.submit }).click();
  await page.getByRole('status').getByText(auth.takeBack.done).waitFor();
  await page.goto(`${app.url}/account`);
  await page.waitForURL(/\/login/);
  const token = await mailed('reset_password', email);
  await page.goto(`${app.url}/reset-password?token=${token}`);
  await page.getByLabel(auth.reset.password).fill(NEW);
  await page.keyboard.press('Enter');
  await logIn(page, email, NEW);
  await page.waitForURL(/\/chat|\/account/);
});

test('13 the account page is whole in every theme and language', async () => {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${app.url}/account`);
    await page.locator('li').first().waitFor();
    await fits(page);
  }
});

test('13 mails that may be done without are chosen, and a second billing address is named', async () => {
  await page.goto(`${app.url}/account`);
  const mails = page.locator('section[aria-labelledby=mails-title]');
  await inBoth(page, (words) => shows(mails, words.account.mails.language));
  const usage = mails.getByLabel(account.mails.usage_threshold);
  await expect.poll(() => usage.isChecked()).toBe(true);
  await usage.focus();
  await page.keyboard.press('Space');
  await mails.getByRole('status').getByText(account.mails.saved).waitFor();
  const billing = mails.getByLabel(account.mails.billing);
  await billing.fill('books');
  await page.keyboard.press('Enter');
  await mails.getByRole('alert').waitFor();
  await billing.fill('books@example.com');
  await page.keyboard.press('Enter');
  const told = fill(account.mails.billingSaved, { email: 'books@example.com' });
  await mails.getByRole('status').getByText(told).waitFor();
  await fits(page);
  await page.reload();
  await usage.waitFor();
  await expect.poll(() => usage.isChecked()).toBe(false);
  await expect.poll(() => billing.inputValue()).toBe('books@example.com');
});

test('13 a second factor is set up, asked for at the next login, and removed', async () => {
  const { factor } = account;
  await page.goto(`${app.url}/account`);
  const card = page.locator('section[aria-labelledby=factor-title]');
  await inBoth(page, (words) => shows(card, words.account.factor.isOff));
  // What is missing is said at its field, and not that something is wrong.
  await card.getByRole('button', { name: factor.begin }).click();
  await card.getByRole('alert').getByText(auth.invalid.required).waitFor();
  await card.getByLabel(account.password.current).fill(NEW);
  await page.keyboard.press('Enter');
  await card.getByAltText(factor.picture).waitFor();
  // Recovery codes come after it: what is asked for here is a code of the app.
  await inBoth(page, (words) => shows(card, words.account.factor.codeHint));
  await expect.poll(() => card.textContent()).not.toContain(auth.factor.codeHint);
  await fits(page);
  const totp = new TOTP({ secret: await card.locator('.key').innerText() });
  await card.getByLabel(auth.factor.code).fill(totp.generate());
  await page.keyboard.press('Enter');
  await card.getByRole('status').getByText(factor.done).waitFor();
  await card.getByText(factor.codesTitle, { exact: true }).waitFor();
  const recoveryCodes = await card.locator('.codes code').allInnerTexts();
  const recoveryCode = recoveryCodes[0]!;
  await inBoth(page, (words) => shows(card, words.account.factor.codes));
  await fits(page);

  // Both ways of keeping them, by keyboard and announced.
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await tabTo(page, factor.copy);
  await page.keyboard.press('Enter');
  await card.getByRole('status').getByText(WORDS.en.settings.keys.copied).waitFor();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toBe(recoveryCodes.join('\n'));
  const download = page.waitForEvent('download');
  await tabTo(page, factor.download);
  await page.keyboard.press('Enter');
  const file = await download;
  expect(file.suggestedFilename()).toBe('small-squaretable-recovery-codes.txt');
  const lines = readFileSync(await file.path(), 'utf8').split('\r\n');
  expect(lines[0]).toContain(`Recovery codes of Small Squaretable for ${session.user.email}`);
  expect(lines[1]).toBe(factor.fileUse);
  expect(lines.slice(3, -1)).toEqual(recoveryCodes);
  await card.getByRole('status').getByText(factor.saved).waitFor();
  await card.getByRole('button', { name: factor.kept }).click();

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(/\/login/);
  await logIn(page, session.user.email, NEW);
  const code = page.getByLabel(auth.factor.code);
  await code.waitFor();
  await fits(page);
  await code.fill('000000');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(WORDS.en.errors.second_factor_required).waitFor();
  await code.fill(recoveryCode);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/chat/);

  await page.goto(`${app.url}/account`);
  await card.getByText(fill(factor.isOn, { count: 9 })).waitFor();
  await card.getByLabel(account.password.current).fill(NEW);
  await card.getByLabel(auth.factor.code).fill(totp.generate({ timestamp: Date.now() + 30_000 }));
  await page.keyboard.press('Enter');
  await card.getByRole('status').getByText(factor.removed).waitFor();
});

test('13 one’s data are downloaded, and the account is deleted after what goes was said', async () => {
  await page.goto(`${app.url}/account`);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: account.data.download }).click();
  expect((await download).suggestedFilename()).toBe('my-data.json');

  await page.getByRole('button', { name: account.data.delete }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(account.deletion.final).waitFor();
  await shows(dialog, account.deletion.free);
  await shows(dialog, `${account.deletion.free} ${account.deletion.invoices}`);
  await shows(dialog, account.deletion.credits);
  await fits(page);
  await dialog.getByLabel(account.password.current).fill(NEW);
  await page.keyboard.press('Enter');
  const team = session.tenant.name;
  await dialog.getByRole('alert').getByText(fill(account.deletion.mismatch, { team })).waitFor();
  await dialog.getByLabel(fill(account.deletion.confirm, { team })).fill(team);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/login/);
  await page.getByRole('status').getByText(auth.deleted.account).waitFor();
  await logIn(page, session.user.email, NEW);
  await page.getByRole('alert').getByText(WORDS.en.errors.invalid_credentials).waitFor();
});
