import type { ContactView } from '../../../domain/api.ts';

const WORDS = {
  en: { support: 'Questions? Write to', terms: 'Terms:', privacy: 'Privacy:' },
  zh: { support: '如有问题，请写信至', terms: '服务条款：', privacy: '隐私政策：' },
} as const;

/** What stands under every mail, a line each; empty where the operator has set nothing. */
export function contactLines(
  { supportEmail, termsUrl, privacyUrl }: ContactView,
  language: 'en' | 'zh',
): string {
  const words = WORDS[language];
  return [
    supportEmail && `${words.support} ${supportEmail}`,
    termsUrl && `${words.terms} ${termsUrl}`,
    privacyUrl && `${words.privacy} ${privacyUrl}`,
  ]
    .filter(Boolean)
    .join('\n');
}
