import type { MailTemplates } from './templates.ts';

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
