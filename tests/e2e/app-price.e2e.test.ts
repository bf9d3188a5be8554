import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  WORDS,
  type Language,
} from '../support/app-visitor.ts';
import { fill } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

/** An amount that is not known to the test. */
const anyAmount = (message: string) =>
  new RegExp(fill(message.split(' | ').at(-1)!, { count: '@' }).replace('@', String.raw`[\d,.]+`));

test.each<[Language, number]>([
  ['en', 1280],
  ['zh-CN', 360],
])(
  '12.6 in %s, %i pixels wide, the price of a message stands beside the button, and credits are told once',
  async (language, width) => {
    const { price, send, kind } = WORDS[language].chat;
    const context = await newVisitor(browser, { language, width });
    const session = await signUp(app, context);
    const page = await context.newPage();
    await page.goto(`${app.url}/chat`);
    const draft = page.locator('textarea');
    await draft.fill('A lighthouse in the snow');
    const tokens = page.getByText(anyAmount(price.tokens));
    await tokens.waitFor();
    // It describes the button, and is gone where nothing is to be sent, or a picture is.
    const button = page.getByRole('button', { name: send });
    const described = async () => {
      const id = await button.getAttribute('aria-describedby');
      return page.locator(`[id="${id}"]`).textContent();
    };
    await expect.poll(() => described()).toMatch(anyAmount(price.tokens));
    await expect.poll(() => page.getByText(price.begun).count()).toBe(0);
    await draft.fill('');
    await tokens.waitFor({ state: 'detached' });

    const { usage } = app.server.context.services;
    await usage.credits.grant({
      ...{ tenantId: session.tenant.id, origin: 'goodwill', originRef: 'test', reason: 'a test' },
      amountMicro: 50_000_000,
      expiresAt: new Date(app.server.context.clock.now().getTime() + 86_400_000),
      actor: { kind: 'service', name: 'test' },
    });
    await recordUsage(app, session.tenant.id, 'llm_tokens', 50_000);
    await draft.fill('And a boat');
    await page.getByText(anyAmount(price.credits)).waitFor();
    await page.getByText(price.begun).waitFor();
    await expect.poll(() => sidewaysScroll(page)).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.reload();
    await page.getByText(anyAmount(price.credits)).waitFor();
    await expect.poll(() => page.getByText(price.begun).count()).toBe(0);
    await page.getByText(kind.image, { exact: true }).click();
    await page.getByText(anyAmount(price.credits)).waitFor({ state: 'detached' });
    await context.close();
  },
);
