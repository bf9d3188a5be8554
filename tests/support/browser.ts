import { AxeBuilder } from '@axe-core/playwright';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { takePictures } from './pictures.ts';
import { slowPages } from './slow-pages.ts';

/**
 * Arguments of a Chromium made for functions in the cloud: a single process does harm in one with
 * many pages, and a graphics card in software takes half of the processor.
 */
const UNWANTED =
  /^--(single-process|no-zygote|in-process-gpu|ignore-gpu-blocklist)$|swiftshader|angle/;

/**
 * A headless Chromium: the one that comes with npm, or the one `CHROME_PATH` names. `PAGES_SLOWER=4` makes
 * its pages four times slower.
 */
export async function launchBrowser(): Promise<Browser> {
  const own = process.env.CHROME_PATH;
  const browser = await playwright.launch({
    executablePath: own ?? (await chromium.executablePath()),
    args: [...chromium.args.filter((argument) => !UNWANTED.test(argument)), '--disable-gpu'],
    headless: true,
  });
  const slower = Number(process.env.PAGES_SLOWER ?? 1);
  return slower > 1 ? slowPages(browser, slower) : browser;
}

/**
 * One visitor with a fresh profile, in English unless said otherwise, for the length of `story`. A
 * script error on any page fails it.
 */
export async function visit(
  browser: Browser,
  url: string,
  story: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  try {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    await story(page);
    if (errors.length > 0) throw new Error(`script errors: ${errors.join('; ')}`);
  } finally {
    await context.close();
  }
}

/**
 * What axe finds wrong with the page as it stands: empty when it can be used by everyone. `rules`
 * asks for those alone, `within` for one part of the page. Our pages have no frames, so axe need
 * not open a page of its own.
 */
export async function accessibilityFaults(
  page: Page,
  { rules, within }: { rules?: string[]; within?: string } = {},
): Promise<string[]> {
  await stillness(page);
  // Reading axe into a page takes longer than running it: once a document is enough.
  const isThere = await page.evaluate(() => 'axe' in window);
  const builder = new AxeBuilder(isThere ? { page, axeSource: ';' } : { page }).setLegacyMode(true);
  if (rules) builder.withRules(rules);
  // An experiment of axe's: who speaks to a page says what stands on its buttons.
  else builder.options({ rules: { 'label-content-name-mismatch': { enabled: true } } });
  if (within) builder.include(within);
  const { violations } = await builder.analyze();
  await takePictures(page, () => stillness(page));
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

/** Resolves when nothing fades or slides any more: text that is half there has no contrast yet. */
export async function stillness(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // What was just asked for begins to move in the frame after the next.
    for (const _frame of [1, 2]) await new Promise((next) => requestAnimationFrame(next));
    for (;;) {
      const moving = document
        .getAnimations()
        .filter(
          (one) =>
            one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity,
        );
      if (moving.length === 0) return;
      await Promise.allSettled(moving.map((one) => one.finished));
    }
  });
}

/** Whether nothing lies over the end of what is looked for, and it is not scrolled away. */
export function isInFront(what: Locator): Promise<boolean> {
  return what.evaluate((element) => {
    const { left, bottom } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(left + 24, bottom - 16));
  });
}

/** By how many pixels the page scrolls sideways; 0 on every phone, please. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
