import type { WorseTerm } from '../../../domain/plans.ts';
import { FEATURE_TITLES, PLAN_TITLES, RESOURCE_NAMES } from '../../../domain/product.ts';
import type { MailFormat, MailTemplates } from './templates.ts';

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

/** The mails about what becomes of a plan for those who have it. */
export const termMailsEn: Pick<MailTemplates, 'plan_changes' | 'plan_changes_off'> = {
  plan_changes: (data, format) => {
    const { name, appUrl, day } = format;
    const [plan, at] = [PLAN_TITLES.en[data.plan], day(data.effectiveAt)];
    const isFree = data.plan === 'free';
    return {
      subject: `${plan} changes on ${at}`,
      text: [
        `Hello ${name},`,
        `From ${at} your plan ${plan} includes less than now, or asks more beyond its quota:`,
        data.terms.map((term) => `- ${wordsOf(term, format)}`).join('\n'),
        (isFree
          ? 'Until then all stays as it is, and your credits pay as they do now. What is left of them on that day pays by what stands here.'
          : 'Until then all stays as it is, and the price of your subscription does too.') +
          (data.replaces ? ' This replaces what we wrote about it before.' : ''),
        isFree
          ? `See your credits and the other plans here: ${appUrl}/subscription`
          : `You can change your plan, or cancel it, before and after: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  plan_changes_off: (data, { name, appUrl, day }) => {
    const plan = PLAN_TITLES.en[data.plan];
    return {
      subject: `${plan} does not change on ${day(data.effectiveAt)}`,
      text: [
        `Hello ${name},`,
        `We wrote that your plan ${plan} would change on ${day(data.effectiveAt)}. It does not: what we announced is called off.`,
        `Your plan: ${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
};

function wordsOf(term: WorseTerm, { number, unitPrice }: MailFormat): string {
  switch (term.what) {
    case 'limit': {
      const before = term.from === null ? 'without a limit' : number(term.from);
      return `${number(term.to)} ${RESOURCE_NAMES.en[term.resourceType]} a month instead of ${before}`;
    }
    case 'rate': {
      const units = `1,000 ${RESOURCE_NAMES.en[term.resourceType]} beyond the quota`;
      return term.to === null
        ? `no ${RESOURCE_NAMES.en[term.resourceType]} beyond the quota`
        : `${units} take ${number(term.to / 1_000)} credits instead of ${number(term.from / 1_000)}`;
    }
    case 'overage':
      return term.to === null
        ? 'no overage'
        : `a credit of overage costs ${unitPrice(term.to, term.currency)} instead of ${unitPrice(term.from, term.currency)}, once you agree to that`;
    case 'rollover':
      return `of unused ${RESOURCE_NAMES.en[term.resourceType]} ${term.to}% of the quota at most roll over instead of ${term.from}%`;
    case 'seats':
      return `seats: ${number(term.to)} instead of ${number(term.from)}`;
    case 'feature':
      return `no longer: ${FEATURE_TITLES.en[term.feature]}`;
  }
}
