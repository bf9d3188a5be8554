import type { MailTemplates } from './templates.ts';

/** The mails about bills of use beyond quota and credits. */
export const statementMailsEn: Pick<
  MailTemplates,
  'statement_paid' | 'statement_failed' | 'statement_uncollectible'
> = {
  statement_paid: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: `Your usage statement of ${month(data.period)} is paid: ${amount}`,
      text: [
        `Hello ${name},`,
        `Thank you: the statement of what was used beyond your plan's quota and your credits is paid. It came to ${amount}.`,
        `Each movement that it bills, and the file by which it can be computed anew: ${appUrl}/subscription#statements`,
      ].join('\n\n'),
    };
  },
  statement_failed: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: data.actionRequired
        ? `Your bank wants you to confirm ${amount}`
        : `Your usage statement of ${month(data.period)} could not be paid: ${amount}`,
      text: [
        `Hello ${name},`,
        data.actionRequired
          ? `Your bank wants you to confirm the payment of ${amount} for your usage statement of ${month(data.period)}.`
          : `The payment of ${amount} for your usage statement of ${month(data.period)} did not go through.`,
        `Until it is paid nothing more can be used beyond quota and credits. Your plan, its quota and your credits go on as before.`,
        `${data.actionRequired ? 'Confirm' : 'Pay'} it here: ${data.payUrl ?? `${appUrl}/subscription#statements`}`,
      ].join('\n\n'),
    };
  },
  statement_uncollectible: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    const page = `${appUrl}/subscription#statements`;
    return {
      subject: `Your usage statement of ${month(data.period)} was not collected: ${amount}`,
      text: [
        `Hello ${name},`,
        `The payment of ${amount} for your usage statement of ${month(data.period)} could not be collected, and is not tried again.`,
        `Use beyond your quota and your credits is switched off. Once this is settled you can agree to it anew; it is not switched on automatically. Your quota and your credits can be used as before.`,
        data.payUrl ? `Pay it here: ${data.payUrl}` : `The statement: ${page}`,
      ].join('\n\n'),
    };
  },
};
