import { randomUUID } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import type { ResourceType } from '../../../src/domain/quota.ts';
import type { TestApp } from '../../support/app.ts';
import {
  newVisitor,
  priceOf,
  signUp,
  subscribe,
  type VisitorOptions,
} from '../../support/app-visitor.ts';
import { Customer } from '../../support/customer.ts';

const DAY_MS = 86_400_000;

/** What a picture is taken with: the product, and a browser that somebody looks into. */
export interface Stage {
  app: TestApp;
  browser: Browser;
}

export interface Scene {
  page: Page;
  customer: Customer;
}

/** Somebody new with a browser of their own, on `plan`; closes the browser after `play`. */
export async function enter(
  { app, browser }: Stage,
  plan: 'free' | 'pro' | 'team',
  look: VisitorOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const context = await newVisitor(browser, look);
  try {
    const session = await signUp(app, context);
    if (plan !== 'free') await subscribe(app, session, await priceOf(app, plan, 'month'));
    await play({ page: await context.newPage(), customer: new Customer(app, session) });
  } finally {
    await context.close();
  }
}

/** A month of use, a little more on some days than on others, by the product's own API. */
export async function useForAMonth(
  app: TestApp,
  tenantId: string,
  perDay: Partial<Record<ResourceType, number>>,
): Promise<void> {
  const days = [...Array(30).keys()];
  const events = days.flatMap((day) =>
    Object.entries(perDay).map(([resourceType, usual]) => ({
      tenantId,
      resourceType,
      amount: Math.max(1, Math.round(usual * (0.6 + ((day * 37) % 80) / 100))),
      occurredAt: new Date(Date.now() - day * DAY_MS).toISOString(),
      idempotencyKey: randomUUID(),
    })),
  );
  const answer = await fetch(`${app.url}/api/usage/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${app.usageIngestToken}`,
    },
    body: JSON.stringify({ events }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Says something to the character that is chosen, and waits for the answer. */
export async function say(page: Page, text: string, answers: number): Promise<void> {
  await page.locator('textarea').fill(text);
  await page.locator('textarea').press('Enter');
  await page.locator('[role=log][aria-busy=false] .turn--character').nth(answers).waitFor();
}
