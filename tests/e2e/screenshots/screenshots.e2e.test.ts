import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestApp } from '../../support/app.ts';
import { startAppWithPages } from '../../support/app-visitor.ts';
import { launchBrowser, stillness } from '../../support/browser.ts';
import { SHOTS } from './shots.ts';

/**
 * Renews the pictures in `docs/images` from the product as it is, where `npm run screenshots` asks for
 * it (`-- -t paywall` for those with the word in their name). Chinese ones need a Chinese font.
 */
const FOLDER = path.resolve(import.meta.dirname, '../../../docs/images');

describe.runIf(process.env['SCREENSHOTS'] === '1')('pictures of the documents', () => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  test.each(Object.keys(SHOTS))('%s', async (name) => {
    let size = 0;
    await SHOTS[name]!({ app, browser }, async (page) => {
      await stillness(page);
      size = (await page.screenshot({ path: path.join(FOLDER, `${name}.png`) })).length;
    });
    expect(size).toBeGreaterThan(10_000);
  });
});
