import type { RefundCause } from '../../../domain/billing/remedy.ts';
import type { PlanLimits } from '../../../domain/plans.ts';
import { PLAN_TITLES, PRODUCT_NAME, RESOURCE_NAMES } from '../../../domain/product.ts';
import { RESOURCE_TYPES } from '../../../domain/quota.ts';
import { accountMailsZh } from './templates.account.zh.ts';
import { overageMailsZh, termMailsZh } from './templates.overage.zh.ts';
import { packMailsZh, topUpMailsZh } from './templates.packs.zh.ts';
import { statementMailsZh } from './templates.statements.zh.ts';
import { teamMailsZh } from './templates.team.zh.ts';
import type { MailData, MailFormat, MailTemplates } from './templates.ts';

const RESOURCES = RESOURCE_NAMES.zh;

/** What of the plan goes on while its payment is open. */
function planMeanwhile(
  { graceEndsAt, graceIsOver }: MailData['payment_failed'],
  day: MailFormat['day'],
): string {
  if (!graceEndsAt) return '在此期间，你的方案会继续保留几天。';
  return graceIsOver
    ? `你的方案已于 ${day(graceEndsAt)} 停用，付款后立即恢复。`
    : `在此期间，你的方案保留至 ${day(graceEndsAt)}。`;
}

export const zh: MailTemplates = {
  ...accountMailsZh,
  ...packMailsZh,
  ...topUpMailsZh,
  ...overageMailsZh,
  ...termMailsZh,
  ...statementMailsZh,
  ...teamMailsZh,
  payment_failed: (data, { name, appUrl, money, day }) => {
    const amount = money(data.amountMinor, data.currency);
    const next = data.nextAttemptAt
      ? `我们将于 ${day(data.nextAttemptAt)} 再次尝试扣款。`
      : '我们不会再自动扣款。';
    return {
      subject: data.actionRequired ? `请确认你的 ${amount} 付款` : `你的 ${amount} 付款未成功`,
      text: [
        `${name}，你好：`,
        data.actionRequired
          ? `你的银行要求你确认${PRODUCT_NAME.zh}的 ${amount} 付款。`
          : `我们为${PRODUCT_NAME.zh}扣款 ${amount} 时，你的银行卡被拒绝。${next}`,
        data.payUrl
          ? `${data.actionRequired ? '请在此确认' : '请在此付款或更换银行卡'}：${data.payUrl}`
          : `请在此更新银行卡：${appUrl}/subscription`,
        planMeanwhile(data, day),
      ].join('\n\n'),
    };
  },
  grace_extended: (data, { name, appUrl, day }) => ({
    subject: `付款期限延长至 ${day(data.until)}`,
    text: [
      `${name}，你好：`,
      `我们已为你延长未付款项的期限：${PLAN_TITLES.zh[data.plan]}保留至 ${day(data.until)}。`,
      `在此付款或更换银行卡：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  cancellation: (data, { name, appUrl, day }) => ({
    subject: data.ended ? '你的订阅已结束' : `你的订阅将于 ${day(data.endsAt)} 结束`,
    text: [
      `${name}，你好：`,
      data.ended
        ? data.unpaid
          ? '由于未能收到付款，你的订阅已结束。'
          : `你的订阅已按你的要求于 ${day(data.endsAt)} 结束。`
        : `你已取消订阅。在 ${day(data.endsAt)} 之前，一切权益照常；之后不再扣款。`,
      data.ended
        ? `你的角色和聊天记录仍会保留在免费方案中。随时可以回来：${appUrl}/subscription`
        : `如果改变主意，在此之前可一键恢复：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  trial_refused: (_data, { name, appUrl }) => ({
    subject: '你的免费试用已结束：此前已使用过',
    text: [
      `${name}，你好：`,
      '每个邮箱和每张银行卡只能免费试用一次，而你此前已经试用过，因此这次试用已立即结束，没有扣款。',
      `你可以在此直接订阅：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  payment_refunded: (data, { name, appUrl, money }) => {
    const amount = money(data.amountMinor, data.currency);
    return {
      subject: `我们正在退还你的 ${amount}`,
      text: [
        `${name}，你好：`,
        refundReason(data.cause, amount),
        '款项将退回原付款卡，银行处理最长需要十天。',
        `查看订阅与账单：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  trial_will_end: (data, { name, appUrl, day }) => ({
    subject: `你的试用将于 ${day(data.trialEnd)} 结束`,
    text: [
      `${name}，你好：`,
      `你的试用将于 ${day(data.trialEnd)} 结束。届时将从你的银行卡扣款，方案继续有效。`,
      `查看金额或提前取消：${appUrl}/subscription`,
    ].join('\n\n'),
  }),
  usage_threshold: (data, { name, appUrl, number, month }) => {
    const resource = afterHan(RESOURCES[data.resourceType]);
    return {
      subject:
        data.percent >= 100
          ? `${month(data.period)}的${resource}额度已用完`
          : `${month(data.period)}的${resource}额度已使用 ${data.percent}%`,
      text: [
        `${name}，你好：`,
        `${month(data.period)}的${resource}已使用 ${number(data.used)} / ${number(data.limit)}。`,
        `查看全部用量或升级方案：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  plan_growing: (data, format) => {
    const { name, appUrl, day } = format;
    const plan = PLAN_TITLES.zh[data.plan];
    const whole = day(data.wholeAt);
    return {
      subject: `你的方案已改为${plan}，全部额度自 ${whole} 起生效`,
      text: [
        `${name}，你好：`,
        `你的方案已改为${plan}，功能全部可用。你只为本周期的一部分付费，因此在下次付款之前，新增额度按该部分提供：`,
        data.months
          .map(({ period, limits }) => `${format.month(period)}：${limitsOf(limits, format)}`)
          .join('\n'),
        `${whole} 付款后，每月的额度为：${limitsOf(data.whole, format)}。`,
        `在此查看全部用量：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  change_settled: (data, { name, appUrl }) => {
    const { subject, sentence } = settled(data);
    return {
      subject,
      text: [
        `${name}，你好：`,
        `你上次操作时，我们未能立即告知结果。现在已经查明：${sentence}`,
        `查看你的订阅：${appUrl}/subscription`,
      ].join('\n\n'),
    };
  },
  verify_email: ({ url }, { name }) => ({
    subject: '请验证你的邮箱',
    text: [
      `${name}，你好：`,
      `请点击链接，确认这是你的邮箱：${url}`,
      `链接七天内有效。如果你没有注册${PRODUCT_NAME.zh}，请忽略这封邮件。`,
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

/** The name as it follows Chinese: Latin letters stand off it. */
function afterHan(name: string): string {
  return /^[A-Za-z]/.test(name) ? ` ${name}` : name;
}

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
  const change = plan ? `改为${PLAN_TITLES.zh[plan]}的更改` : '你的更改';
  switch (outcome) {
    case 'done':
      return { subject: '你的操作已成功', sentence: done(asked, change) };
    case 'taken_back':
      return {
        subject: '你的操作未成功',
        sentence: `${asked === 'change_now' || asked === 'change_later' ? `${change}未生效` : '该操作未能完成'}，没有为此扣款，你的订阅与之前相同。你可以重试。`,
      };
    case 'waiting':
      return {
        subject: '你的更改正在等待付款',
        sentence: `${change}已准备好，付款后立即生效，请在 23 小时内付款。你可以在订阅页面付款；如果不付款，一切保持不变。`,
      };
    case 'stuck':
      return {
        subject: '你的操作需要客服处理',
        sentence: '该操作未能自动完成。客服已收到通知并会处理，你无需做任何事。',
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
      return '已撤回原先的安排，你的订阅继续并自动续订。';
    case 'end':
    case 'delete':
      return '你的订阅已取消。';
  }
}

function refundReason(cause: RefundCause, amount: string): string {
  if (cause === 'operator') {
    return `客服正在将一笔付款中的 ${amount} 退还给你。你的订阅保持不变。`;
  }
  return cause === 'duplicate_subscription'
    ? `你同时有两份${PRODUCT_NAME.zh}订阅。我们已结束多余的一份，并退还它的费用 ${amount}。`
    : `你的 ${amount} 付款到账时订阅已经结束，无法带来任何服务，因此我们将其退还。`;
}
