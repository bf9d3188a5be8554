import type { MailTemplates } from './templates.ts';

/** The mails about bills of use beyond quota and credits. */
export const statementMailsZh: Pick<
  MailTemplates,
  'statement_paid' | 'statement_failed' | 'statement_uncollectible'
> = {
  statement_paid: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: `${month(data.period)}的用量账单已付款：${amount}`,
      text: [
        `${name}，你好：`,
        `方案额度和点数之外的用量账单已付款，金额 ${amount}。感谢支持。`,
        `在此查看账单的每一笔明细，并下载可自行核算的证明文件：${appUrl}/subscription#statements`,
      ].join('\n\n'),
    };
  },
  statement_failed: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: data.actionRequired
        ? `银行需要你确认一笔 ${amount} 的付款`
        : `${month(data.period)}的用量账单付款失败：${amount}`,
      text: [
        `${name}，你好：`,
        data.actionRequired
          ? `${month(data.period)}的用量账单 ${amount} 需要你在银行确认。`
          : `${month(data.period)}的用量账单 ${amount} 付款未成功。`,
        `付清之前，方案额度和点数之外的用量暂停；你的方案、额度和点数不受影响。`,
        `${data.actionRequired ? '在此确认' : '在此付款'}：${data.payUrl ?? `${appUrl}/subscription#statements`}`,
      ].join('\n\n'),
    };
  },
  statement_uncollectible: (data, { name, appUrl, money, month }) => {
    const amount = money(data.amountMinor, data.currency);
    const page = `${appUrl}/subscription#statements`;
    return {
      subject: `${month(data.period)}的用量账单未能收款：${amount}`,
      text: [
        `${name}，你好：`,
        `${month(data.period)}的用量账单 ${amount} 未能收款，也不会再自动扣款。`,
        `额度和点数之外的用量已关闭。结清之后你可以重新同意并开启；不会自动恢复。方案额度和点数仍可照常使用。`,
        data.payUrl ? `在此付款：${data.payUrl}` : `查看账单：${page}`,
      ].join('\n\n'),
    };
  },
};
