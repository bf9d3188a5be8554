import type { Page } from 'playwright-core';
import { recordUsage, WORDS } from '../../support/app-visitor.ts';
import { advanceDays, FAILING_CARD } from '../../support/customer.ts';
import { enter, say, useForAMonth, type Stage } from './stage.ts';

const PHONE = 375;

/** Takes the picture of the page as it stands, under the shot's name. */
type Take = (page: Page) => Promise<void>;
type Shot = (stage: Stage, take: Take) => Promise<void>;

async function openSubscription(page: Page, { app }: Stage): Promise<void> {
  await page.goto(`${app.url}/subscription`);
  await page.locator('.pricing .choose').first().waitFor();
  await page.locator('x-vue-echarts svg, .banner').first().waitFor();
}

const subscription =
  (language: 'en' | 'zh-CN', theme: 'light' | 'dark'): Shot =>
  (stage, take) =>
    enter(stage, 'pro', { language, theme }, async ({ page, customer }) => {
      const use = { messages: 150, llm_tokens: 21_000, images: 9, api_calls: 14 };
      await useForAMonth(stage.app, customer.tenantId, use);
      await openSubscription(page, stage);
      await take(page);
    });

const paywall =
  (language: 'en' | 'zh-CN', theme: 'light' | 'dark'): Shot =>
  (stage, take) =>
    enter(stage, 'free', { language, theme }, async ({ page, customer }) => {
      await page.goto(`${stage.app.url}/chat`);
      await say(page, language === 'en' ? 'Tell me of the sea.' : '讲讲大海吧。', 1);
      await recordUsage(stage.app, customer.tenantId, 'messages', 99);
      await page.locator('textarea').fill(language === 'en' ? 'And of the harbour?' : '那港口呢？');
      await page.locator('textarea').press('Enter');
      await page.locator('[role=dialog] .offer').first().waitFor();
      await take(page);
    });

/** The pictures of the documents, by their files' names; those that turn the clock come last. */
export const SHOTS: Readonly<Record<string, Shot>> = {
  'subscription-light-en': subscription('en', 'light'),
  'subscription-dark-zh': subscription('zh-CN', 'dark'),
  'chat-paywall-light-en': paywall('en', 'light'),
  'chat-paywall-dark-zh': paywall('zh-CN', 'dark'),

  'change-preview-dark-en': (stage, take) =>
    enter(stage, 'pro', { theme: 'dark' }, async ({ page }) => {
      await page.goto(`${stage.app.url}/subscription`);
      await page.locator('.pricing .choose').nth(2).click();
      await page.locator('[role=dialog] dl').waitFor();
      await take(page);
    }),

  'billing-details-light-zh': (stage, take) =>
    enter(stage, 'pro', { language: 'zh-CN' }, async ({ page, customer }) => {
      await customer.api.put('/api/billing/details', {
        name: '小方桌茶社',
        address: { country: 'CN', city: '上海', line1: '石门一路 1 号', postalCode: '200041' },
        taxIds: [],
      });
      await page.goto(`${stage.app.url}/subscription`);
      await page.getByRole('button', { name: WORDS['zh-CN'].payments.details }).click();
      await page.locator('[role=dialog] select').first().waitFor();
      await take(page);
    }),

  'team-light-en': (stage, take) =>
    enter(stage, 'team', {}, async ({ page, customer }) => {
      await customer.api.post('/api/invitations', { email: 'mei@example.com', role: 'member' });
      await page.goto(`${stage.app.url}/team`);
      await page.getByText('mei@example.com').first().waitFor();
      await take(page);
    }),

  'api-keys-light-en': (stage, take) =>
    enter(stage, 'pro', {}, async ({ page, customer }) => {
      await customer.api.post('/api/api-keys', { name: 'Bot', scopes: ['chat'] });
      await customer.api.post('/api/api-keys', { name: 'Reports', scopes: ['usage:read'] });
      await page.goto(`${stage.app.url}/settings`);
      // The keys stand below what makes them.
      await page.getByText('Bot').last().scrollIntoViewIfNeeded();
      await take(page);
    }),

  'phone-chat-dark-zh': (stage, take) =>
    enter(stage, 'pro', { language: 'zh-CN', theme: 'dark', width: PHONE }, async ({ page }) => {
      await page.goto(`${stage.app.url}/chat`);
      await say(page, '讲讲大海吧。', 1);
      await take(page);
    }),

  'phone-community-light-zh': (stage, take) =>
    enter(stage, 'pro', { language: 'zh-CN', width: PHONE }, async ({ page, customer }) => {
      for (const [name, greeting] of [
        ['掌柜阿福', '客官里面请，今天想喝点什么？'],
        ['守林人', '雾起来了，先进屋烤烤火吧。'],
      ]) {
        const wanted = { name, description: greeting, greeting, shared: true };
        await customer.api.post('/api/characters', wanted);
      }
      await page.goto(`${stage.app.url}/community`);
      await page.getByText('守林人').first().waitFor();
      await take(page);
    }),

  'phone-subscription-light-en': (stage, take) =>
    enter(stage, 'pro', { width: PHONE }, async ({ page, customer }) => {
      await customer.useCard(FAILING_CARD);
      await advanceDays(stage.app, 32);
      await customer.sync();
      await page.goto(`${stage.app.url}/subscription`);
      await page.locator('[aria-labelledby=past-due-title]').waitFor();
      await take(page);
    }),
};
