import type { Messages } from '../en/index.ts';

const plans: Messages['plans'] = {
  title: '方案',
  interval: { label: '计费周期', month: '按月', year: '按年' },
  saves: '省 {percent}',
  perMonth: '每月',
  perYear: '每年',
  free: '免费',
  equivalent: '折合每月 {amount}，比按月省 {percent}',
  monthlyOnly: '仅按月',
  tagline: {
    free: '先看看喜不喜欢这里。',
    pro: '给每晚都来坐坐的人。',
    team: '给总是坐满的一桌人。',
  },
  limit: {
    llm_tokens: '每月 {count} 词元',
    messages: '每月 {count} 条消息',
    images: '每月 {count} 张图片',
    api_calls: '每月 {count} 次接口调用',
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
