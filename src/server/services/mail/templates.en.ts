import type { RefundCause } from '../../../domain/billing/remedy.ts';
import type { PlanLimits } from '../../../domain/plans.ts';
import { PLAN_TITLES, PRODUCT_NAME, RESOURCE_NAMES } from '../../../domain/product.ts';
import { RESOURCE_TYPES } from '../../../domain/quota.ts';
import { accountMailsEn } from './templates.account.en.ts';
import { overageMailsEn, termMailsEn } from './templates.overage.en.ts';
import { packMailsEn, topUpMailsEn } from './templates.packs.en.ts';
import { statementMailsEn } from './templates.statements.en.ts';
import { teamMailsEn } from './templates.team.en.ts';
import type { MailData, MailFormat, MailTemplates } from './templates.ts';

const RESOURCES = RESOURCE_NAMES.en;

/** What of the plan goes on while its payment is open. */
function planMeanwhile(
  { graceEndsAt, graceIsOver }: MailData['payment_failed'],
  day: MailFormat['day'],
): string {
  if (!graceEndsAt) return 'Your plan goes on for a few days meanwhile.';
  return graceIsOver
    ? `Your plan is off since ${day(graceEndsAt)}, and is back as soon as this is paid.`
    : `Your plan stays on until ${day(graceEndsAt)} meanwhile.`;
}

export const en: MailTemplates = {
  ...accountMailsEn,
  ...packMailsEn,
  ...topUpMailsEn,
  ...overageMailsEn,
  ...termMailsEn,
  ...statementMailsEn,
  ...teamMailsEn,
  payment_failed: (data, { name, appUrl, money, day }) => {
    const amount = money(data.amountMinor, data.currency);
    const next = data.nextAttemptAt
      ? `We will try again on ${day(data.nextAttemptAt)}.`
      : 'We will not try again automatically.';
    return {
      subject: data.actionRequired
        ? `Please confirm your payment of ${amount}`
        : `Your payment of ${amount} did not go through`,
      text: [
        `Hello ${name},`,
        data.actionRequired
          ? `Your bank asks you to confirm the payment of ${amount} for ${PRODUCT_NAME.en}.`
          : `Your card was declined when we charged ${amount} for ${PRODUCT_NAME.en}. ${next}`,
        data.payUrl
          ? `${data.actionRequired ? 'Confirm it' : 'Pay, or use another card,'} here: ${data.payUrl}`
          : `Update your card here: ${appUrl}/subscription`,
        planMeanwhile(data, day),
      ].join('\n\n'),
    };
  },
  grace_extended: (data, { name, appUrl, day }) => ({
    subject: `You have until ${day(data.until)} to pay`,
    text: [
      `Hello ${name},`,
      `We have given you longer to pay what is open: ${PLAN_TITLES.en[data.plan]} stays on until ${day(data.until)}.`,
      `Pay, or use another card, here: ${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  cancellation: (data, { name, appUrl, day }) => ({
    subject: data.ended
      ? 'Your subscription has ended'
      : `Your subscription ends on ${day(data.endsAt)}`,
    text: [
      `Hello ${name},`,
      data.ended
        ? data.unpaid
          ? 'Your subscription has ended because it was not paid.'
          : `Your subscription ended on ${day(data.endsAt)}, as you asked.`
        : `You cancelled your subscription. You keep everything until ${day(data.endsAt)}; nothing more will be charged.`,
      data.ended
        ? `Your characters and chats stay, on the Free plan. Come back here: ${appUrl}/subscription`
        : `If you change your mind before then, one click takes it back: ${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  trial_refused: (_data, { name, appUrl }) => ({
    subject: 'Your free trial was ended: it had been used before',
    text: [
      `Hello ${name},`,
      'A free trial is there once for each e-mail address and each card, and yours had one before. So this trial ended at once. Nothing was charged.',
      `You can have the plan without a trial here: ${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  payment_refunded: (data, { name, appUrl, money }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: `We are giving ${amount} back to you`,
      text: [
        `Hello ${name},`,
        refundReason(data.cause, amount),
        'It is on its way to the card that paid; banks take up to ten days.',
        `Your subscription and your invoices: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  trial_will_end: (data, { name, appUrl, day }) => ({
    subject: `Your trial ends on ${day(data.trialEnd)}`,
    text: [
      `Hello ${name},`,
      `Your trial ends on ${day(data.trialEnd)}. Your card will be charged then, and your plan goes on.`,
      `To see the amount, or to cancel before: ${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  usage_threshold: (data, { name, appUrl, number, month }) => {
    const resource = RESOURCES[data.resourceType];
    return {
      subject:
        data.percent >= 100
          ? `Your ${resource} for ${month(data.period)} are used up`
          : `${data.percent} % of your ${resource} for ${month(data.period)} are used`,
      text: [
        `Hello ${name},`,
        `${number(data.used)} of ${number(data.limit)} ${resource} of ${month(data.period)} are used.`,
        `See all your usage, or choose a larger plan: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  plan_growing: (data, format) => {
    const { name, appUrl, day } = format;
    const plan = PLAN_TITLES.en[data.plan];
    const whole = day(data.wholeAt);
    return {
      subject: `Your plan is now ${plan}; all of its limits are there from ${whole}`,
      text: [
        `Hello ${name},`,
        `Your plan is now ${plan}, with all of its features. You have paid for a part of its period, and until the next payment you have that part of its higher limits:`,
        data.months
          .map(({ period, limits }) => `${format.month(period)}: ${limitsOf(limits, format)}`)
          .join('\n'),
        `With the payment on ${whole} all of it is yours: ${limitsOf(data.whole, format)} a month.`,
        `See all your usage here: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  change_settled: (data, { name, appUrl }) => {
    const { subject, sentence } = settled(data);
    return {
      subject,
      text: [
        `Hello ${name},`,
        `We could not tell you at once what came of your last request. Now we know. ${sentence}`,
        `Your subscription: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  verify_email: ({ url }, { name }) => ({
    subject: 'Confirm your e-mail address',
    text: [
      `Hello ${name},`,
      `Please confirm that this address is yours: ${url}`,
      `The link is valid for seven days. If you did not register with ${PRODUCT_NAME.en}, ignore this mail.`,
    ].join('\n\n'),
  }),
  open_account: ({ url }, { name }) => ({
    subject: 'Somebody tries to sign in to your account',
    text: [
      `Hello ${name},`,
      'Somebody has entered wrong passwords for your account many times, so for a while it can be signed in to only from where you have signed in before.',
      `If you want to sign in from somewhere else now, follow this link there first: ${url}`,
      'It is valid for 30 minutes. If it was not you, you need not do anything.',
    ].join('\n\n'),
  }),
};

function limitsOf(limits: PlanLimits, { number, list }: MailFormat): string {
  return list(
    RESOURCE_TYPES.map((resource) => {
      const limit = limits[resource];
      return `${limit === null ? 'unlimited' : number(limit)} ${RESOURCES[resource]}`;
    }),
  );
}

function settled({ asked, outcome, plan }: MailData['change_settled']): {
  subject: string;
  sentence: string;
} {
  const change = plan ? `The change to ${PLAN_TITLES.en[plan]}` : 'Your change';
  switch (outcome) {
    case 'done':
      return { subject: 'Your request went through', sentence: done(asked, change) };
    case 'taken_back':
      return {
        subject: 'Your request did not go through',
        sentence: `${asked === 'change_now' || asked === 'change_later' ? `${change} was not made` : 'It could not be carried out'}; nothing was charged for it, and your subscription is as it was before. You can try again.`,
      };
    case 'waiting':
      return {
        subject: 'Your change waits for your payment',
        sentence: `${change} was prepared and begins when it is paid, within 23 hours. You can finish the payment on the page of your subscription; if you do not, everything stays as it was.`,
      };
    case 'stuck':
      return {
        subject: 'Your request needs our support',
        sentence:
          'It could not be finished automatically. Our support has been told and looks at it; you need not do anything.',
      };
  }
}

function done(asked: MailData['change_settled']['asked'], change: string): string {
  switch (asked) {
    case 'change_now':
      return `${change} was made, and nothing was charged twice.`;
    case 'change_later':
      return `${change} is planned for the end of your period; until then everything stays as it is.`;
    case 'renew':
      return 'What was planned is taken back: your subscription goes on and renews.';
    case 'end':
    case 'delete':
      return 'Your subscription is cancelled.';
  }
}

function refundReason(cause: RefundCause, amount: string): string {
  if (cause === 'operator') {
    return `Our support is giving ${amount} of a payment back to you. Your subscription stays as it is.`;
  }
  return cause === 'duplicate_subscription'
    ? `You had two subscriptions to ${PRODUCT_NAME.en} at once. We ended the one that was too many and are giving back the ${amount} that it cost.`
    : `Your payment of ${amount} came after the subscription had ended, so it would have given you nothing. We are giving it back.`;
}
