/** What pages say of wallets. */
export const enWallet = {
  names: { alipay: 'Alipay', wechat_pay: 'WeChat Pay' },
  title: (name: string) => `Authorize with ${name}`,
  lead: (name: string) => `This page stands for the ${name} app. Decide what its owner answers.`,
  method: 'Payment method',
  scan: 'On a real page, the WeChat app scans this code:',
  code: 'QR code of this payment',
  complete: 'Authorize payment',
  fail: 'Fail payment',
  refused: 'The payment was not authorized.',
};
