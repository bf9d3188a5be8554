import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ownWords, type Language } from './app-visitor.ts';
import { accessibilityFaults, sidewaysScroll } from './browser.ts';

/** What holds of every page and dialog; `words` is the part of the catalogue that it is made of. */
export async function checkPage(
  page: Page,
  name: string,
  { language, words }: { language: Language; words: string },
): Promise<void> {
  expect(await accessibilityFaults(page), name).toEqual([]);
  expect(await sidewaysScroll(page), name).toBe(0);
  const said = await ownWords(page);
  // A word that is missing shows as its key.
  expect(said).not.toMatch(new RegExp(`\\b${words}\\.[a-z]\\w+`));
  if (language === 'en') expect(said).not.toMatch(/\p{Script=Han}/u);
}
