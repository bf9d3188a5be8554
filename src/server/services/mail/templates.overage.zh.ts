import type { WorseTerm } from '../../../domain/plans.ts';
import { FEATURE_TITLES, PLAN_TITLES, RESOURCE_NAMES } from '../../../domain/product.ts';
import type { MailFormat, MailTemplates } from './templates.ts';

/** The mails about credits that are used without having been bought. */
export const overageMailsZh: Pick<MailTemplates, 'overage_cap' | 'overage_lapsed'> = {
  overage_cap: (data, { name, appUrl, money, month }) => {
    const cap = money(data.capMinor, data.currency);
    const isReached = data.percent >= 100;
    return {
      subject: isReached
        ? `${month(data.period)}的超额用量已达上限 ${cap}`
        : `${month(data.period)}的超额用量已用上限的 ${data.percent}%`,
      text: [
        `${name}，你好：`,
        isReached
          ? `你为额度和点数之外的用量设定了每月 ${cap} 的上限，现已达到。除非你提高上限，${month(data.period)}内不会再产生用量和费用。`
          : `你为额度和点数之外的用量设定了每月 ${cap} 的上限，现已使用 ${data.percent}%。收费绝不会超过上限。`,
        `查看用量或修改上限：${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
  overage_lapsed: (data, { name, appUrl, money }) => {
    const isLower = data.reason === 'spending_rule' && data.capMinor > 0;
    return {
      subject: isLower ? '消费规则调低了超额用量上限' : '超额用量已关闭',
      text: [
        `${name}，你好：`,
        data.reason === 'spending_rule'
          ? `额度和点数之外的用量按整个上限计为消费。团队的消费规则${isLower ? `为它留有 ${money(data.capMinor, data.currency)}，这就是现在的上限。` : '没有为它留下金额，因此已关闭。方案额度和点数不受影响。'}`
          : data.reason === 'price'
            ? '在当前方案中，额度和点数之外的用量价格高于你同意过的价格，因此已关闭。同意新价格后才会再次开启。'
            : '当前方案不提供额度和点数之外的用量，因此已关闭。方案额度和点数不受影响。',
        `此前的用量按当时同意的价格计费。在此查看用量上限：${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
};

/** The mails about what becomes of a plan for those who have it. */
export const termMailsZh: Pick<MailTemplates, 'plan_changes' | 'plan_changes_off'> = {
  plan_changes: (data, format) => {
    const { name, appUrl, day } = format;
    const [plan, at] = [PLAN_TITLES.zh[data.plan], day(data.effectiveAt)];
    const isFree = data.plan === 'free';
    return {
      subject: `${plan}将于 ${at} 调整`,
      text: [
        `${name}，你好：`,
        `自 ${at} 起，你的${plan}包含的内容将有所减少，或超出额度后的价格将提高：`,
        data.terms.map((term) => `- ${wordsOf(term, format)}`).join('\n'),
        (isFree
          ? '在此之前一切照旧，你的点数仍按现在的标准使用；届时剩余的点数按以上标准使用。'
          : '在此之前一切照旧，订阅价格也不变。') +
          (data.replaces ? '本邮件取代我们之前就此发送的通知。' : ''),
        isFree
          ? `查看点数和其他方案：${appUrl}/subscription`
          : `你可以随时更改方案或取消订阅：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  plan_changes_off: (data, { name, appUrl, day }) => {
    const plan = PLAN_TITLES.zh[data.plan];
    return {
      subject: `${plan}不会于 ${day(data.effectiveAt)} 调整`,
      text: [
        `${name}，你好：`,
        `我们曾通知你，${plan}将于 ${day(data.effectiveAt)} 调整。这项调整已取消。`,
        `查看你的方案：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
};

function wordsOf(term: WorseTerm, { number, unitPrice }: MailFormat): string {
  switch (term.what) {
    case 'limit': {
      const before = term.from === null ? '不限量' : ` ${number(term.from)}`;
      return `${RESOURCE_NAMES.zh[term.resourceType]}：每月 ${number(term.to)}，原为${before}`;
    }
    case 'rate': {
      const resource = RESOURCE_NAMES.zh[term.resourceType];
      return term.to === null
        ? `${resource}：额度用完后不能继续使用`
        : `${resource}：超出额度后每 1,000 个需 ${number(term.to / 1_000)} 点数，原为 ${number(term.from / 1_000)} 点数`;
    }
    case 'overage':
      return term.to === null
        ? '不再提供超额用量'
        : `超额用量：每点数 ${unitPrice(term.to, term.currency)}，原为 ${unitPrice(term.from, term.currency)}，需重新同意`;
    case 'rollover':
      return `${RESOURCE_NAMES.zh[term.resourceType]}：未用部分最多可结转额度的 ${term.to}%，原为 ${term.from}%`;
    case 'seats':
      return `席位：${number(term.to)} 个，原为 ${number(term.from)} 个`;
    case 'feature':
      return `不再包含：${FEATURE_TITLES.zh[term.feature]}`;
  }
}
