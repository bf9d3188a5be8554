import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { grantOperator } from '../../src/server/services/operators/grants.ts';
import { readRunbook } from '../../src/server/services/operators/runbook.ts';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  PASSWORD,
  priceOf,
  signUp,
  startAppWithPages,
  subscribe,
  tabTo,
  WORDS,
} from '../support/app-visitor.ts';
import { fill, inBoth } from '../support/both-languages.ts';
import { launchBrowser } from '../support/browser.ts';
import { Customer } from '../support/customer.ts';
import { addSecondFactor, codeOf } from '../support/operator.ts';
import { plantPastDue, plantTimeline } from '../support/planted-timeline.ts';
import { checkPage } from '../support/page-check.ts';

const { admin, auth, account, shell } = WORDS.en;
let app: TestApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let customer: SessionView;
let secret: string;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  context = await newVisitor(browser, { width: 360 });
  const session = await signUp(app, context);
  const clock = { now: () => new Date() };
  const wish = { email: session.user.email, reason: 'of the tests', by: 'tests' };
  await grantOperator({ db: app.database.db, clock }, wish);
  const account = { email: wish.email, password: PASSWORD, accessToken: session.accessToken };
  secret = await addSecondFactor(app, account);
  customer = await signUp(app);
  await subscribe(app, customer, await priceOf(app, 'pro', 'month'));
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const heading = (name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();
const visit = async (name: keyof typeof admin.nav) => {
  await page.getByRole('link', { name: admin.nav[name], exact: true }).click();
  await heading(admin.nav[name]);
};
const fits = (name: string) =>
  inBoth(page, async (words) => {
    const language = words === WORDS.en ? 'en' : 'zh-CN';
    await checkPage(page, `admin-${name}`, { language, words: 'admin' });
    await expect.poll(() => machineWords(), { message: `${name} in ${language}` }).toEqual([]);
  });
/** Words of machines that stand where a person reads: outside of code, of names and of addresses. */
const machineWords = () =>
  page.evaluate(() => {
    const copy = document.body.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('code, pre, script, style, [lang="und"]').forEach((one) => one.remove());
    return copy.innerText.match(/[a-z]+_[a-z]+|\b[a-z]+(?:\.[a-z]+)?\.[a-z]+ed\b/g) ?? [];
  });

test('14 who is no operator finds nothing at /admin', async () => {
  const other = await newVisitor(browser);
  try {
    await signUp(app, other);
    const there = await other.newPage();
    await there.goto(`${app.url}/admin`);
    await there.getByRole('heading', { name: shell.notFound.title }).waitFor();
  } finally {
    await other.close();
  }
});

test('14 an operator signs in by keyboard, with a code and a reason', async () => {
  await page.goto(`${app.url}/admin/tenants`);
  await page.getByText(admin.signIn.lead).waitFor();
  await fits('door');
  await tabTo(page, account.password.current);
  await page.keyboard.type(PASSWORD);
  await tabTo(page, auth.factor.code);
  await page.keyboard.type('000000');
  await tabTo(page, admin.signIn.reason);
  await page.keyboard.type('TICKET-1');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(WORDS.en.errors.second_factor_required).waitFor();
  await page.getByLabel(auth.factor.code).fill(codeOf(secret, 1));
  await page.keyboard.press('Enter');
  await heading(admin.nav.tenants);
  await page.getByText(fill(admin.session, { reason: 'TICKET-1' })).waitFor();
  // What is in one line is of one height, and nothing follows the last that a line would part it from.
  const inLine = page.locator('form[role=search]').locator('.el-input__wrapper, button');
  const heights = () =>
    inLine.evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().height)));
  await expect.poll(heights).toEqual([46, 46]);
  const line = () =>
    page
      .locator('.entry')
      .last()
      .evaluate((one) => getComputedStyle(one).borderBottomWidth);
  await expect.poll(line).toBe('0px');
});

test('14 a customer is found, seen and helped: what an act will do stands there before', async () => {
  await page.getByLabel(admin.tenants.search).fill(customer.user.email);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: customer.tenant.name }).waitFor();
  await fits('tenants');
  await page.getByRole('link', { name: customer.tenant.name }).click();
  await heading(customer.tenant.name);
  await page.getByRole('heading', { name: admin.tenant.timeline }).waitFor();
  await page.getByText(WORDS.en.team.audit.actions.subscription_created).first().waitFor();
  await fits('tenant');
  await page.getByRole('button', { name: admin.acts.grant_credits }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(admin.fields.credits).fill('5');
  await dialog.getByLabel(admin.fields.days).fill('30');
  await dialog.getByLabel(admin.fields.ref).fill('TICKET-1');
  await dialog.getByRole('button', { name: admin.act.preview }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel(admin.act.reason).fill('an apology');
  await dialog.getByRole('button', { name: admin.act.preview }).click();
  await dialog.getByText(admin.act.would).waitFor();
  await checkPage(page, 'admin-act', { language: 'en', words: 'admin' });
  await dialog.getByRole('button', { name: admin.act.confirm }).click();
  await dialog.getByText(admin.act.did).waitFor();
  await dialog.getByRole('button', { name: admin.act.close, exact: true }).click();
  await page.getByText(fill(admin.tenant.balance, { count: 5 })).waitFor();
  await page.getByText('an apology').first().waitFor();
});

const sumIsWrong = fill(admin.act.faulty, { fields: admin.fields.amountMinor });

/** What is typed into the forms that came last, and what they answer before anything is done. */
const FORMS: readonly (readonly [
  act: keyof typeof admin.acts,
  typed: Partial<Record<keyof typeof admin.fields, string>>,
  answers: readonly string[],
])[] = [
  [
    'add_allowance',
    { units: '20', ref: 'TICKET-2' },
    [admin.act.would, admin.facts.limitAfter, '1,000,020'],
  ],
  [
    'refund_invoice',
    { amountMinor: '9.00', ref: 'TICKET-3' },
    [admin.act.would, admin.facts.refundable, 'CN¥9', admin.words.unchanged],
  ],
  ['refund_invoice', { amountMinor: 'nine', ref: 'TICKET-3' }, [sumIsWrong]],
  [
    'refund_invoice',
    { amountMinor: '29.01', ref: 'TICKET-3' },
    [fill(admin.act.leftToRefund, { amount: 'CN¥29' })],
  ],
  ['hide_character', {}, [admin.act.would, 'The Warden', admin.words.hidden]],
  ['trust_overage', { exposureMinor: '500' }, [admin.refusals.overage_never_agreed]],
  ['extend_grace', { until: '2020-01-01' }, [admin.refusals.nothing_past_due]],
];

test('14 an act says beforehand what it would do, or why it cannot', async () => {
  const owner = new Customer(app, customer);
  const { body } = await owner.api.post<{ id: string }>('/api/characters', {
    ...{ name: 'The Warden', description: 'Keeps the wood.', greeting: 'Hush.', shared: true },
  });
  const [payment] = await owner.payments();
  const ids = { invoice: payment!.number!, characterId: body.id };
  for (const [act, typed, answers] of FORMS) {
    await page.getByRole('button', { name: admin.acts[act], exact: true }).click();
    const dialog = page.getByRole('dialog');
    for (const [name, text] of Object.entries({ ...ids, ...typed, reason: 'looked into' })) {
      const label = name === 'reason' ? admin.act.reason : admin.fields[name as 'invoice'];
      const field = dialog.getByLabel(label, { exact: true });
      if (name in typed || (await field.count()) > 0) await field.fill(text);
    }
    await dialog.getByRole('button', { name: admin.act.preview }).click();
    for (const answer of answers) await dialog.getByText(answer).first().waitFor();
    await checkPage(page, `admin-act-${act}`, { language: 'en', words: 'admin' });
    await dialog.getByRole('button', { name: shell.actions.cancel }).click();
    await dialog.waitFor({ state: 'detached' });
  }
});

test('14 the business: each number by month, the list behind it, and that as a file', async () => {
  const { business } = admin;
  await visit('business');
  await page
    .getByRole('region', { name: fill(business.months, { currency: 'Chinese Yuan' }) })
    .waitFor();
  await page.getByText(fill(business.mrr, { amount: 'CN¥29' })).waitFor();
  await page.getByText(fill(business.trials, { running: 0, converted: 0, lost: 0 })).waitFor();
  await page.getByLabel(business.list).selectOption('paid');
  const line = page.getByRole('listitem').filter({ hasText: customer.tenant.name }).first();
  await line.getByText('CN¥29').waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: business.download }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('paid.csv');
  await fits('business');
});

test('14 events, alerts with what to do, health and the log, on a phone', async () => {
  await visit('events');
  await page.getByRole('button', { name: admin.events.payload }).first().click();
  await page.locator('pre').waitFor();
  await fits('events');
  await app.database.pool.query(
    `insert into alerts (id, kind, subject_id, message, details, raised_at, last_raised_at)
     values ($1, 'late_payment', 'in_1', 'of a test', $2, now(), now())`,
    [
      randomUUID(),
      { amountMinor: 2900, currency: 'cny', late: 'subscription_over', policy: 'refund' },
    ],
  );
  await app.database.pool.query(
    `insert into reconcile_runs
       (trigger, begun_at, ended_at, customers, mended_count, mended, failed_count, failed)
     values ('hand', now() - interval '2 hours', now() - interval '1 hour', 1200, 1, $1, 1, $2),
       ('schedule', now(), null, 40, 0, '[]', 0, '[]')`,
    [
      JSON.stringify([{ tenantId: customer.tenant.id, kinds: ['plan', 'payment'] }]),
      JSON.stringify([{ customerId: 'cus_gone', error: 'No such customer: cus_gone' }]),
    ],
  );
  await visit('alerts');
  await page.getByText(admin.alertSays.late_payment).waitFor();
  await page.getByText(admin.alertWords.subscription_over).waitFor();
  await expect.poll(() => page.getByText('of a test').count()).toBe(0);
  await page.getByText(admin.alerts.help).click();
  await fits('alerts');
  const entries = await readRunbook('en');
  const kind = entries.find((one) => one.kind === 'late_payment')!.title;
  const resolve = fill(admin.alerts.resolveOf, { kind });
  await page.getByRole('button', { name: resolve }).click();
  await page.getByRole('dialog').getByLabel(admin.act.reason).fill('looked into');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(fill(admin.alerts.gone, { kind })).waitFor();
  await visit('health');
  await page.getByText('stripe-event', { exact: true }).waitFor();
  const { runs } = admin;
  const list = page.locator('section:has(#runs-title)');
  const counts = { customers: '1,200', mended: '1', failed: '1' };
  await list.getByText(fill(runs.counts, counts)).waitFor();
  await list.getByText(runs.open, { exact: true }).waitFor();
  await list.getByText(runs.details, { exact: true }).click();
  await list.getByRole('link', { name: customer.tenant.id }).waitFor();
  await list.getByText(`${runs.kinds.plan} · ${runs.kinds.payment}`).waitFor();
  await list.getByText('No such customer').waitFor();
  await fits('health');
  await visit('log');
  await page.getByText('looked into').first().waitFor();
  await fits('log');
});

test('14 of a tenant to whom everything happened, every page speaks in words, in both languages', async () => {
  const { id, name } = customer.tenant;
  await plantTimeline(app, id);
  await plantPastDue(app, id);
  await page.goto(`${app.url}/admin/tenants/${id}`);
  await heading(name);
  await inBoth(page, async ({ admin, payments, statements, credits, shell, team }, f) => {
    const crossing = { resource: shell.resources.images, percent: f.percent(80) };
    for (const text of [
      fill(admin.timeline.crossing, crossing),
      team.audit.actions.subscription_status_changed,
      `${team.audit.statuses.active} → ${team.audit.statuses.past_due}`,
      fill(admin.did.previewed, { act: admin.acts.extend_grace }),
      fill(admin.did.fact, { name: admin.facts.mail, value: admin.mails.usage_threshold }),
      admin.refunds.requires_action,
      admin.refundReasons.requested_by_customer,
      admin.objects.subscription,
      admin.mails.grace_extended,
      payments.failure.card_declined,
      credits.state.needs_action,
      statements.state.written_off,
      fill(admin.tenant.owed, { amount: f.money({ amountMinor: 2900, currency: 'cny' }) }),
      fill(admin.tenant.grace, { date: '' }),
    ]) {
      await page.getByText(text).first().waitFor();
    }
  });
  // Stripe's own sentence, in English alone, stands nowhere.
  await expect.poll(() => page.getByText('Your card was declined.').count()).toBe(0);
  await fits('tenant-planted');
  for (const name of ['business', 'events', 'alerts', 'health', 'log'] as const) {
    await visit(name);
    if (name === 'business') {
      for (const list of ['movements', 'subscriptions', 'refunded'] as const) {
        await page.getByLabel(admin.business.list).selectOption(list);
        await page
          .getByRole('listitem')
          .filter({ hasText: customer.tenant.name })
          .first()
          .waitFor();
        await fits(`business-${list}`);
      }
    }
    await page.locator('.admin-list li, section.card li').first().waitFor();
    await fits(`${name}-planted`);
  }
});

test('14 signing out ends it', async () => {
  await page.getByRole('button', { name: admin.signOut }).click();
  await page.getByText(admin.signIn.lead).waitFor();
  await page.reload();
  await page.getByText(admin.signIn.lead).waitFor();
  expect(await context.cookies(`${app.url}/api/admin`)).not.toContainEqual(
    expect.objectContaining({ name: 'squaretable_operator' }),
  );
});
