import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts';
import type { PlansView, SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import { assertAllWritten, Load, rollUnderLoad, slowWords } from '../race/rolled-load.ts';
import { RolledProcess } from '../race/rolled-process.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { caller, type Caller } from '../support/http.ts';
import { startMailServer, type MailServer } from '../support/mail-server.ts';
import { startOpenAiServer, type OpenAiServer } from '../support/openai-server.ts';
import { cloneHere, commandsUnder, Release } from './release.ts';

/** How often both processes are replaced; without a number the road is not gone: it takes minutes. */
const ROLLS = Number(process.env.ROAD_RUNS ?? 0);
const INGEST_TOKEN = 'x9TqL2mV7bZ4nR8wK1cJ6hF3gD5sP0aE';
const PROCESS = commandsUnder('docs/deployment/production.md', '## The process');
const SETUP = commandsUnder('docs/deployment/stripe-setup.md', '## 3. Set up');
const CHECK = commandsUnder('docs/deployment/stripe-setup.md', '## 4. Check');

test('14 the production road is made of these commands', () => {
  expect([...PROCESS, ...SETUP, ...CHECK]).toEqual([
    'npm ci --include=dev',
    'npm run build',
    'npm ci --omit=dev',
    'npm run db:migrate',
    'npm start',
    'npm run stripe:setup',
    'npm run doctor',
  ]);
});

describe.skipIf(ROLLS === 0)('14 from a fresh clone', () => {
  vi.setConfig({ testTimeout: 600_000 + ROLLS * 240_000 });

  let state: string;
  let postgres: EmbeddedPostgres;
  let stripe: LocalStripe;
  let upstream: OpenAiServer;
  let mail: MailServer;
  let release: Release;
  beforeAll(async () => {
    state = mkdtempSync(path.join(tmpdir(), 'squaretable-road-state-'));
    postgres = await startEmbeddedPostgres({ dataDir: path.join(state, 'postgres') });
    stripe = await startLocalStripe({ port: 0 });
    upstream = await startOpenAiServer();
    upstream.script = slowWords();
    mail = await startMailServer();
    release = new Release(cloneHere());
  }, 180_000);
  afterAll(async () => {
    await mail?.close();
    await upstream?.close();
    await stripe?.close();
    await postgres?.stop();
    for (const folder of [state, release?.folder ?? state]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  test(`the documents' commands lead to two processes that are replaced ${ROLLS} times under load`, async () => {
    const ports = [await freePort(), await freePort()];
    const balancer = await startBalancer(ports.map((port) => `http://127.0.0.1:${port}`));
    onTestFinished(() => balancer.close());
    release.set({
      ...{ NODE_ENV: 'production', APP_URL: balancer.url, HOST: '127.0.0.1' },
      ...{ STRIPE_SECRET_KEY: 'sk_test_squaretable', STRIPE_API_BASE: stripe.url },
      ...{ STRIPE_ALLOW_TEST_KEYS: '1', JWT_SECRET: 'qK3v9ZpL7xW2mN8rT4yB6cF1hJ5dG0sA' },
      ...{ DATABASE_URL: postgres.url(), SMTP_URL: mail.url, MAIL_FROM: 'billing@example.com' },
      ...{ LLM_BASE_URL: upstream.url, USAGE_INGEST_TOKEN: INGEST_TOKEN, DRAIN_SECONDS: '1' },
    });

    for (const command of [...PROCESS, ...SETUP].filter((one) => one !== 'npm start')) {
      release.set(printedSettings(await release.type(command)));
    }
    for (const command of CHECK) await release.type(command);

    const processes = ports.map((port) => processOn(port));
    for (const one of processes) one.start();
    for (const { url } of processes) await balancer.sees(url, true);
    const session = await subscribeAndTalk(balancer);
    for (const command of CHECK) await release.type(command);

    const load = new Load(balancer.url, session, INGEST_TOKEN);
    await rollUnderLoad(ROLLS, processes, balancer, load);
    await load.rest();
    await release.type('npm run usage:verify');
    for (const one of processes) await one.stop();

    const said = processes.map(({ output }) => output).join('\n');
    expect(load.failures, said).toEqual([]);
    expect(said).not.toMatch(/"level":[56]0/);
    // One of ours: a connection that is told of the server's stop while it ends has a listener too.
    const database = openDatabase({ url: postgres.url() });
    onTestFinished(() => database.close());
    await assertAllWritten(database.pool, load);
  });

  const processOn = (port: number) =>
    new RolledProcess(port, {
      command: ['npm', 'start'],
      folder: release.folder,
      env: { DATA_DIR: path.join(state, String(port)) },
    });

  /** The main story: registers, verifies by the mailed link, buys Pro at Checkout, and is answered. */
  async function subscribeAndTalk(balancer: Balancer): Promise<SessionView> {
    const email = 'owner@example.com';
    const registered = await caller(balancer.url).post<SessionView>('/api/auth/register', {
      ...{ email, password: 'correct horse battery' },
    });
    expect(registered.status).toBe(201);
    const owner = caller(balancer.url, registered.body.accessToken);
    await owner.post('/api/auth/email/verify', { token: await tokenMailed(email) });
    await pay(owner);
    const answer = await owner.post('/api/chat', { message: 'Tell me some words' });
    expect(String(answer.body)).toContain('event: done');
    return registered.body;
  }

  async function tokenMailed(email: string): Promise<string> {
    const token = await vi.waitFor(() => {
      const found = mail.mails.find(({ to }) => to.includes(email));
      const plain = found?.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
      return /[?&]token=([\w.-]+)/.exec(plain ?? '')![1]!;
    }, 60_000);
    return token;
  }

  async function pay(owner: Caller): Promise<void> {
    const { body: offered } = await owner.get<PlansView>('/api/plans');
    const [price] = offered.plans.find(({ plan }) => plan === 'pro')!.prices;
    const { body } = await owner.post<{ checkoutUrl: string }>('/api/subscription/checkout', {
      priceId: price!.priceId,
    });
    const id = /cs_\w+/.exec(body.checkoutUrl)![0];
    const paid = await caller(stripe.url).post(`/_control/checkout_sessions/${id}/complete`, {
      card: 'pm_card_visa',
    });
    expect(paid.status).toBe(200);
    await vi.waitFor(async () => {
      const { body: overview } = await owner.get<SubscriptionOverview>('/api/subscription');
      expect(overview.subscription).toMatchObject({ plan: 'pro', status: 'active' });
    }, 60_000);
  }
});

/** The lines `NAME=value` of what a command said. */
function printedSettings(said: string): Record<string, string> {
  const lines = [...said.matchAll(/^([A-Z][A-Z_]+)=(\S+)$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name!, value!]));
}
