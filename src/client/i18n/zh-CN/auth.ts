import type { Messages } from '../en/index.ts';

const auth: Messages['auth'] = {
  login: {
    title: '欢迎回来',
    lead: '登录后继续聊天。',
    submit: '登录',
    other: '还没有账户？',
    otherLink: '注册',
  },
  register: {
    title: '创建账户',
    lead: '免费开始，无需银行卡。',
    submit: '注册',
    other: '已有账户？',
    otherLink: '登录',
  },
  fields: {
    email: '邮箱',
    password: '密码',
    passwordHint: '至少 {count} 个字符。',
    displayName: '你的名字（选填）',
    tenantName: '空间名称（选填）',
    tenantHint: '团队或个人空间的名称，之后会显示在账单上。',
  },
  invalid: {
    email: "请填写邮箱地址，例如 mei{'@'}example.com。",
    password: '请至少使用 {count} 个字符。',
    required: '这一项必填。',
  },
  tagline: '与角色聊天，独自或与团队一起。',
  points: {
    characters: '每个角色都有自己的声音',
    limits: '额度清楚，用量可查',
    leave: '随时可以取消',
  },
  verify: {
    title: '验证邮箱',
    banner: '请验证你的邮箱',
    why: '我们已向 {email} 发送链接。验证前最多可发送十条消息，且不能付款。',
    resend: '重新发送邮件',
    sent: '邮件已发出。如果没有看到，请查看垃圾邮件。',
    done: '谢谢，邮箱已验证。',
    failed: '暂时无法验证邮箱。',
    over: '链接已失效，或属于你不再使用的邮箱。',
    askAbove: '请在上方重新获取。',
    askInside: '请登录后重新获取。',
  },
  opened: '现在可以在这里登录了。',
  openOver: '链接已失效。请在上次登录的地方登录，或半小时后再试：届时我们会发送新的链接。',
  besieged:
    '此账户的密码错误次数过多，因此只能在以前用过的地方登录。如果是你的账户，我们已发送邮件，点击其中的链接即可在这里登录。',
  tooMany: '这里的尝试次数过多，请一刻钟后再试。',
  tooManyAccounts: '这里注册的账户过多，请一小时后再试。',
  expired: '登录已失效。重新登录后会回到刚才的页面。',
};
export default auth;
