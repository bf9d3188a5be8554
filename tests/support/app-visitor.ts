import type { APIResponse, Browser, BrowserContext, Page, Route } from 'playwright-core';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';
import type { Messages } from '../../src/client/i18n/en/index.ts';
import en from '../../src/client/i18n/en/index.ts';
import zhCN from '../../src/client/i18n/zh-CN/index.ts';
import type { SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import type { ResourceType } from '../../src/domain/quota.ts';
import { startTestApp, type TestApp } from './app.ts';

export type Language = 'en' | 'zh-CN';

/** What the pages say, by language: the tests read the screen as people do. */
export const WORDS: Record<Language, Messages> = { en, 'zh-CN': zhCN };

/** The product with its pages, for one test file; `env` adds variables. */
export async function startAppWithPages(env: Record<string, string> = {}): Promise<TestApp> {
  await ensureClientBuilt(() => undefined);
  return startTestApp(env);
}

export interface VisitorOptions {
  language?: Language;
  theme?: 'light' | 'dark';
  width?: number;
  /** Where the visitor comes from, for an app that trusts loopback to say so. */
  address?: string;
}

/** A fresh browser profile. Motion is reduced, so that nothing is judged half-way. */
export function newVisitor(
  browser: Browser,
  options: VisitorOptions = {},
): Promise<BrowserContext> {
  const width = options.width ?? 1280;
  return browser.newContext({
    locale: options.language ?? 'en',
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    viewport: { width, height: width < 500 ? 740 : 900 },
    ...(options.address ? { extraHTTPHeaders: { 'X-Forwarded-For': options.address } } : {}),
  });
}

/** What the server answers; undefined where the page is closed meanwhile, and nobody waits for it. */
export async function answerOf(route: Route): Promise<APIResponse | undefined> {
  try {
    return await route.fetch();
  } catch (error) {
    if (/disposed|has been closed/.test(String(error))) return undefined;
    throw error;
  }
}

/** The true answer, changed where a state is wanted that takes days to come about. */
export async function withSubscription(
  page: Page,
  change: (overview: SubscriptionOverview) => void,
): Promise<void> {
  await page.route('**/api/subscription', async (route) => {
    const response = await answerOf(route);
    if (!response) return;
    const overview = (await response.json()) as SubscriptionOverview;
    change(overview);
    await route.fulfill({ response, json: overview });
  });
}

let people = 0;
export const PASSWORD = 'correct horse battery';

/** Registers an owner over HTTP; with `context`, the profile is signed in as that person. */
export async function signUp(app: TestApp, context?: BrowserContext): Promise<SessionView> {
  const email = `visitor${(people += 1)}@example.com`;
  const response = await fetch(`${app.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Accept-Language': 'en' },
    body: JSON.stringify({ email, password: PASSWORD, tenantName: `Table ${people}` }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  const [name, value] = response.headers.getSetCookie()[0]!.split(';')[0]!.split('=');
  // The path has to be the server's own, or the next cookie would stand beside this one.
  const { hostname } = new URL(app.url);
  await context?.addCookies([
    { name: name!, value: value!, domain: hostname, path: '/api/auth', httpOnly: true },
  ]);
  return (await response.json()) as SessionView;
}

/** Records usage as another service of the platform would. */
export async function recordUsage(
  app: TestApp,
  tenantId: string,
  resourceType: ResourceType,
  amount: number,
): Promise<void> {
  const idempotencyKey = `seed-${tenantId}-${resourceType}-${amount}`;
  const response = await fetch(`${app.url}/api/usage/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${app.usageIngestToken}`,
    },
    body: JSON.stringify({ events: [{ tenantId, resourceType, amount, idempotencyKey }] }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Subscribes over HTTP and the local Stripe's control, and waits until the app knows. */
export async function subscribe(
  app: TestApp,
  session: SessionView,
  priceId: string,
): Promise<void> {
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${session.accessToken}`,
  };
  const post = async (url: string, body: object) => {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const { checkoutUrl } = await post(`${app.url}/api/subscription/checkout`, { priceId });
  const id = new URL(String(checkoutUrl)).pathname.split('/').at(-1)!;
  await post(`${app.stripeUrl}/_control/checkout_sessions/${id}/complete`, {
    card: '4242424242424242',
  });
  await post(`${app.url}/api/subscription/sync`, {});
}

/** The id of the price of `plan` by `interval`, as the app offers it. */
export async function priceOf(
  app: TestApp,
  plan: 'pro' | 'team',
  interval: 'month' | 'year',
): Promise<string> {
  const { plans } = (await (await fetch(`${app.url}/api/plans`)).json()) as {
    plans: { plan: string; prices: { priceId: string; interval: string }[] }[];
  };
  const offered = plans.find((view) => view.plan === plan)?.prices ?? [];
  return offered.find((price) => price.interval === interval)!.priceId;
}

/** Presses Tab until the focus is on what reads `name`; throws when it is never reached. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element?.id ? document.querySelector(`label[for="${element.id}"]`) : null;
      return (
        element?.getAttribute('aria-label') ??
        label?.textContent ??
        element?.textContent ??
        ''
      ).trim();
    });
    if (typeof name === 'string' ? focused === name : name.test(focused)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${String(name)}.`);
}

/** The words of our own on the page: what people wrote is left out. */
export function ownWords(page: Page): Promise<string> {
  return page.evaluate(() => {
    const copy = document.body.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('[lang], script, style').forEach((element) => element.remove());
    const labels = [...copy.querySelectorAll('[aria-label]')].map((element) =>
      element.getAttribute('aria-label'),
    );
    return [copy.textContent, ...labels].join(' ');
  });
}
