import { PLAN_TITLES, PRODUCT_NAME } from '../../../domain/product.ts';
import type { Messages } from '../en/index.ts';

const shell: Messages['shell'] = {
  product: PRODUCT_NAME.zh,
  skip: '跳到正文',
  testMode: '测试模式：这里的付款不是真的，不会扣款。',
  nav: {
    label: '主导航',
    chat: '聊天',
    community: '社区',
    subscription: '订阅',
    settings: '设置',
  },
  account: { signedInAs: '当前用户：{name}', logout: '退出登录' },
  team: '团队',
  language: { short: 'EN', label: 'EN，切换为英文' },
  theme: { label: '主题', light: '浅色', dark: '深色', system: '跟随系统' },
  actions: {
    retry: '重试',
    back: '返回',
    cancel: '取消',
    refresh: '刷新',
    loading: '加载中…',
  },
  failed: '这一部分暂时无法加载。',
  support: '联系 {email}',
  supportWith: '如果仍未解决，请写信至 {email}，并附上这个编号。',
  links: { label: '条款与联系方式', terms: '服务条款', privacy: '隐私政策', support: '联系我们' },
  reference: '请求编号：{id}',
  plans: { ...PLAN_TITLES.zh },
  resources: {
    llm_tokens: 'token（词元）',
    messages: '消息',
    images: '图片',
    api_calls: 'API 调用',
  },
  features: {
    basic_chat: '与所有角色聊天',
    community_browse: '浏览社区',
    character_share: '分享你的角色',
    advanced_models: '高级模型',
    all_features: '今后新增的全部功能',
  },
  pastDue: {
    title: '最近一次扣款未成功',
    amount: '待付 {amount}。',
    retry: '我们将在 {date} 再次扣款。',
    noRetry: '不会再自动扣款。',
    grace: '{plan}保留到 {date}。',
    graceOver: '付清之前，按免费版的额度使用。',
    updateCard: '更换银行卡',
    pay: '立即付款',
    ask: '请告知“{tenant}”的所有者或管理员。',
  },
  stale: '暂时连不上 Stripe，以下是我们最后一次得到的信息。',
  notFound: {
    title: '这个地址没有内容',
    text: '页面可能已移走，或者链接有误。',
    home: '去聊天',
  },
};
export default shell;
