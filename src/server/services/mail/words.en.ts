import type { Words } from './templates.ts';

const RESOURCES: Record<string, string> = {
  llm_tokens: 'tokens',
  messages: 'messages',
  images: 'images',
  api_calls: 'API calls',
};

export const en: Words = {
  payment_failed: (data, { name, appUrl, money, day }) => {
    const amount = money(data.amountMinor, data.currency);
    const next = data.nextAttemptAt
      ? `We will try again on ${day(data.nextAttemptAt)}.`
      : 'We will not try again by ourselves.';
    return {
      subject: data.actionRequired
        ? `Please confirm your payment of ${amount}`
        : `Your payment of ${amount} did not go through`,
      text: [
        `Hello ${name},`,
        data.actionRequired
          ? `Your bank asks you to confirm the payment of ${amount} for Small Squaretable.`
          : `Your card was declined when we charged ${amount} for Small Squaretable. ${next}`,
        data.payUrl
          ? `${data.actionRequired ? 'Confirm it' : 'Pay, or use another card,'} here: ${data.payUrl}`
          : `Update your card here: ${appUrl}/subscription`,
        'Your plan goes on for a few days meanwhile.',
      ].join('\n\n'),
    };
  },
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
        data.cause === 'duplicate_subscription'
          ? `You had two subscriptions to Small Squaretable at once. We ended the one that was too many and are giving back the ${amount} that it cost.`
          : `Your payment of ${amount} came after the subscription had ended, so it would have given you nothing. We are giving it back.`,
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
  usage_threshold: (data, { name, appUrl, number }) => {
    const resource = RESOURCES[data.resourceType] ?? data.resourceType;
    return {
      subject:
        data.percent >= 100
          ? `Your ${resource} for ${data.period} are used up`
          : `${data.percent} % of your ${resource} for ${data.period} are used`,
      text: [
        `Hello ${name},`,
        `${number(data.used)} of ${number(data.limit)} ${resource} of ${data.period} are used.`,
        `See all your usage, or choose a larger plan: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  verify_email: ({ url }, { name }) => ({
    subject: 'Confirm your e-mail address',
    text: [
      `Hello ${name},`,
      `Please confirm that this address is yours: ${url}`,
      'The link is valid for seven days. If you did not register with Small Squaretable, ignore this mail.',
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
