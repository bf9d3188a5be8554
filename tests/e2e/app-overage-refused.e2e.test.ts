import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFormats } from '../../src/client/i18n/format.ts';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  ownWords,
  recordUsage,
  signUp,
  startAppWithPages,
  tabTo,
  withSubscription,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { fill } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { putOnPaidPlan } from '../support/metering.ts';
import { agreeToOverage } from '../support/overage.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const CAP_MINOR = 100;

/** On Team, the month's messages gone, and all of a cap of ¥1.00 that was agreed to. */
async function atTheCap({ tenant: { id } }: SessionView): Promise<void> {
  const { database, server } = app;
  await putOnPaidPlan(database, id, 'team');
  const at = server.context.clock.now();
  await agreeToOverage(database, id, { capMinor: CAP_MINOR, at });
  await recordUsage(app, id, 'messages', 100_000);
  await recordUsage(app, id, 'messages', 90);
}

const bill = ({ tenant }: SessionView, what: string) =>
  inEveryBucket(app.database.pool, `select u00.credit_overage_${what}`, [tenant.id]);

/** Says something, and is refused. */
async function refused(page: Page) {
  await page.goto(`${app.url}/chat`);
  await page.locator('textarea').fill('Hello');
  await page.locator('textarea').press('Enter');
  return page.getByRole('dialog');
}

async function check(page: Page, name: string, language: Language): Promise<void> {
  expect(await accessibilityFaults(page), name).toEqual([]);
  await expect.poll(() => sidewaysScroll(page), { message: name }).toBe(0);
  const words = await ownWords(page);
  expect(words).not.toMatch(/\blimits\.[a-z]\w+/);
  if (language === 'en') expect(words).not.toMatch(/\p{Script=Han}/u);
}

test.each([
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 375],
] as const)(
  '12.4 in %s (%s, %i px) the paywall says that the cap is reached, or what is unpaid, and leads there',
  async (language, theme, width) => {
    const words = WORDS[language].limits;
    const f = createFormats(language);
    const money = (amountMinor: number) => f.money({ amountMinor, currency: 'cny' });
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const session = await signUp(app, context);
    await atTheCap(session);
    const paywall = await refused(page);
    const used = money(Math.floor(90 * 0.1 * 11));
    await paywall
      .getByText(fill(words.refused.cap.text, { used, cap: money(CAP_MINOR) }))
      .waitFor();
    // Credits are still offered: they go on beyond a cap.
    await paywall.getByRole('button', { name: WORDS[language].credits.buy }).waitFor();
    await check(page, 'cap', language);
    await tabTo(page, words.refused.cap.act);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/subscription#limits$/);
    await page.locator('#limits').getByRole('button', { name: words.change }).waitFor();
    // One fen of the cap is left, which no message costs: the card says that it is reached.
    await page.locator('#limits').getByText(words.state.reached).waitFor();
    await paywall.waitFor({ state: 'detached' });

    await bill(session, `billed($1, 's', 9000000)`);
    await bill(session, `failed($1, 's')`);
    await refused(page);
    await paywall.getByText(words.refused.unpaid.text).waitFor();
    await check(page, 'unpaid', language);
    await paywall.getByRole('link', { name: words.refused.unpaid.act }).click();
    await page.waitForURL(/\/subscription#statements$/);
    const { title } = WORDS[language].statements;
    await page.getByRole('dialog', { name: title }).waitFor();
    await context.close();
  },
);

test.each(['en', 'zh-CN'] as const)(
  '12.4 in %s a member is told whom to ask, and is led nowhere',
  async (language) => {
    const words = WORDS[language].limits.refused;
    const context = await newVisitor(browser, { language });
    const page = await context.newPage();
    const session = await signUp(app, context);
    await app.database.pool.query(`update memberships set role = 'member' where tenant_id = $1`, [
      session.tenant.id,
    ]);
    await atTheCap(session);
    const paywall = await refused(page);
    const tenant = session.tenant.name;
    await paywall.getByText(fill(words.cap.ask, { tenant })).waitFor();
    await expect.poll(() => paywall.getByRole('link', { name: words.cap.act }).count()).toBe(0);
    await expect.poll(() => paywall.locator('.offer').count()).toBe(0);
    await check(page, 'member', language);
    await bill(session, `billed($1, 's', 9000000)`);
    await bill(session, `failed($1, 's')`);
    await refused(page);
    await paywall.getByText(fill(words.unpaid.ask, { tenant })).waitFor();
    await context.close();
  },
);

test('12.4 a price that rose, and an owed subscription, are said as what they are', async () => {
  const { refused: words, switchOn } = WORDS.en.limits;
  const context = await newVisitor(browser);
  const page = await context.newPage();
  const session = await signUp(app, context);
  const { database } = app;
  await atTheCap(session);
  // A credit costs more on Pro than what was agreed to on Team.
  await putOnPaidPlan(database, session.tenant.id, 'pro');
  const paywall = await refused(page);
  await paywall.getByText(words.price.text).waitFor();
  await check(page, 'price', 'en');
  await paywall.getByRole('link', { name: words.price.act }).click();
  await page.waitForURL(/\/subscription#limits$/);
  await page.locator('#limits').getByRole('button', { name: switchOn }).waitFor();

  await putOnPaidPlan(database, session.tenant.id, 'team');
  await agreeToOverage(database, session.tenant.id, {
    ...{ capMinor: CAP_MINOR, at: app.server.context.clock.now() },
  });
  await putOnPaidPlan(database, session.tenant.id, 'team', { paused: 'past_due' });
  await withSubscription(page, ({ subscription }) => {
    subscription.status = 'past_due';
  });
  await refused(page);
  await paywall.getByText(words.past_due.text).waitFor();
  await paywall.getByRole('link', { name: words.past_due.act }).click();
  await page.waitForURL(/\/subscription#payments-title$/);
  await context.close();
});
