import type { MailTemplates } from './templates.ts';

/** The mails about bought credits. */
export const packMailsEn: Pick<MailTemplates, 'pack_bought' | 'pack_refunded' | 'credits_ending'> =
  {
    pack_bought: (data, { name, appUrl, money, number, day }) => ({
      subject: `${number(data.credits)} credits are yours`,
      text: [
        `Hello ${name},`,
        `Thank you: you paid ${money(data.amountMinor, data.currency)}, and ${number(data.credits)} credits are ready. They are used when the quota of your plan is used up, until ${day(data.expiresAt)}.`,
        `What is unused can be given back within seven days: ${appUrl}/subscription#credits`,
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
        `${number(data.credits)} credits that you bought are unused, and can be used until ${day(data.expiresAt)}.`,
        `See all your credits here: ${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
  };
