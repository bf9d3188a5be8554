import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../support/app.ts';
import {
  newVisitor,
  recordUsage,
  signUp,
  startAppWithPages,
  WORDS,
} from '../support/app-visitor.ts';
import { launchBrowser } from '../support/browser.ts';

const KB = 1_000;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

interface Received {
  url: string;
  bytes: number;
}

/** Every answer that came over the wire, with its bytes as sent: headers too, still compressed. */
async function weigh(page: Page): Promise<Received[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const urls = new Map<string, string>();
  const received: Received[] = [];
  session.on('Network.responseReceived', ({ requestId, response }) =>
    urls.set(requestId, response.url),
  );
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    received.push({ url: urls.get(requestId) ?? '', bytes: encodedDataLength }),
  );
  return received;
}

const weightOf = (received: Received[]) => received.reduce((sum, { bytes }) => sum + bytes, 0) / KB;

test('10.24 the sign-in page weighs at most 150 KB on the wire', async () => {
  const context = await newVisitor(browser);
  try {
    const page = await context.newPage();
    const received = await weigh(page);
    await page.goto(`${app.url}/login`);
    await page.locator('form button[type=submit]').waitFor();
    await page.waitForLoadState('networkidle');
    expect(received.length).toBeGreaterThan(3);
    expect(weightOf(received)).toBeLessThanOrEqual(150);
  } finally {
    await context.close();
  }
});

test('10.24 the subscription page weighs at most 330 KB, and its text does not wait for the chart', async () => {
  const context = await newVisitor(browser);
  try {
    const { tenant } = await signUp(app, context);
    await recordUsage(app, tenant.id, 'messages', 5);
    const page = await context.newPage();
    const received = await weigh(page);
    let chartAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (chartAsked = resolve));
    let letChartCome: () => void = () => undefined;
    const may = new Promise<void>((resolve) => (letChartCome = resolve));
    await page.route('**/assets/DailyChart-*.js', async (route) => {
      chartAsked();
      await may;
      await route.continue();
    });
    await page.goto(`${app.url}/subscription`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText(WORDS.en.plans.tagline.pro).first().waitFor();
    await asked;
    letChartCome();
    await page.locator('x-vue-echarts svg').first().waitFor();
    await expect.poll(() => received.some(({ url }) => url.includes('DailyChart'))).toBe(true);
    expect(weightOf(received)).toBeLessThanOrEqual(330);
  } finally {
    await context.close();
  }
});
