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
import { fill, inBoth } from '../support/both-languages.ts';
import { accessibilityFaults, launchBrowser, sidewaysScroll } from '../support/browser.ts';
import { putOnPlan } from '../support/metering.ts';

let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  [app, browser] = await Promise.all([startAppWithPages(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

test.each<[Language, 'light' | 'dark', number]>([
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 360],
])(
  '13 in %s (%s, %i px) usage is taken apart, and a member gets a limit, by keyboard',
  async (language, theme, width) => {
    const { breakdown, usage, team, shell } = WORDS[language];
    const context = await newVisitor(browser, { language, theme, width });
    const session = await signUp(app, context);
    const { tenantId, displayName, id } = session.user;
    await putOnPlan(app.database, tenantId, 'team');
    await app.server.context.services.usage.ingestBatch([
      {
        ...{ tenantId, resourceType: 'llm_tokens', idempotencyKey: `parts-${tenantId}` },
        ...{ raw: { input: 1_200, output: 34 }, model: 'storyteller', memberId: id },
      },
    ]);
    await recordUsage(app, tenantId, 'images', 3);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const looksWell = async (name: string) => {
      expect(await accessibilityFaults(page), name).toEqual([]);
      await expect.poll(() => sidewaysScroll(page), { message: name }).toBe(0);
    };

    await page.goto(`${app.url}/subscription`);
    const controls = page.locator('section:has(#history-title) fieldset');
    await controls.nth(2).waitFor();
    const tops = () =>
      controls.evaluateAll((all) => [
        ...new Set(all.map((one) => one.getBoundingClientRect().top)),
      ]);
    await expect.poll(tops, { message: 'one row of controls' }).toHaveLength(1);
    await expect.poll(() => sidewaysScroll(page)).toBe(0);
    // What was pressed stays under the hand.
    const parts = page.getByText(usage.view.parts, { exact: true });
    const placeOf = () => parts.evaluate((one) => one.getBoundingClientRect().left);
    const place = await placeOf();
    await parts.click();
    await expect.poll(() => placeOf()).toBe(place);
    const table = page.locator('section:has(#history-title) table');
    await table
      .getByRole('row')
      .filter({ hasText: displayName })
      .getByText('1,234')
      .first()
      .waitFor();
    await table.getByRole('row').filter({ hasText: breakdown.none.member }).waitFor();
    await expect.poll(() => table.getByRole('row').last().textContent()).toContain(breakdown.total);
    await table.scrollIntoViewIfNeeded();
    await looksWell('parts');
    await page.getByText(breakdown.by.model, { exact: true }).first().click();
    await table.getByRole('row').filter({ hasText: 'storyteller' }).waitFor();
    // A month with more entries than can be added up while somebody waits.
    await page.route('**/usage/breakdown?by=character*', (route) =>
      route.fulfill({ status: 503, json: { code: 'busy', error: 'Too many.' } }),
    );
    await page.getByText(breakdown.by.character, { exact: true }).first().click();
    await page.getByText(breakdown.tooMuch).waitFor();
    expect(breakdown.tooMuch).toContain(usage.csv);
    await looksWell('too many entries');

    await page.goto(`${app.url}/team`);
    const button = page.getByRole('button', {
      name: fill(team.members.limitsOf, { name: displayName }),
    });
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    const messages = dialog.getByLabel(shell.resources.messages);
    await messages.fill('many');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').first().waitFor();
    await messages.fill('1,500');
    await looksWell('limits');
    await page.keyboard.press('Enter');
    await page.getByText(fill(team.members.limitsSaved, { name: displayName })).waitFor();
    await page.getByText(/1,500/).first().waitFor();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
    await looksWell('team');
    const { memberLimits } = app.server.context.services.usage;
    expect(await memberLimits.list(tenantId)).toMatchObject([
      { memberId: id, resourceType: 'messages', limit: 1_500 },
    ]);
    expect(errors).toEqual([]);
    await context.close();
  },
);

test('14 what staff added to a month’s quota, or took off it, is said beside it', async () => {
  const context = await newVisitor(browser);
  const session = await signUp(app, context);
  const { allowances } = app.server.context.services.usage;
  const actor = { kind: 'service', name: 'staff' } as const;
  const given = { tenantId: session.tenant.id, reason: 'a bad day', actor };
  await allowances.add({
    ...{ ...given, resourceType: 'messages', units: 1_500, kind: 'goodwill', ref: 'T-1' },
  });
  await allowances.add({
    ...{ ...given, resourceType: 'images', units: -4, kind: 'override', ref: 'T-2' },
  });
  const page = await context.newPage();
  await page.goto(`${app.url}/subscription`);
  const rowOf = (name: string) => page.locator('li.usage').filter({ hasText: name });
  await inBoth(page, async ({ usage, shell }) => {
    const messages = rowOf(shell.resources.messages);
    await messages.getByText(fill(usage.added, { count: '1,500' })).waitFor();
    await messages.getByText(fill(usage.of, { used: '0', limit: '1,600' })).waitFor();
    const images = rowOf(shell.resources.images);
    await images.getByText(fill(usage.takenOff, { count: '4' })).waitFor();
    await images.getByText(fill(usage.of, { used: '0', limit: '6' })).waitFor();
    await expect
      .poll(() => rowOf(shell.resources.llm_tokens).textContent())
      .not.toContain(fill(usage.added, { count: '' }).trim());
  });
  expect(await accessibilityFaults(page)).toEqual([]);
  await context.close();
});
