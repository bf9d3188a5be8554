import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const FOLDER = process.env['PAGE_PICTURES'];
const WIDTHS = [1280, 768, 360];
const THEMES = ['light', 'dark'] as const;

/** How many pictures of each test there are so far. */
const taken = new Map<string, number>();

/**
 * With `PAGE_PICTURES=<folder>`, takes the page as it stands at three widths in both themes, and leaves it as
 * it was: `<test file>--<test>-<number>-<language>-<width>-<theme>.png`, whole pages, and of a dialog what is in
 * sight. `still` resolves when nothing moves any more.
 */
export async function takePictures(page: Page, still: () => Promise<void>): Promise<void> {
  if (!FOLDER) return;
  mkdirSync(FOLDER, { recursive: true });
  const name = await nextName(page);
  const size = page.viewportSize();
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const dialogs = page.locator('[role=dialog]:visible');
  for (const width of WIDTHS) {
    for (const colorScheme of THEMES) {
      await page.setViewportSize({ width, height: width < 500 ? 740 : 900 });
      await page.emulateMedia({ colorScheme });
      await still();
      const file = path.join(FOLDER, `${name}-${width}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage: (await dialogs.count()) === 0 });
    }
  }
  if (size) await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' });
  await still();
}

async function nextName(page: Page): Promise<string> {
  const { testPath = '', currentTestName = '' } = expect.getState();
  const file = path.basename(testPath).replace(/\.e2e\.test\.ts$/, '');
  // The end of a test's name tells it from its like, and a name of a file has room for so much.
  const test = `${file}--${currentTestName.replace(/[^\w\p{L}]+/gu, '_').slice(-70)}`;
  const number = (taken.get(test) ?? 0) + 1;
  taken.set(test, number);
  const language = await page.evaluate(() => document.documentElement.lang);
  return `${test}-${String(number).padStart(2, '0')}-${language}`;
}
