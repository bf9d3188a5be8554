import type { MailTemplates } from './templates.ts';

/** The mails about a person's own account. */
export const accountMailsZh: Pick<
  MailTemplates,
  | 'reset_password'
  | 'password_changed'
  | 'change_email'
  | 'email_changed'
  | 'account_deleted'
  | 'billing_address'
> = {
  reset_password: ({ url }, { name }) => ({
    subject: '设置新密码',
    text: [
      `${name}，你好：`,
      `请点击链接，为小方桌账户设置新密码：${url}`,
      '链接 30 分钟内有效，只能使用一次。设置后，所有设备都会退出登录。',
      '如果不是你本人的操作，请忽略这封邮件，密码不会改变。',
    ].join('\n\n'),
  }),
  password_changed: ({ at }, { name, appUrl, day }) => ({
    subject: '你的密码已更改',
    text: [
      `${name}，你好：`,
      `你的小方桌账户已于 ${day(at)} 更改密码，其他设备已退出登录。`,
      `如果不是你本人的操作，请立即设置新密码：${appUrl}/forgot-password`,
    ].join('\n\n'),
  }),
  change_email: ({ url }, { name }) => ({
    subject: '请确认你的新邮箱',
    text: [
      `${name}，你好：`,
      `请点击链接，将这个邮箱用于你的小方桌账户：${url}`,
      '链接 24 小时内有效，只能使用一次。在此之前，账户仍使用原来的邮箱。如果不是你本人的操作，请忽略这封邮件。',
    ].join('\n\n'),
  }),
  email_changed: ({ url, newEmail }, { name }) => ({
    subject: '你的账户邮箱已更改',
    text: [
      `${name}，你好：`,
      `你的小方桌账户现在使用邮箱 ${newEmail}：邮件会发到那里，登录时也用它。`,
      `如果不是你本人的操作，请在此撤回：${url}`,
      '链接七天内有效，只能使用一次。撤回后会恢复这个邮箱，所有设备退出登录，你可以设置新密码。',
    ].join('\n\n'),
  }),
  account_deleted: ({ at }, { name, appUrl, day }) => ({
    subject: '你的账户已删除',
    text: [
      `${name}，你好：`,
      `你的小方桌账户已于 ${day(at)} 删除，对话和登录记录也一并删除，不会再为它扣款。`,
      `欢迎随时回来：${appUrl}/register`,
    ].join('\n\n'),
  }),
  billing_address: ({ team }, { name, appUrl }) => ({
    subject: `你将收到 ${team} 的账单邮件`,
    text: [
      '你好：',
      `${name} 把这个邮箱设为“${team}”在小方桌的账单邮箱：扣款未成功、取消和退款的邮件也会发到这里。你无需注册账户。`,
      `如果不想收到，请告知 ${name}，在此可以移除：${appUrl}/account`,
    ].join('\n\n'),
  }),
};
