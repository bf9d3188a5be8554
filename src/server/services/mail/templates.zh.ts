import type { PlanLimits } from '../../../domain/plans.ts';
import { RESOURCE_TYPES } from '../../../domain/quota.ts';
import { accountMailsZh } from './templates.account.zh.ts';
import type { MailData, MailFormat, MailTemplates } from './templates.ts';

const PLAN_NAMES = { free: '免费版', pro: '专业版', team: '团队版' } as const;

const RESOURCES: Record<string, string> = {
  llm_tokens: '词元',
  messages: '消息',
  images: '图片',
  api_calls: '接口调用',
};

export const zh: MailTemplates = {
  ...accountMailsZh,
  payment_failed: (data, { name, appUrl, money, day }) => {
    const amount = money(data.amountMinor, data.currency);
    const next = data.nextAttemptAt
      ? `我们将于 ${day(data.nextAttemptAt)} 再次尝试扣款。`
      : '我们不会再自动扣款。';
    return {
      subject: data.actionRequired ? `请确认您的 ${amount} 付款` : `您的 ${amount} 付款未成功`,
      text: [
        `${name}，您好：`,
        data.actionRequired
          ? `您的银行要求您确认 Small Squaretable 的 ${amount} 付款。`
          : `我们为 Small Squaretable 扣款 ${amount} 时，您的银行卡被拒绝。${next}`,
        data.payUrl
          ? `${data.actionRequired ? '请在此确认' : '请在此付款或更换银行卡'}：${data.payUrl}`
          : `请在此更新银行卡：${appUrl}/subscription`,
        '在此期间，您的方案会继续保留几天。',
      ].join('\n\n'),
    };
  },
  cancellation: (data, { name, appUrl, day }) => ({
    subject: data.ended ? '您的订阅已结束' : `您的订阅将于 ${day(data.endsAt)} 结束`,
    text: [
      `${name}，您好：`,
      data.ended
        ? data.unpaid
          ? '由于未能收到付款，您的订阅已结束。'
          : `您的订阅已按您的要求于 ${day(data.endsAt)} 结束。`
        : `您已取消订阅。在 ${day(data.endsAt)} 之前，一切权益照常；之后不再扣款。`,
      data.ended
        ? `您的角色和聊天记录仍会保留在免费方案中。随时可以回来：${appUrl}/subscription`
        : `如果改变主意，在此之前可一键恢复：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  trial_refused: (_data, { name, appUrl }) => ({
    subject: '您的免费试用已结束：此前已使用过',
    text: [
      `${name}，您好：`,
      '每个邮箱和每张银行卡只能免费试用一次，而您此前已经试用过，因此这次试用已立即结束，没有扣款。',
      `您可以在此直接订阅：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  payment_refunded: (data, { name, appUrl, money }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: `我们正在退还您的 ${amount}`,
      text: [
        `${name}，您好：`,
        data.cause === 'duplicate_subscription'
          ? `您同时有两份 Small Squaretable 订阅。我们已结束多余的一份，并退还它的费用 ${amount}。`
          : `您的 ${amount} 付款到账时订阅已经结束，无法带来任何服务，因此我们将其退还。`,
        '款项将退回原付款卡，银行处理最长需要十天。',
        `查看订阅与账单：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  trial_will_end: (data, { name, appUrl, day }) => ({
    subject: `您的试用将于 ${day(data.trialEnd)} 结束`,
    text: [
      `${name}，您好：`,
      `您的试用将于 ${day(data.trialEnd)} 结束。届时将从您的银行卡扣款，方案继续有效。`,
      `查看金额或提前取消：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  usage_threshold: (data, { name, appUrl, number }) => {
    const resource = RESOURCES[data.resourceType] ?? data.resourceType;
    return {
      subject:
        data.percent >= 100
          ? `${data.period} 的${resource}额度已用完`
          : `${data.period} 的${resource}额度已使用 ${data.percent}%`,
      text: [
        `${name}，您好：`,
        `${data.period} 的${resource}已使用 ${number(data.used)} / ${number(data.limit)}。`,
        `查看全部用量或升级方案：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  plan_growing: (data, format) => {
    const { name, appUrl, day } = format;
    const plan = PLAN_NAMES[data.plan];
    const whole = day(data.wholeAt);
    return {
      subject: `您的方案已改为${plan}，全部额度自 ${whole} 起生效`,
      text: [
        `${name}，您好：`,
        `您的方案已改为${plan}，功能全部可用。您只为本周期的一部分付费，因此在下次付款之前，新增额度按该部分提供：`,
        data.months
          .map(({ period, limits }) => `${period}：${limitsOf(limits, format)}`)
          .join('\n'),
        `${whole} 付款后即为全部额度：每月${limitsOf(data.whole, format)}。`,
        `在此查看全部用量：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  change_settled: (data, { name, appUrl }) => {
    const { subject, sentence } = settled(data);
    return {
      subject,
      text: [
        `${name}，您好：`,
        `您上次操作时，我们未能立即告知结果。现在已经查明：${sentence}`,
        `查看您的订阅：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  verify_email: ({ url }, { name }) => ({
    subject: '请验证你的邮箱',
    text: [
      `${name}，你好：`,
      `请点击链接，确认这是你的邮箱：${url}`,
      '链接七天内有效。如果你没有注册小方桌，请忽略这封邮件。',
    ].join('\n\n'),
  }),
  open_account: ({ url }, { name }) => ({
    subject: '有人在尝试登录你的账户',
    text: [
      `${name}，你好：`,
      '有人多次用错误的密码尝试登录你的账户，因此在一段时间内，只能从你登录过的地方登录。',
      `如果你现在要从别处登录，请先在那里打开这个链接：${url}`,
      '链接 30 分钟内有效。如果不是你本人，无需任何操作。',
    ].join('\n\n'),
  }),
};

function limitsOf(limits: PlanLimits, { number, list }: MailFormat): string {
  return list(
    RESOURCE_TYPES.map((resource) => {
      const limit = limits[resource];
      return `${RESOURCES[resource]} ${limit === null ? '不限量' : number(limit)}`;
    }),
  );
}

function settled({ asked, outcome, plan }: MailData['change_settled']): {
  subject: string;
  sentence: string;
} {
  const change = plan ? `改为${PLAN_NAMES[plan]}的更改` : '您的更改';
  switch (outcome) {
    case 'done':
      return { subject: '您的操作已成功', sentence: done(asked, change) };
    case 'taken_back':
      return {
        subject: '您的操作未成功',
        sentence: `${asked === 'change_now' || asked === 'change_later' ? `${change}未生效` : '该操作未能完成'}，没有为此扣款，您的订阅与之前相同。您可以重试。`,
      };
    case 'waiting':
      return {
        subject: '您的更改正在等待付款',
        sentence: `${change}已准备好，付款后立即生效，请在 23 小时内付款。您可以在订阅页面完成付款；如果不付款，一切保持不变。`,
      };
    case 'stuck':
      return {
        subject: '您的操作需要客服处理',
        sentence: '该操作未能自动完成。客服已收到通知并会处理，您无需做任何事。',
      };
  }
}

function done(asked: MailData['change_settled']['asked'], change: string): string {
  switch (asked) {
    case 'change_now':
      return `${change}已生效，没有重复扣款。`;
    case 'change_later':
      return `${change}已安排在本周期结束时进行，在此之前一切照旧。`;
    case 'renew':
      return '已撤回原先的安排，您的订阅继续并自动续订。';
    case 'end':
    case 'delete':
      return '您的订阅已取消。';
  }
}
