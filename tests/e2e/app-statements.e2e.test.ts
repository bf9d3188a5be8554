import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LANGUAGE_KEY } from '../../src/client/i18n/languages.ts';
import { createFormats } from '../../src/client/i18n/format.ts';
import { creditPrice } from '../../src/client/subscription/overage.ts';
import type { SubscriptionOverview } from '../../src/domain/api.ts';
import { verifyProof } from '../../src/server/services/billing/statements/verify-proof.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  withSubscription,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { fill, inBoth, shows } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { checkPage } from '../support/page-check.ts';
import { schemaOf } from '../support/buckets.ts';
import { plantOverage } from '../support/overage.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages({ TRIAL_DAYS: '0' }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const check = (page: Page, name: string, language: Language) =>
  checkPage(page, name, { language, words: 'statements' });

test.each([
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 375],
] as const)(
  '12.5 in %s (%s, %i px) a statement shows its lines, its proof, and where it is paid',
  async (language, theme, width) => {
    const words = WORDS[language].statements;
    const f = createFormats(language);
    const context = await newVisitor(browser, { language, theme, width });
    const page = await context.newPage();
    const session = await signUp(app, context);
    await subscribe(app, session, await priceOf(app, 'pro', 'month'));
    const { clock, services } = app.server.context;
    const tenantId = session.tenant.id;
    await page.goto(`${app.url}/subscription`);
    await page.getByRole('button', { name: WORDS[language].payments.statements }).click();
    const dialog = page.getByRole('dialog', { name: words.title });
    await dialog.getByText(words.empty).waitFor();
    await check(page, 'empty', language);

    await plantOverage(app.database.pool, tenantId, 2_100, clock.now());
    const u = await schemaOf(app.database.pool, tenantId);
    await app.database.pool.query(
      `update ${u}.credit_draws set model = 'large-writer', rate_card = 1 + (seq > 1800)::int
       where tenant_id = $1 and seq > 300`,
      [tenantId],
    );
    const closed = (await services.statements.close(tenantId, { kind: 'threshold' }))!;
    await services.statements.sweep();
    // Where the mail leads.
    await page.goto(`${app.url}/login`);
    await page.goto(`${app.url}/subscription#statements`);
    const amount = f.money({ amountMinor: 2_520, currency: 'cny' });
    await dialog.getByText(amount).waitFor();
    const date = f.date(closed.closedAt);
    const period = fill(words.named, { period: f.month(closed.period), date });
    await dialog.getByText(fill(words.closedInPart, { date })).waitFor();
    await dialog.getByRole('link', { name: fill(words.payOf, { period }) }).waitFor();
    await dialog.getByRole('button', { name: fill(words.linesOf, { period }) }).click();
    await dialog.getByText(closed.sha256).waitFor();
    // The price of a line is written as the consent wrote it.
    const price = creditPrice({ currency: 'cny', minorPerCredit: '12' }, language);
    expect(price).toBe(language === 'en' ? 'CN¥0.12' : '¥0.12');
    await dialog.getByText(price).first().waitFor();
    // Each line by model and card.
    for (const [card, units] of [
      [1, 1_500],
      [2, 300],
    ] as const) {
      const named = { model: 'large-writer', card, credits: units / 10 };
      const amount = fill(WORDS[language].shell.amounts.messages.split(' | ').at(-1)!, {
        count: f.number(units),
      });
      await dialog
        .getByText(
          fill(words.partOfCard, { ...named, units: amount, credits: f.number(units / 10) }),
        )
        .waitFor();
    }
    await dialog.getByText(words.noModel).waitFor();
    await check(page, 'lines', language);
    const waiting = page.waitForEvent('download');
    await dialog.getByRole('button', { name: fill(words.proofOf, { period }) }).click();
    const file = await readFile(await (await waiting).path(), 'utf8');
    expect(verifyProof(file)).toMatchObject({ findings: [], head: { sha256: closed.sha256 } });
    // The invoice says what is paid where it is paid, and the hash that the page names.
    await dialog.getByRole('link', { name: fill(words.payOf, { period }) }).click();
    await page.getByText(closed.sha256).waitFor();
    const due = language === 'en' ? 'CN¥25.20' : '¥25.20';
    await page.getByRole('button', { name: new RegExp(`4242.*${due}|${due}.*4242`) }).waitFor();
    await context.close();
  },
);

test('12.22 a bill of overage that is owed stands on every page, too, until it is paid', async () => {
  const owed = { amountMinor: 2_900, currency: 'cny' };
  const [since, nextAttemptAt] = ['2031-02-01T00:00:00.000Z', '2031-02-04T00:00:00.000Z'];
  const of = { actionRequired: false, nextAttemptAt, payUrl: 'http://localhost/i/1' };
  let unpaid: SubscriptionOverview['unpaidStatement'] = {
    ...{ id: 'statement', period: '2031-01', currency: 'cny', dueMinor: 2_900, ...of },
  };
  let mayPay = true;
  const context = await newVisitor(browser);
  await context.addInitScript((key) => localStorage.setItem(key, 'en'), LANGUAGE_KEY);
  const session = await signUp(app, context);
  const page = await context.newPage();
  const dialog = page.getByRole('dialog');
  await withSubscription(page, (overview) => {
    const pastDue = { ...owed, ...of, since, graceEndsAt: since };
    Object.assign(overview.subscription, { status: 'past_due', pastDue });
    Object.assign(overview, { unpaidStatement: unpaid, canManageBilling: mayPay });
  });
  await page.clock.install();
  const banner = page.locator('[aria-labelledby=unpaid-statement-title]');
  for (const path of ['/chat', '/community', '/settings', '/team', '/account', '/subscription']) {
    await page.goto(app.url + path);
    await banner.waitFor();
  }
  await page.locator('[aria-labelledby=past-due-title]').waitFor();
  await inBoth(page, async ({ shell }, f) => {
    const period = f.month('2031-01');
    await shows(banner, fill(shell.unpaidStatement.title, { period }));
    await shows(banner, fill(shell.pastDue.amount, { amount: f.money(owed) }));
    await shows(banner, fill(shell.pastDue.retry, { date: f.date(nextAttemptAt) }));
    await shows(banner, shell.unpaidStatement.rests);
    await banner.getByRole('button', { name: shell.pastDue.pay }).waitFor();
  });
  // What is billed is shown as often as it is asked for, from the same page too.
  for (let times = 0; times < 2; times += 1) {
    await banner.getByRole('link').click();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
  unpaid = { ...unpaid, actionRequired: true };
  await page.goto(`${app.url}/settings`);
  await inBoth(page, async ({ shell }) => {
    await banner.getByRole('button', { name: shell.pastDue.confirm }).waitFor();
  });
  [unpaid, mayPay] = [{ ...unpaid, payUrl: null }, false];
  await page.goto(`${app.url}/settings`);
  await inBoth(page, async ({ shell }) => {
    await shows(banner, fill(shell.pastDue.ask, { tenant: session.tenant.name }));
  });
  await expect.poll(() => banner.getByRole('button').count()).toBe(0);
  unpaid = null;
  await page.clock.runFor(29_000);
  await banner.waitFor({ state: 'detached' });
  await context.close();
});
