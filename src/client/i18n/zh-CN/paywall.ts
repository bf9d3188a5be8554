import type { Messages } from '../en/index.ts';

const paywall: Messages['paywall'] = {
  feature: {
    title: '这是{plan}的功能',
    text: '你的方案不包含“{feature}”。',
    apiCalls: '你的方案不包含 API 密钥。',
  },
  quota: {
    title: '本月的{resource}额度已用完',
    text: '已用 {used}，共 {limit}。额度将于 {date} 重置。',
    resources: {
      llm_tokens: 'token（词元）',
      messages: '消息',
      images: '图片',
      api_calls: 'API 调用',
    },
    kept: '你的消息已保留，有额度或点数后即可发送。',
  },
  none: {
    title: '你的方案没有{resource}额度',
    text: '你的方案不包含{resource}。',
    byCredits: '你的方案没有{resource}额度：使用点数支付。',
  },
  choose: '升级到{plan}',
  price: '每月 {amount}',
  priceYear: '每年 {amount}',
  top: '你已在使用最高方案。',
  ask: '只有所有者和管理员可以更改方案，请联系“{tenant}”的负责人。',
  allPlans: '比较所有方案',
};
export default paywall;
