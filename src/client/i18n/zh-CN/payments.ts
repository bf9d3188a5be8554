import type { Messages } from '../en/index.ts';

const payments: Messages['payments'] = {
  title: '账单',
  caption: '你的账单，最新的在前',
  empty: '还没有账单。',
  more: '更早的账单',
  columns: {
    date: '日期',
    number: '编号',
    reason: '内容',
    amount: '金额',
    status: '状态',
    file: '文件',
  },
  status: {
    draft: '准备中',
    open: '待付',
    paid: '已付',
    void: '已作废',
    uncollectible: '未收回',
    refunded: '已退款',
    partly_refunded: '部分退款',
    failed: '失败',
  },
  refunded: '已退 {amount}',
  pdf: 'PDF',
  pdfOf: '账单 {number} 的 PDF',
  view: '查看',
  viewOf: '查看账单 {number}',
  pay: '付款',
  payOf: '支付账单 {number}',
  draftNumber: '草稿',
  reason: {
    subscription_create: '首次付款',
    subscription_cycle: '续订',
    subscription_update: '更改方案',
    manual: '单次账单',
    other: '账单',
  },
  failure: {
    card_declined: '银行卡被拒。',
    insufficient_funds: '卡内余额不足。',
    expired_card: '银行卡已过期。',
    authentication_required: '银行需要你确认。',
    other: '扣款失败。',
  },
};
export default payments;
