import { expect, test } from 'vitest';
import { chooseLanguage } from './language.ts';

test.each([
  ['zh', 'en-US,en', 'zh'],
  ['zh-TW', undefined, 'zh'],
  ['en', 'zh-CN', 'en'],
  ['fr', 'zh-CN', 'en'],
  ['auto', 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  [null, 'en;q=0.4, zh-Hans;q=0.7', 'zh'],
  [null, 'de-DE,de;q=0.9', 'en'],
  [null, 'zh;q=0, en', 'en'],
  [null, 'fr, zh;q=0.1', 'zh'],
  [null, ';;;q=x,,', 'en'],
  [null, undefined, 'en'],
] as const)('locale %s with Accept-Language %s shows %s', (locale, header, language) => {
  expect(chooseLanguage(locale, header)).toBe(language);
});
