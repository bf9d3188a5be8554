import type { Role } from '../../../domain/ids.ts';
import { PRODUCT_NAME } from '../../../domain/product.ts';
import type { MailTemplates } from './templates.ts';

const AS: Record<Role, string> = { owner: '所有者', admin: '管理员', member: '成员' };

/** The mails about who is in a team. */
export const teamMailsZh: Pick<
  MailTemplates,
  'team_invitation' | 'team_owner' | 'team_left' | 'team_deleted' | 'seats_taken'
> = {
  team_invitation: ({ url, team, role, endsAt }, { name, day }) => ({
    subject: `${name} 邀请你加入 ${team}`,
    text: [
      '你好：',
      `${name} 邀请你以${AS[role]}身份加入${PRODUCT_NAME.zh}的团队“${team}”。请点击链接加入：${url}`,
      `链接只能使用一次，有效期至 ${day(endsAt)}，需要用这个邮箱的账户。如果还没有账户，可以在那里注册。`,
      '如果你不认识邀请人，请忽略这封邮件，什么都不会发生。',
    ].join('\n\n'),
  }),
  team_owner: ({ team, by }, { name, appUrl }) => ({
    subject: `你现在是 ${team} 的所有者`,
    text: [
      `${name}，你好：`,
      `${by} 已将${PRODUCT_NAME.zh}团队“${team}”的所有者身份转交给你。今后账单邮件会发给你，成员和付款由你决定。`,
      `查看团队：${appUrl}/team`,
    ].join('\n\n'),
  }),
  team_left: ({ team, by }, { name, appUrl }) => ({
    subject: `你已不在 ${team} 中`,
    text: [
      `${name}，你好：`,
      `${by} 已将你移出${PRODUCT_NAME.zh}的团队“${team}”，你在其中的 API 密钥已失效。你的账户仍然保留，可以继续使用你的其他团队或个人空间。`,
      `从这里继续：${appUrl}`,
    ].join('\n\n'),
  }),
  team_deleted: ({ team, isErased }, { name, appUrl }) => ({
    subject: `${team} 已被删除`,
    text: [
      `${name}，你好：`,
      `${PRODUCT_NAME.zh}团队“${team}”的所有者已将其删除，其中的角色设定、对话和 API 密钥一并删除。`,
      isErased
        ? `你没有其他团队，因此你的账户也已删除。欢迎再来：${appUrl}/register`
        : `你的账户和其他团队仍然保留：${appUrl}`,
    ].join('\n\n'),
  }),
  seats_taken: ({ team, seats, names }, { name, appUrl, number, list }) => ({
    subject: `${team} 的成员多于席位`,
    text: [
      `${name}，你好：`,
      `${PRODUCT_NAME.zh}团队“${team}”的方案现在有 ${number(seats)} 个席位。以下成员没有席位：${list(names)}。他们可以查看所有内容，但不能聊天或创建内容。`,
      `选择谁使用席位，或选择更高的方案：${appUrl}/team`,
    ].join('\n\n'),
  }),
};
