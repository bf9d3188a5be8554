import type { Role } from './ids.ts';
import type { Feature, Plan } from './plans.ts';
import type { ResourceType } from './quota.ts';

type ByLanguage<T> = Readonly<Record<'en' | 'zh', T>>;

/** What the product is called: the one name on pages, in mails and on invoices. */
export const PRODUCT_NAME: ByLanguage<string> = { en: 'Small Squaretable', zh: '小方桌' };

/** What the plans are called, everywhere. */
export const PLAN_TITLES: ByLanguage<Readonly<Record<Plan, string>>> = {
  en: { free: 'Free', pro: 'Pro', team: 'Team' },
  zh: { free: '免费版', pro: '专业版', team: '团队版' },
};

/** What the features of plans are called. */
export const FEATURE_TITLES: ByLanguage<Readonly<Record<Feature, string>>> = {
  en: {
    basic_chat: 'Chat with every character',
    community_browse: 'Browse the community',
    character_share: 'Share your characters',
    advanced_models: 'Advanced models',
    all_features: 'Everything we add later',
  },
  zh: {
    basic_chat: '与所有角色聊天',
    community_browse: '浏览社区',
    character_share: '分享你的角色',
    advanced_models: '高级模型',
    all_features: '今后新增的全部功能',
  },
};

/** What the roles of a team are called. */
export const ROLE_TITLES: ByLanguage<Readonly<Record<Role, string>>> = {
  en: { owner: 'Owner', admin: 'Admin', member: 'Member' },
  zh: { owner: '所有者', admin: '管理员', member: '成员' },
};

/** What resources are called in mails and on invoices. */
export const RESOURCE_NAMES: ByLanguage<Readonly<Record<ResourceType, string>>> = {
  en: { llm_tokens: 'tokens', messages: 'messages', images: 'images', api_calls: 'API calls' },
  zh: { llm_tokens: 'token（词元）', messages: '消息', images: '图片', api_calls: 'API 调用' },
};

/** A paid plan as it stands on invoices: `Small Squaretable Pro`, `小方桌专业版`. */
export function soldName(plan: Plan, language: 'en' | 'zh'): string {
  const names = [PRODUCT_NAME[language], PLAN_TITLES[language][plan]];
  return names.join(language === 'en' ? ' ' : '');
}

/** A pack as it stands on invoices: `Small Squaretable 330 credits`, `小方桌 330 点数`. */
export function soldPackName(credits: number, language: 'en' | 'zh'): string {
  return `${PRODUCT_NAME[language]} ${credits} ${language === 'en' ? 'credits' : '点数'}`;
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const HAN = /\p{Script=Han}/u;

/**
 * `items` as a sentence lists them: `A, B and C`. In Chinese the word before the last one keeps a space
 * from letters and digits, as all our Chinese does: `消息 5 和 API 调用 3`, but `图片和消息`.
 */
export function formatList(items: readonly string[], locale: string): string {
  const parts = new Intl.ListFormat(locale, { type: 'conjunction' }).formatToParts(items);
  return parts
    .map(({ type, value }, at) => {
      if (type === 'element' || !HAN.test(value)) return value;
      const [before = '', after = ''] = [parts[at - 1]?.value.at(-1), parts[at + 1]?.value[0]];
      return gap(before) + value + gap(after);
    })
    .join('');
}

function gap(beside: string): string {
  return LETTER_OR_DIGIT.test(beside) && !HAN.test(beside) ? ' ' : '';
}
