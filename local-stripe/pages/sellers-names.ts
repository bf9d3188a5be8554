import { nameInChinese } from './chinese.ts';
import type { Language } from './language.ts';

/** What the seller's own names (of the account and of products) are in Chinese. */
export type ChineseNames = Readonly<Record<string, string>>;

/** `text` with the seller's names in the visitor's language, the longest first. */
export function inSellersNames(text: string, names: ChineseNames, language: Language): string {
  if (language !== 'zh') return text;
  const longestFirst = Object.keys(names).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((all, name) => nameInChinese(all, name, names[name]!), text);
}
