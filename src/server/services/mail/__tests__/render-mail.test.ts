import { expect, test } from 'vitest';
import { TOP_UP_PAUSES } from '../../../../domain/billing/spending/top-up.ts';
import type { Period } from '../../../../domain/period.ts';
import { monthLimits } from '../../../../domain/billing/plan-share.ts';
import { FIRST_PLANS } from '../../../../../tests/support/first-plans.ts';
import type { MailData, MailKind } from '../templates.ts';
import { renderMail } from '../render-mail.ts';

const NO_CONTACT = { supportEmail: null, termsUrl: null, privacyUrl: null };
const SENDER = { appUrl: 'https://billing.example', contact: NO_CONTACT };

const GROWING = {
  base: FIRST_PLANS.pro,
  from: new Date('2027-01-20T00:00:00Z'),
  until: new Date('2027-02-10T00:00:00Z'),
};

const DATA: { [K in MailKind]: MailData[K][] } = {
  overage_cap: ([50, 80, 100] as const).map((percent) => ({
    ...{ percent, period: '2027-02', capMinor: 5_000, currency: 'cny' },
  })),
  plan_changes: [
    ...(['pro', 'free'] as const).map((plan) => ({ plan, replaces: false })),
    { plan: 'pro' as const, replaces: true },
  ].map((of) => ({
    ...{ ...of, effectiveAt: '2027-03-10T00:00:00.000Z' },
    terms: [
      { what: 'limit', resourceType: 'llm_tokens', from: null, to: 500_000 },
      { what: 'limit', resourceType: 'api_calls', from: 1_000, to: 0 },
      { what: 'rate', resourceType: 'messages', from: 100_000, to: 150_000 },
      { what: 'rate', resourceType: 'llm_tokens', from: 200, to: 250 },
      { what: 'rate', resourceType: 'images', from: 2_000_000, to: null },
      { what: 'overage', currency: 'cny', from: '12', to: '12.5' },
      { what: 'overage', currency: 'usd', from: '1.8', to: null },
      { what: 'rollover', resourceType: 'messages', from: 50, to: 20 },
      { what: 'seats', from: 10, to: 5 },
      { what: 'feature', feature: 'advanced_models' },
    ],
  })),
  plan_changes_off: [{ plan: 'team', effectiveAt: '2027-03-10T00:00:00.000Z' }],
  overage_lapsed: [
    ...(['price', 'not_offered'] as const).map((reason) => ({
      ...{ reason, capMinor: 5_000, currency: 'cny' },
    })),
    ...[720, 0].map((capMinor) => ({
      ...{ reason: 'spending_rule' as const, capMinor, currency: 'cny' },
    })),
  ],
  pack_bought: [false, true].map((isFinal) => ({
    ...{ credits: 330, amountMinor: 3000, currency: 'cny', expiresAt: '2027-03-01T00:00:00.000Z' },
    isFinal,
  })),
  top_up_bought: [false, true].map((isFinal) => ({
    ...{ credits: 60, amountMinor: 600, currency: 'cny', expiresAt: '2027-03-01T00:00:00.000Z' },
    ...{ monthMinor: 1_200, monthMaxMinor: 3_000, isFinal },
  })),
  top_up_confirm: [
    {
      ...{ credits: 60, amountMinor: 600, currency: 'cny', until: '2026-03-01T00:00:00.000Z' },
      confirmUrl: 'https://invoice.stripe.com/i/1',
    },
    {
      ...{ credits: 60, amountMinor: 99, currency: 'usd', until: '2026-03-01T00:00:00.000Z' },
      confirmUrl: null,
    },
  ],
  top_up_paused: TOP_UP_PAUSES.map((reason) => ({
    ...{ reason, credits: 60, amountMinor: 600, currency: 'cny' },
  })),
  pack_refunded: [{ credits: 330, amountMinor: 1350, currency: 'cny' }],
  credits_ending: [{ credits: 12, expiresAt: '2027-03-01T00:00:00.000Z' }],
  grace_extended: [{ plan: 'pro', until: '2027-02-20T00:00:00.000Z' }],
  payment_failed: [
    {
      number: 'A-1',
      amountMinor: 2900,
      currency: 'cny',
      nextAttemptAt: '2027-02-13T00:00:00.000Z',
      actionRequired: false,
      payUrl: 'https://pay.example/i',
      graceEndsAt: '2027-02-17T00:00:00.000Z',
    },
    {
      number: 'A-1',
      amountMinor: 2900,
      currency: 'cny',
      nextAttemptAt: '2027-02-20T00:00:00.000Z',
      actionRequired: false,
      payUrl: 'https://pay.example/i',
      graceEndsAt: '2027-02-17T00:00:00.000Z',
      graceIsOver: true,
    },
    {
      number: null,
      amountMinor: 500,
      currency: 'jpy',
      nextAttemptAt: null,
      actionRequired: true,
      payUrl: null,
    },
  ],
  cancellation: [
    { plan: 'pro', endsAt: '2027-02-10T00:00:00.000Z', ended: false, unpaid: false },
    { plan: 'pro', endsAt: '2027-02-10T00:00:00.000Z', ended: true, unpaid: true },
    { plan: 'team', endsAt: '2027-02-10T00:00:00.000Z', ended: true, unpaid: false },
  ],
  trial_refused: [{ plan: 'pro' }],
  payment_refunded: [
    { amountMinor: 2900, currency: 'cny', cause: 'late_payment' },
    { amountMinor: 9900, currency: 'cny', cause: 'duplicate_subscription' },
  ],
  plan_growing: [
    {
      plan: 'team',
      months: [
        { period: '2027-01', limits: monthLimits(FIRST_PLANS.team, GROWING, '2027-01' as Period) },
        { period: '2027-02', limits: monthLimits(FIRST_PLANS.team, GROWING, '2027-02' as Period) },
      ],
      whole: FIRST_PLANS.team.limits,
      wholeAt: '2027-02-10T00:00:00.000Z',
    },
  ],
  change_settled: (['done', 'taken_back', 'stuck', 'waiting'] as const).flatMap((outcome) =>
    (['change_now', 'change_later', 'renew', 'end', 'delete'] as const).map((asked) => ({
      asked,
      outcome,
      plan: asked === 'change_now' ? ('team' as const) : null,
    })),
  ),
  statement_paid: [{ amountMinor: 2_500, currency: 'cny', period: '2027-01' }],
  statement_failed: [true, false].map((actionRequired) => ({
    ...{ amountMinor: 2_500, currency: 'cny', period: '2027-01', actionRequired },
    payUrl: actionRequired ? null : 'https://pay.example/i',
  })),
  statement_uncollectible: [null, 'https://pay.example/i'].map((payUrl) => ({
    ...{ amountMinor: 2_500, currency: 'cny', period: '2027-01', payUrl },
  })),
  verify_email: [{ url: 'https://app.example/verify-email?token=t' }],
  open_account: [{ url: 'https://app.example/login?token=t' }],
  reset_password: [{ url: 'https://app.example/reset-password?token=t' }],
  billing_address: [{ team: 'Round table' }],
  team_invitation: (['owner', 'admin', 'member'] as const).map((role) => ({
    url: 'https://app.example/invitation?token=t',
    team: 'Round table',
    role,
    endsAt: '2027-02-10T00:00:00.000Z',
  })),
  team_owner: [{ team: 'Round table', by: 'Mei' }],
  team_left: [{ team: 'Round table', by: 'Mei' }],
  team_deleted: [true, false].map((isErased) => ({ team: 'Round table', isErased })),
  seats_taken: [{ team: 'Round table', seats: 1, names: ['Mei', 'Ada', 'Lin'] }],
  account_deleted: [{ at: '2027-02-10T00:00:00.000Z' }],
  password_changed: [{ at: '2027-02-10T00:00:00.000Z' }],
  change_email: [{ url: 'https://app.example/verify-email?token=t' }],
  email_changed: [
    { url: 'https://app.example/take-back-email?token=t', newEmail: 'ada@new.example' },
  ],
  trial_will_end: [{ plan: 'pro', trialEnd: '2027-02-10T00:00:00.000Z' }],
  usage_threshold: [
    { resourceType: 'llm_tokens', period: '2027-02', percent: 80, used: 40_000, limit: 50_000 },
    { resourceType: 'messages', period: '2027-02', percent: 100, used: 100, limit: 100 },
  ],
};

const cases = Object.entries(DATA).flatMap(([kind, all]) =>
  all.flatMap((data, n) => (['zh-CN', 'en'] as const).map((locale) => ({ kind, n, data, locale }))),
);

test.each(cases)('$kind ($n) in $locale is whole and in one language', ({ kind, data, locale }) => {
  const mail = { kind, locale, recipient: 'ada@example.com', timeZone: null };
  const { subject, text } = renderMail({ ...mail, data: { name: 'Ada', ...data } }, SENDER);
  const all = `${subject}\n${text}`;
  expect(all).not.toMatch(/undefined|null|NaN|Invalid|\[object/);
  expect(text).toContain('Ada');
  expect(text).toContain('https://');
  expect(/[\u4e00-\u9fff]/.test(all)).toBe(locale === 'zh-CN');
  expect(subject).not.toContain('\n');
  // A month is written in words.
  expect(all).not.toMatch(/\b20\d\d-\d\d\b/);
});

test('amounts and dates are written as the reader writes them', () => {
  const [failed] = DATA.payment_failed;
  const mail = (locale: string) => ({
    kind: 'payment_failed',
    locale,
    recipient: 'ada@example.com',
    timeZone: null,
    data: failed,
  });
  expect(renderMail(mail('en'), SENDER).text).toMatch(/CN¥29 [\s\S]*February 13, 2027/);
  expect(renderMail(mail('zh-CN'), SENDER).text).toMatch(/¥29\D[\s\S]*2027年2月13日/);
});

/** Han beside a letter or a digit, but in a date, which is written without; or a space beside what needs none. */
const ILL_SPACED =
  /\p{Script=Han}[A-Za-z]|[A-Za-z]\p{Script=Han}|\p{Script=Han}(?<![年月])\d|\d(?![年月日])\p{Script=Han}|[\p{Script=Han}，。、；：！？（）“”] [\p{Script=Han}，。、；：！？（）“”]/u;

test.each(cases)(
  'in Chinese, words stand off letters and digits, and not off each other: %j',
  (one) => {
    const mail = { ...one, locale: 'zh-CN', recipient: 'ada@example.com', timeZone: null };
    const { subject, text } = renderMail(mail, SENDER);
    expect([subject, ...text.split('\n')].filter((line) => ILL_SPACED.test(line))).toEqual([]);
  },
);

test.each([
  ['en', 'Your usage statement of January 2027 is paid: CN¥25'],
  ['zh-CN', '2027年1月的用量账单已付款：¥25'],
])('months are written as the reader says them: %s', (locale, subject) => {
  const [data] = DATA.statement_paid;
  const mail = { kind: 'statement_paid', locale, recipient: 'a@b.c', timeZone: null, data };
  expect(renderMail(mail, SENDER).subject).toBe(subject);
});

const textOf = (kind: MailKind, locale: string, data: object) =>
  renderMail({ kind, locale, recipient: 'a@b.c', timeZone: null, data }, SENDER).text;

test.each(DATA.top_up_paused)('12.5 what ends a pause is what the mail names: $reason', (data) => {
  const byCard = ['declined', 'no_card', 'unconfirmed'].includes(data.reason);
  expect(textOf('top_up_paused', 'en', data).includes('another card')).toBe(byCard);
  expect(textOf('top_up_paused', 'zh-CN', data).includes('更换银行卡')).toBe(byCard);
  const wasTried = data.reason !== 'given_back';
  expect(textOf('top_up_paused', 'en', data).includes('was to be bought')).toBe(wasTried);
});

test.each(['pack_bought', 'top_up_bought'] as const)(
  '12.3 a mail promises to give back what can be given back alone: %s',
  (kind) => {
    for (const data of DATA[kind]) {
      expect(textOf(kind, 'en', data).includes('given back')).toBe(!data.isFinal);
      expect(textOf(kind, 'zh-CN', data).includes('退款')).toBe(!data.isFinal);
    }
  },
);

test('a kind without a template is refused', () => {
  const mail = { kind: 'toString', locale: 'en', timeZone: null, recipient: 'a@b.c', data: {} };
  expect(() => renderMail(mail, SENDER)).toThrow(/template/);
});

test.each([
  ['Asia/Shanghai', 'February 10, 2027 at 07:30 GMT+8'],
  ['America/New_York', 'February 9, 2027 at 18:30 EST'],
  ['Asia/Kolkata', 'February 10, 2027 at 05:00 GMT+5:30'],
  [null, 'February 9, 2027 at 23:30 UTC'],
  ['Mars/Olympus', 'February 9, 2027 at 23:30 UTC'],
])('9 dates are the same instant in the reader’s zone, which is named: %s', (timeZone, words) => {
  const data = { plan: 'pro', trialEnd: '2027-02-09T23:30:00.000Z' };
  const mail = { kind: 'trial_will_end', locale: 'en', timeZone, recipient: 'a@b.c', data };
  expect(renderMail(mail, SENDER).subject).toBe(`Your trial ends on ${words}`);
});

test.each(['en', 'zh-CN'])(
  '13.6 every mail names whom to write to and what holds, in %s',
  (locale) => {
    const contact = {
      supportEmail: 'help@example.com',
      termsUrl: 'https://example.com/terms',
      privacyUrl: 'https://example.com/privacy',
    };
    for (const { kind, data } of cases) {
      const mail = { kind, locale, recipient: 'ada@example.com', timeZone: null, data };
      const { text } = renderMail(mail, { appUrl: 'https://billing.example', contact });
      for (const value of Object.values(contact)) expect(text).toContain(value);
      expect(text.replace(renderMail(mail, SENDER).text, '').trim().split('\n')).toHaveLength(3);
    }
  },
);
