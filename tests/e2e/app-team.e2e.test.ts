import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  PASSWORD,
  priceOf,
  recordUsage,
  signUp,
  startAppWithPages,
  subscribe,
  tabTo,
  WORDS,
} from '../support/app-visitor.ts';
import { caller } from '../support/http.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { tokenMailed } from '../support/mailed.ts';
import { putOnPlan } from '../support/metering.ts';

const { auth, settings, shell, team } = WORDS.en;
const NEWCOMER = 'newcomer@example.com';
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let session: SessionView;
let page: Page;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser, { width: 360 });
  session = await signUp(app, context);
  await putOnPlan(app.database, session.tenant.id, 'team');
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

const said = (on: Page, text: string) => on.getByRole('status').getByText(text).waitFor();
const dialog = (on: Page) => on.getByRole('dialog');

test('13 an owner invites by keyboard, sends again and takes back, on a phone', async () => {
  await page.goto(`${app.url}/settings`);
  await page.getByRole('link', { name: team.open }).click();
  await page.getByRole('heading', { name: team.title, exact: true }).waitFor();
  await inBoth(page, (words) => shows(page.locator('main'), words.team.invitations.lead));
  await page.getByText(fill(team.members.seats, { taken: '1', max: '10' })).waitFor();
  await fits(page);
  // What stands in one line of a form is of one height.
  const form = page.locator('[aria-labelledby=invitations-title] form');
  const heights = () =>
    form
      .locator('.el-input__wrapper, select, button')
      .evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().height)));
  await expect.poll(heights).toEqual([46, 46, 46]);
  await tabTo(page, auth.fields.email);
  await page.keyboard.type('nobody');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').first().waitFor();
  await page.getByLabel(auth.fields.email).fill('guest@example.com');
  await page.keyboard.press('Enter');
  await said(page, fill(team.invitations.sent, { email: 'guest@example.com' }));
  await page.getByText(fill(team.members.seats, { taken: '2', max: '10' })).waitFor();
  await fits(page);
  await page
    .getByRole('button', { name: fill(team.invitations.againTo, { email: 'guest@example.com' }) })
    .click();
  await said(page, fill(team.invitations.sent, { email: 'guest@example.com' }));
  const takeBack = fill(team.invitations.revokeOf, { email: 'guest@example.com' });
  await page.getByRole('button', { name: takeBack }).click();
  await dialog(page).waitFor();
  await fits(page);
  await dialog(page).getByRole('button', { name: team.invitations.revoke }).click();
  await said(page, fill(team.invitations.revoked, { email: 'guest@example.com' }));
  // The dialog gives it back once it has faded, a moment after that was said.
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
});

test('13 who is invited makes an account, joins, and goes from team to team', async () => {
  await page.getByLabel(auth.fields.email).fill(NEWCOMER);
  await page.keyboard.press('Enter');
  await said(page, fill(team.invitations.sent, { email: NEWCOMER }));
  const token = await tokenMailed(app.server.context, 'team_invitation', NEWCOMER);
  await page.goto(`${app.url}/invitation?token=${token}`);
  await page
    .getByRole('alert')
    .getByText(fill(team.invitation.wrong, { email: session.user.email }))
    .waitFor();
  await fits(page);

  const visitor = await newVisitor(browser);
  const there = await visitor.newPage();
  await there.goto(`${app.url}/invitation?token=${token}`);
  await inBoth(there, (words) => shows(there.locator('main'), words.team.invitation.title));
  await fits(there);
  await there.getByRole('link', { name: team.invitation.register }).click();
  await expect.poll(() => there.getByLabel(auth.fields.email).inputValue()).toBe(NEWCOMER);
  // Who joins a team need not name one.
  await expect.poll(() => there.getByLabel(auth.fields.tenantName).count()).toBe(0);
  await there.getByLabel(auth.fields.password, { exact: true }).fill(PASSWORD);
  await there.keyboard.press('Enter');
  await there
    .getByRole('button', { name: fill(team.invitation.accept, { team: session.tenant.name }) })
    .click();
  const joined = fill(team.invitation.joined, { team: session.tenant.name });
  await there.getByRole('status').getByText(joined).waitFor();
  expect(new URL(there.url()).search).toBe('');
  await fits(there);
  const choice = there.getByLabel(shell.team);
  await choice.waitFor();
  await expect.poll(() => choice.locator('option:checked').textContent()).toBe(session.tenant.name);
  await there.getByText(session.user.email).waitFor();
  // Members see who is there, and neither invite nor look into what was done.
  await expect
    .poll(() => there.getByRole('heading', { name: team.invitations.title }).count())
    .toBe(0);
  await expect.poll(() => there.getByRole('heading', { name: team.audit.title }).count()).toBe(0);
  await fits(there);
  await there.getByLabel(shell.team).first().selectOption({ label: 'newcomer' });
  await there.waitForURL(/\/chat/);
  await there.goto(`${app.url}/team`);
  await there.getByRole('heading', { name: team.audit.title }).waitFor();
  await there.getByText(team.invitations.alone).waitFor();
  // The link works once.
  await there.goto(`${app.url}/invitation?token=${token}`);
  await there.getByRole('alert').getByText(team.invitation.over).waitFor();
  await there.getByRole('link', { name: shell.notFound.home }).waitFor();
  await visitor.close();
});

test('13 roles, seats and leaving are on one page, and what was done below', async () => {
  await recordUsage(app, session.tenant.id, 'messages', 1);
  await page.goto(`${app.url}/team`);
  const row = page.locator('li', { hasText: NEWCOMER });
  await row.getByRole('combobox').selectOption('admin');
  const named = { name: 'newcomer', role: settings.account.roles.admin };
  await said(page, fill(team.members.changed, named));
  await page.getByText(team.audit.actions.invitation_sent, { exact: true }).first().waitFor();
  // Who did something for themselves is named once.
  const joined = page.locator('.entry', { hasText: 'Joined the team' });
  await expect.poll(() => joined.first().innerText()).not.toContain(' · ');
  // What was noted is said in words, in both languages, and not as the log names it.
  await inBoth(page, async ({ team: { audit }, settings: { account } }) => {
    const values = `${account.roles.member} → ${account.roles.admin}`;
    await shows(page.locator('main'), fill(audit.fact, { name: audit.facts.role, values }));
  });
  await expect
    .poll(() => page.locator('.entry').allInnerTexts())
    .not.toContainEqual(expect.stringMatching(/\b(role|email|hasSeat|plan): /));
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: team.audit.csv }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('audit.csv');

  await putOnPlan(app.database, session.tenant.id, 'pro');
  await page.reload();
  await inBoth(page, async (words) => {
    await shows(page.locator('main'), words.team.members.over);
    // Two of one seat are never taken.
    const [ofOne] = words.team.members.seatsOver.split(' | ');
    await shows(page.locator('main'), fill(ofOne!, { people: '2', max: '1' }));
    await shows(page.locator('main'), words.team.invitations.full);
  });
  await page.getByRole('link', { name: team.invitations.more }).waitFor();
  await expect.poll(() => page.locator('[aria-labelledby=invitations-title] form').count()).toBe(0);
  await fits(page);
  const name = { name: 'newcomer' };
  const owner = session.user.displayName;
  await page.getByRole('button', { name: fill(team.members.giveSeatTo, name) }).click();
  await page.getByRole('alert').getByText(WORDS.en.errors.seats_full).waitFor();
  await page
    .getByRole('button', { name: fill(team.members.takeSeatFrom, { name: owner }) })
    .click();
  await said(page, fill(team.members.seatTaken, { name: owner }));
  await page.getByRole('button', { name: fill(team.members.giveSeatTo, name) }).click();
  await said(page, fill(team.members.seatGiven, name));

  await page.getByRole('button', { name: fill(team.members.handOverTo, name) }).click();
  await dialog(page).waitFor();
  await fits(page);
  await dialog(page).getByRole('button', { name: team.members.handOver }).click();
  await said(page, fill(team.members.handedOver, name));
  // An admin now: the only owner is not theirs to change, and what was done not theirs to see.
  await page.reload();
  await page.getByRole('heading', { name: team.invitations.title }).waitFor();
  await row.waitFor();
  await expect.poll(() => page.getByRole('heading', { name: team.audit.title }).count()).toBe(0);
  await expect.poll(() => row.getByRole('combobox').count()).toBe(0);
  await page.getByRole('button', { name: team.members.leave, exact: true }).click();
  await dialog(page).getByRole('button', { name: team.members.leave, exact: true }).click();
  await page.waitForURL(/\/chat/);
  // The other team's chat looks like the one before: it says where they are, until they go on.
  const left = session.tenant.name;
  const here = (
    await app.database.pool.query<{ name: string }>(
      `select tenants.name from tenants join memberships on tenant_id = tenants.id where user_id = $1`,
      [session.user.id],
    )
  ).rows[0]!.name;
  await inBoth(page, (words) =>
    shows(page.getByRole('status'), fill(words.shell.moved, { team: here, left })),
  );
  await fits(page);
  await page.getByRole('link', { name: shell.nav.settings }).click();
  await page.getByText(fill(shell.moved, { team: here, left })).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('heading', { name: settings.title }).waitFor();
  await expect.poll(() => page.getByText(fill(shell.moved, { team: here, left })).count()).toBe(0);
});

test('13 who invites into the last seat is told so, and what to do, where no larger plan is', async () => {
  const visitor = await newVisitor(browser, { width: 360 });
  const owner = await signUp(app, visitor);
  await putOnPlan(app.database, owner.tenant.id, 'team');
  const { post } = caller(app.url, owner.accessToken);
  for (const seat of [2, 3, 4, 5, 6, 7, 8, 9]) {
    const asked = await post('/api/invitations', {
      email: `guest${seat}@example.com`,
      role: 'member',
    });
    expect(asked.status).toBe(201);
  }
  const there = await visitor.newPage();
  await there.goto(`${app.url}/team`);
  await there.getByLabel(auth.fields.email).fill('last@example.com');
  await there.keyboard.press('Enter');
  await said(there, fill(team.invitations.sent, { email: 'last@example.com' }));
  const card = there.locator('[aria-labelledby=invitations-title]');
  await card.locator('form').waitFor({ state: 'detached' });
  // What had the focus is gone: it goes on to what was said.
  await there.waitForFunction(() => document.activeElement?.matches('[data-announcement]'));
  await inBoth(there, (words) => shows(card, words.team.invitations.full));
  await expect.poll(() => card.getByRole('link').count()).toBe(0);
  // One that expired keeps no seat, so that nothing could be sent again; the server says the same.
  const { rows } = await app.database.pool.query<{ id: string }>(
    `update invitations set expires_at = now() - interval '1 day'
     where tenant_id = $1 and email = 'last@example.com' returning id`,
    [owner.tenant.id],
  );
  expect(
    (await post('/api/invitations', { email: 'next@example.com', role: 'member' })).status,
  ).toBe(201);
  const refused = await caller(app.url, owner.accessToken).put(
    `/api/invitations/${rows[0]!.id}/link`,
  );
  expect(refused).toMatchObject({ status: 409, body: { code: 'seats_full' } });
  await there.reload();
  const expired = card.locator('.invitation').filter({ hasText: 'last@example.com' });
  await shows(expired, team.invitations.expired);
  await expect
    .poll(() => expired.getByRole('button').allInnerTexts())
    .toEqual([team.invitations.revoke]);
  const open = card.locator('.invitation').filter({ hasText: 'next@example.com' });
  await expect.poll(() => open.getByRole('button').count()).toBe(2);
  // Nothing follows the last of them that a line would part it from.
  const last = card.locator('.invitation').last();
  await expect
    .poll(() => last.evaluate((one) => getComputedStyle(one).borderBottomWidth))
    .toBe('0px');
  await visitor.close();
});

test('13 plans say how many seats they have, and the downgrade who loses one, before it is confirmed', async () => {
  const visitor = await newVisitor(browser, { width: 360 });
  const owner = await signUp(app, visitor);
  await subscribe(app, owner, await priceOf(app, 'team', 'month'));
  for (const { user } of [await signUp(app), await signUp(app)]) {
    await app.database.pool.query(
      `insert into memberships (tenant_id, user_id, role, joined_at) values ($1, $2, 'member', now())`,
      [owner.tenant.id, user.id],
    );
  }
  const there = await visitor.newPage();
  await there.goto(`${app.url}/subscription`);
  const down = fill(WORDS.en.plans.action.downgrade, { plan: shell.plans.pro });
  const button = there.getByRole('button', { name: down });
  await button.waitFor();
  await inBoth(there, (words) =>
    shows(there.locator('main'), fill(words.plans.seats.split(' | ').at(-1)!, { count: '10' })),
  );
  await button.click();
  const lost = [
    fill(WORDS.en.subscription.change.lessSeats, { from: 10, to: 1 }),
    fill(WORDS.en.subscription.change.seatless, { count: '2' }),
  ];
  for (const text of lost) await dialog(there).getByText(text).waitFor();
  await fits(there);
  await visitor.close();
});

test('13 an owner deletes the team after its name, and what happens to people and money was said', async () => {
  const visitor = await newVisitor(browser, { width: 360, language: 'zh-CN', theme: 'dark' });
  const owner = await signUp(app, visitor);
  await subscribe(app, owner, await priceOf(app, 'team', 'month'));
  const there = await visitor.newPage();
  await there.goto(`${app.url}/team`);
  const words = WORDS['zh-CN'];
  const { deletion } = words.account;
  const name = { team: owner.tenant.name };
  await there.getByRole('button', { name: words.team.deletion.open }).focus();
  await there.keyboard.press('Enter');
  const said = deletion.subscription.replace('{plan}', words.shell.plans.team);
  // Sentences stand together in Chinese.
  await shows(dialog(there), said + deletion.invoices);
  const [alone] = deletion.others.split(' | ');
  await shows(dialog(there), fill(words.team.deletion.lead, name) + alone!);
  await fits(there);
  const field = dialog(there).getByLabel(fill(deletion.confirm, name));
  await field.fill('another');
  await there.keyboard.press('Enter');
  await shows(dialog(there), fill(deletion.mismatch, name));
  await field.fill(owner.tenant.name);
  await there.keyboard.press('Enter');
  await there.waitForURL(/\/login/);
  await there.getByRole('status').getByText(words.auth.deleted.team).waitFor();
  const login = { email: owner.user.email, password: PASSWORD };
  expect((await caller(app.url).post('/api/auth/login', login)).status).toBe(401);
  await visitor.close();
});
