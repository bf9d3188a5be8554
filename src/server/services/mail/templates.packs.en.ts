import { isEndedByCard, type TopUpPause } from '../../../domain/billing/spending/top-up.ts';
import type { MailTemplates } from './templates.ts';

/** The mails about bought credits. */
export const packMailsEn: Pick<MailTemplates, 'pack_bought' | 'pack_refunded' | 'credits_ending'> =
  {
    pack_bought: (data, { name, appUrl, money, number, day }) => ({
      subject: `${number(data.credits)} credits are yours`,
      text: [
        `Hello ${name},`,
        `Thank you: you paid ${money(data.amountMinor, data.currency)}, and ${number(data.credits)} credits are ready. They are used when the quota of your plan is used up, until ${day(data.expiresAt)}.`,
        data.isFinal
          ? `Your credits: ${appUrl}/subscription#credits`
          : `What is unused can be given back within seven days: ${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
    pack_refunded: (data, { name, appUrl, money, number }) => {
      const amount = money(data.amountMinor, data.currency);
      return {
        subject: `We are giving ${amount} back to you`,
        text: [
          `Hello ${name},`,
          `${amount} of your pack of ${number(data.credits)} credits goes back to where it was paid from; that takes up to ten days. The credits that it paid for cannot be used any more.`,
          `Your credits and your invoices: ${appUrl}/subscription#credits`,
        ].join('\n\n'),
      };
    },
    credits_ending: (data, { name, appUrl, number, day }) => ({
      subject: `${number(data.credits)} credits end on ${day(data.expiresAt)}`,
      text: [
        `Hello ${name},`,
        `${number(data.credits)} credits are unused, and can be used until ${day(data.expiresAt)}.`,
        `See all your credits here: ${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
  };

const WHY: Record<Exclude<TopUpPause, 'given_back'>, string> = {
  declined: 'Your bank declined the payment. Nothing was charged, and no other attempt is made.',
  no_card: 'There is no card that could be charged.',
  unconfirmed: 'The payment was not confirmed within 24 hours, so it was withdrawn.',
  price:
    'The pack costs more now, holds less, or ends sooner, than you agreed to. Nothing was charged.',
  not_offered: 'The pack that you chose is not sold any more.',
};

/** The mails about packs that are bought by themselves. */
export const topUpMailsEn: Pick<
  MailTemplates,
  'top_up_bought' | 'top_up_confirm' | 'top_up_paused'
> = {
  top_up_bought: (data, { name, appUrl, money, number, day }) => ({
    subject: `Automatic purchase: ${number(data.credits)} credits for ${money(data.amountMinor, data.currency)}`,
    text: [
      `Hello ${name},`,
      `Few credits were left, so a pack was bought as you agreed: ${number(data.credits)} credits for ${money(data.amountMinor, data.currency)}, to be used until ${day(data.expiresAt)}.`,
      `This month that makes ${money(data.monthMinor, data.currency)} of the ${money(data.monthMaxMinor, data.currency)} that you allow.`,
      `${data.isFinal ? '' : 'What is unused can be given back within seven days. '}Automatic purchase is changed or switched off here: ${appUrl}/subscription#limits`,
    ].join('\n\n'),
  }),
  top_up_confirm: (data, { name, money, number, day, appUrl }) => ({
    subject: `Your bank wants you to confirm ${money(data.amountMinor, data.currency)}`,
    text: [
      `Hello ${name},`,
      `Few credits are left, and your bank wants you to confirm the payment of ${money(data.amountMinor, data.currency)} for ${number(data.credits)} credits.`,
      `Confirm it here: ${data.confirmUrl ?? `${appUrl}/subscription#limits`}`,
      `It can be confirmed until ${day(data.until)}; then it is withdrawn. Nothing else is tried meanwhile.`,
    ].join('\n\n'),
  }),
  top_up_paused: (data, { name, appUrl, money, number }) => {
    const pack = `${number(data.credits)} credits for ${money(data.amountMinor, data.currency)}`;
    return {
      subject: 'Automatic purchase is paused',
      text: [
        `Hello ${name},`,
        data.reason === 'given_back'
          ? `A pack was given back, or its payment is questioned at the bank. Its credits are not bought again for that: no pack of ${pack} is bought automatically for now.`
          : `A pack of ${pack} was to be bought, and was not. ${WHY[data.reason]}`,
        `Your plan, its quota and the credits that you have go on as before. Automatic purchase goes on when you ${isEndedByCard(data.reason) ? 'have another card, or ' : ''}agree to it anew: ${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
};
