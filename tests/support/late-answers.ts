import type { Page } from 'playwright-core';
import { stillness } from './browser.ts';

export interface LateAnswer {
  /** Resolves when the page has shown what it could, without the answer. */
  shown(): Promise<void>;
  /** Lets the answer come, and every one after it. */
  come(): void;
}

/**
 * Keeps the answers to `late` back, as a slow line would, and those to `early` not: what the page shows
 * between the two is what it claims before it knows. Call it before the page asks.
 */
export async function keepBack(page: Page, late: string, early: string): Promise<LateAnswer> {
  const { promise: kept, resolve: come } = Promise.withResolvers<void>();
  const asked = page.waitForRequest(late);
  const answered = page.waitForResponse(early);
  await page.route(late, async (route) => {
    await kept;
    await route.fallback();
  });
  return {
    come,
    async shown() {
      await Promise.all([asked, answered]);
      await stillness(page);
    },
  };
}
