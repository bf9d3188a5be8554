import { isEndedByCard, type TopUpPause } from '../../../domain/billing/spending/top-up.ts';
import type { MailTemplates } from './templates.ts';

/** The mails about bought credits. */
export const packMailsZh: Pick<MailTemplates, 'pack_bought' | 'pack_refunded' | 'credits_ending'> =
  {
    pack_bought: (data, { name, appUrl, money, number, day }) => ({
      subject: `${number(data.credits)} 点数已到账`,
      text: [
        `${name}，你好：`,
        `感谢购买。你已支付 ${money(data.amountMinor, data.currency)}，${number(data.credits)} 点数已可使用。方案额度用完后会自动使用点数，有效期至 ${day(data.expiresAt)}。`,
        data.isFinal
          ? `查看你的点数：${appUrl}/subscription#credits`
          : `未使用的点数可在七天内退款：${appUrl}/subscription#credits`,
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
        `你还有 ${number(data.credits)} 点数未使用，可用至 ${day(data.expiresAt)}。`,
        `在此查看你的点数：${appUrl}/subscription#credits`,
      ].join('\n\n'),
    }),
  };

const WHY: Record<Exclude<TopUpPause, 'given_back'>, string> = {
  declined: '银行拒绝了付款。没有扣款，也不会再次尝试。',
  no_card: '没有可以扣款的银行卡。',
  unconfirmed: '付款在 24 小时内没有确认，因此已撤回。',
  price: '点数包的价格已上涨，或点数少于、有效期短于你同意时的内容。没有扣款。',
  not_offered: '你选择的点数包已不再出售。',
};

/** The mails about packs that are bought by themselves. */
export const topUpMailsZh: Pick<
  MailTemplates,
  'top_up_bought' | 'top_up_confirm' | 'top_up_paused'
> = {
  top_up_bought: (data, { name, appUrl, money, number, day }) => ({
    subject: `自动购买点数：${number(data.credits)} 点数，${money(data.amountMinor, data.currency)}`,
    text: [
      `${name}，你好：`,
      `点数即将用完，已按你的同意购买点数包：${number(data.credits)} 点数，${money(data.amountMinor, data.currency)}，有效期至 ${day(data.expiresAt)}。`,
      `本月自动购买点数共 ${money(data.monthMinor, data.currency)}，你设定的每月上限为 ${money(data.monthMaxMinor, data.currency)}。`,
      `${data.isFinal ? '' : '未使用的点数可在七天内退款。'}在此修改或关闭自动购买点数：${appUrl}/subscription#limits`,
    ].join('\n\n'),
  }),
  top_up_confirm: (data, { name, money, number, day, appUrl }) => ({
    subject: `银行需要你确认 ${money(data.amountMinor, data.currency)}`,
    text: [
      `${name}，你好：`,
      `点数即将用完，银行需要你确认这笔付款：${number(data.credits)} 点数，${money(data.amountMinor, data.currency)}。`,
      `在此确认：${data.confirmUrl ?? `${appUrl}/subscription#limits`}`,
      `请在 ${day(data.until)} 前确认，之后付款会撤回。在此期间不会尝试其他付款。`,
    ].join('\n\n'),
  }),
  top_up_paused: (data, { name, appUrl, money, number }) => {
    const pack = `${number(data.credits)} 点数（${money(data.amountMinor, data.currency)}）`;
    return {
      subject: '自动购买点数已暂停',
      text: [
        `${name}，你好：`,
        data.reason === 'given_back'
          ? `一个点数包已退款，或其付款正被银行质疑。为避免重新购买这些点数，暂不再自动购买 ${pack}。`
          : `本应购买 ${pack}，但没有成功。${WHY[data.reason]}`,
        `方案、额度和已有的点数不受影响。${isEndedByCard(data.reason) ? '更换银行卡或重新同意后' : '重新同意后'}，自动购买点数会恢复：${appUrl}/subscription#limits`,
      ].join('\n\n'),
    };
  },
};
