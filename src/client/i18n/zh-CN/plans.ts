import type { Messages } from '../en/index.ts';

const plans: Messages['plans'] = {
  title: '方案',
  interval: { label: '计费周期', month: '月付', year: '年付' },
  saves: '省 {percent}',
  perMonth: '每月',
  perYear: '每年',
  free: '免费',
  equivalent: '折合每月 {amount}，比月付省 {percent}',
  monthlyOnly: '仅月付',
  tagline: {
    free: '适合先试用。',
    pro: '适合经常使用。',
    team: '适合多人共用。',
  },
  limit: {
    llm_tokens: '每月 {count} token（词元）',
    messages: '每月 {count} 条消息',
    images: '每月 {count} 张图片',
    api_calls: '每月 {count} 次 API 调用',
  },
  unlimited: '不限量',
  notIncluded: '不含',
  included: '包含',
  action: {
    current: '当前方案',
    subscribe: '选择{plan}',
    upgrade: '升级到{plan}',
    downgrade: '改为{plan}',
    switch_interval: '改为{interval}',
    switch_price: '改用这个价格',
    scheduled: '{date} 生效',
    resume: '恢复{plan}',
    undo: '保留{plan}',
    toFree: '回到免费版',
  },
  afterCancel: '{date} 起',
  ask: '“{tenant}”的所有者或管理员可以更改方案。',
  compare: '比较全部内容',
  caption: '各方案包含的内容',
  feature: '功能',
};
export default plans;
