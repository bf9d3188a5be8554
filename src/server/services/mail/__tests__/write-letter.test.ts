import { expect, test } from 'vitest';
import type { MailData, MailKind } from '../templates.ts';
import { writeLetter } from '../write-letter.ts';

const DATA: { [K in MailKind]: MailData[K][] } = {
  payment_failed: [
    {
      number: 'A-1',
      amountMinor: 2900,
      currency: 'cny',
      nextAttemptAt: '2027-02-13T00:00:00.000Z',
      actionRequired: false,
      payUrl: 'https://pay.example/i',
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
  verify_email: [{ url: 'https://app.example/verify-email?token=t' }],
  open_account: [{ url: 'https://app.example/login?token=t' }],
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
  const mail = { kind, locale, recipient: 'ada@example.com', data: { name: 'Ada', ...data } };
  const { subject, text } = writeLetter(mail, 'https://billing.example');
  const all = `${subject}\n${text}`;
  expect(all).not.toMatch(/undefined|null|NaN|Invalid|\[object/);
  expect(text).toContain('Ada');
  expect(text).toContain('https://');
  expect(/[\u4e00-\u9fff]/.test(all)).toBe(locale === 'zh-CN');
  expect(subject).not.toContain('\n');
});

test('amounts and dates are written as the reader writes them', () => {
  const [failed] = DATA.payment_failed;
  const mail = (locale: string) => ({
    kind: 'payment_failed',
    locale,
    recipient: 'ada@example.com',
    data: failed,
  });
  expect(writeLetter(mail('en'), 'https://b.example').text).toMatch(
    /CN¥29\.00[\s\S]*February 13, 2027/,
  );
  expect(writeLetter(mail('zh-CN'), 'https://b.example').text).toMatch(
    /¥29\.00[\s\S]*2027年2月13日/,
  );
});

test('a kind without a template is refused', () => {
  const mail = { kind: 'toString', locale: 'en', recipient: 'a@b.c', data: {} };
  expect(() => writeLetter(mail, 'https://b.example')).toThrow(/template/);
});
