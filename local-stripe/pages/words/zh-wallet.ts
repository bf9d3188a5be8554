import type { enWallet } from './en-wallet.ts';

/** 页面上有关电子钱包的文字。 */
export const zhWallet: typeof enWallet = {
  names: { alipay: '支付宝', wechat_pay: '微信支付' },
  title: (name) => `使用${name}授权付款`,
  lead: (name) => `此页面代表${name}应用。请选择其用户的答复。`,
  method: '支付方式',
  scan: '在真实页面上，请用微信扫描此二维码：',
  code: '此付款的二维码',
  complete: '授权付款',
  fail: '拒绝付款',
  refused: '付款未获授权。',
};
