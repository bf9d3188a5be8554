import type { MailTemplates } from './templates.ts';

/** The mails about credits that are used without having been bought. */
export const overageMailsEn: Pick<MailTemplates, 'overage_cap' | 'overage_lapsed'> = {
  overage_cap: (data, { name, appUrl, money, month }) => {
    const cap = money(data.capMinor, data.currency);
    const isReached = data.percent >= 100;
    return {
      subject: isReached
        ? `Your overage cap of ${cap} for ${month(data.period)} is reached`
        : `${data.percent} % of your overage cap for ${month(data.period)} are used`,
      text: [
        `Hello ${name},`,
        isReached
          ? `You set a cap of ${cap} a month for use beyond your quota and your credits. It is reached, and nothing more is used or charged in ${month(data.period)} unless you raise it.`
          : `You set a cap of ${cap} a month for use beyond your quota and your credits. ${data.percent} % of it are used. More than the cap is never charged.`,
        `See what is used, or change the cap: ${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
  overage_lapsed: (data, { name, appUrl, money }) => {
    const isLower = data.reason === 'spending_rule' && data.capMinor > 0;
    return {
      subject: isLower
        ? 'Your spending rule has lowered your overage cap'
        : 'Use beyond your credits is switched off',
      text: [
        `Hello ${name},`,
        data.reason === 'spending_rule'
          ? `What may be used beyond your quota and your credits counts as spent with its whole cap. Your team’s spending rule leaves ${isLower ? `${money(data.capMinor, data.currency)} for it, and that is the cap now.` : 'nothing for it, so it is switched off; your quota and your credits go on.'}`
          : data.reason === 'price'
            ? 'Use beyond your quota and your credits costs more with your present plan than what you agreed to. It is switched off until you agree to the new price.'
            : 'Your present plan does not sell use beyond your quota and your credits. It is switched off; your quota and your credits go on.',
        `What was used before is billed as agreed. See your limits here: ${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
};
