import type { enTax } from './en-tax.ts';

/** 页面上有关税费的文字。 */
export const zhTax: typeof enTax = {
  label: '税费',
  rate: (name, percentage) => `${name}（${percentage}%）`,
  included: (label) => `${label}，价内已含`,
  exempt: '免税',
  reverseCharge: '反向征收',
  reverseChargeText: '反向征收：税款由客户自行申报缴纳。',
  none: '不收取税费',
  pending: '填写地址后显示税费',
  totalChangedTitle: '应付总额有变',
  totalChangedText: (total) => `按你的地址计税后为 ${total}。尚未扣款，请核对后再次确认。`,
  business: '为企业购买',
  businessName: '企业名称',
  idType: '税号类型',
  noId: '无',
  id: '税号',
  idInvalid: '该税号与所选类型不符。',
};
