import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { createFormats, fillChinese, type Formats } from '../../src/client/i18n/format.ts';
import type { Values } from '../../src/client/i18n/keys.ts';
import type { Messages } from '../../src/client/i18n/en/index.ts';
import { ownWords, WORDS } from './app-visitor.ts';

/**
 * Runs `read` in English and in Chinese, turned by the page's own switch, so that nothing is loaded
 * anew. The page begins and ends in English, which has no Chinese in it.
 */
export async function inBoth(
  page: Page,
  read: (words: Messages, f: Formats) => Promise<void>,
): Promise<void> {
  for (const language of ['en', 'zh-CN'] as const) {
    await read(WORDS[language], createFormats(language));
    if (language === 'en') expect(await ownWords(page)).not.toMatch(/\p{Script=Han}/u);
    await page.getByRole('button', { name: WORDS[language].shell.language.label }).click();
  }
}

/** The message with its `{holes}` filled. */
export function fill(message: string, holes: Record<string, string | number>): string {
  const filled = (values: Values) =>
    message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  return /\p{Script=Han}/u.test(message) ? fillChinese(holes, filled) : filled(holes);
}

export function shows(where: Locator, text: string): Promise<void> {
  return where.getByText(text).first().waitFor();
}
