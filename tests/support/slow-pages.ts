import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';

/** How late an answer of the API may be, for each time that pages are slower. */
const LATE_MS_MAX = 100;

/**
 * Makes every page of `browser` as many times slower as `times` says, and has answers of the API come
 * late and in no order: a test that reads a page before it is whole fails then.
 */
export function slowPages(browser: Browser, times: number): Browser {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    // A page that is gone by then is slow enough.
    context.on('page', (page) => void slowDown(page, times).catch(() => undefined));
    await context.route('**/api/**', async (route) => {
      await wait(Math.random() * LATE_MS_MAX * times);
      await route.fallback().catch(() => undefined);
    });
    return context;
  };
  return browser;
}

async function slowDown(page: Page, times: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: times });
}
