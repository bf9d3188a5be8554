import type { Messages } from '../../en/index.ts';

const limits: Messages['limits'] = {
  title: '超额用量',
  state: {
    not_sold: '额度和点数用完后即停止使用：当前方案不提供超额用量，付费方案提供。',
    off: '额度和点数用完后即停止使用。开启超额用量后可继续使用，不超过你设定的上限：每点数 {price}，事后结算。',
    on: '额度和点数用完后可继续使用，不超过你设定的上限：每点数 {price}，事后结算。',
    reached: '本月已达到上限。提高上限或购买点数后，本月内即可继续使用。',
    price_rose:
      '当前方案的超额用量为每点数 {price}，高于你同意过的价格。重新同意之前不会产生超额用量。',
    suspended: '有一笔超额用量账单未付。额度和点数不受影响；付款后恢复超额用量。',
    uncollected: '有一笔超额用量账单未能收款，因此已关闭超额用量。请先付款，再重新开启。',
    trialing: '试用期结束并付款后，才能开启超额用量。',
    past_due: '订阅有未付账单，付款前超额用量暂停。',
  },
  used: '本月已用',
  usedOf: '{used}，上限 {cap}',
  unpaid: '尚未付款',
  toInvoices: '查看账单',
  ask: '只有所有者和管理员可以修改，请联系“{tenant}”的负责人。',
  switchOn: '开启超额用量',
  switchOff: '关闭超额用量',
  change: '修改上限',
  agreed: '超额用量已开启，从下一次使用起生效。',
  ended: '超额用量已关闭。此前的用量按当时同意的价格结算。',
  form: {
    lead: '上限是承诺：无论发生什么，每月的用量和收费都不会超过它。',
    cap: '每月上限（{currency}）',
    capHint: '如需另加税款，则为税前金额。可随时修改。',
    alerts: '用到以下比例时写信通知我',
    consent: '我同意：额度和点数用完后，每点数 {price}，每月不超过 {cap}，事后结算。',
    noCap: '上述上限',
    needsCap: '请填写大于 0、不超过 100,000 的上限金额。',
    needsConsent: '请勾选同意该价格。',
    submit: '同意并保存',
  },
};

export default limits;
