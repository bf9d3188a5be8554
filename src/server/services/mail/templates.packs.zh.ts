import type { MailTemplates } from './templates.ts';

/** The mails about bought credits. */
export const packMailsZh: Pick<MailTemplates, 'pack_bought' | 'pack_refunded' | 'credits_ending'> =
  {
    pack_bought: (data, { name, appUrl, money, number, day }) => ({
      subject: `${number(data.credits)} 点数已到账`,
      text: [
        `${name}，你好：`,
        `感谢购买。你已支付 ${money(data.amountMinor, data.currency)}，${number(data.credits)} 点数已可使用。方案额度用完后会自动使用点数，有效期至 ${day(data.expiresAt)}。`,
        `未使用的点数可在七天内退款：${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
    pack_refunded: (data, { name, appUrl, money, number }) => {
      const amount = money(data.amountMinor, data.currency);
      return {
        subject: `我们正在退还你的 ${amount}`,
        text: [
          `${name}，你好：`,
          `你购买的 ${number(data.credits)} 点数包中的 ${amount} 将原路退回，最长需要十天。对应的点数已不能再使用。`,
          `在此查看你的点数和账单：${appUrl}/subscription#credits`,
        ].join('\n\n'),
      };
    },
    credits_ending: (data, { name, appUrl, number, day }) => ({
      subject: `${number(data.credits)} 点数将于 ${day(data.expiresAt)} 到期`,
      text: [
        `${name}，你好：`,
        `你购买的点数还有 ${number(data.credits)} 未使用，可用至 ${day(data.expiresAt)}。`,
        `在此查看你的点数：${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
  };
