import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';
import type { SessionView } from '../../src/domain/api.ts';
import { startBalancer } from '../support/balancer.ts';
import { freePort } from '../support/free-port.ts';
import { caller } from '../support/http.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { startOpenAiServer, type OpenAiServer } from '../support/openai-server.ts';
import { readEvents } from '../support/sse.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** How often both processes are replaced; the long form is 10. */
const ROLLS = Number(process.env.ROLL_RUNS ?? 1);
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 240_000 + ROLLS * 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-rolls-'));
let database: TestDatabase;
let stripe: LocalStripe;
let upstream: OpenAiServer;
beforeAll(async () => {
  await ensureClientBuilt(() => undefined);
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0 });
  upstream = await startOpenAiServer();
  // Answers outlast the pause, so that some are under way when the socket is shut.
  const word = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word ' } }] })}\n\n`;
  const parts = [...Array.from({ length: 16 }, () => word), 'data: [DONE]\n\n'];
  upstream.script = { words: [], raw: { parts, everyMs: 120 } };
}, 180_000);
afterAll(async () => {
  await upstream?.close();
  await stripe?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** The product as it is started, by itself or through npm, at an address that stays its own. */
class Process {
  readonly url: string;
  readonly #port: number;
  readonly #command: [string, string[]];
  #child: ReturnType<typeof spawn> | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  output = '';

  constructor(port: number, ...command: [string, string[]]) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#command = command;
  }

  start(): void {
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    const child = spawn(...this.#command, {
      env: {
        ...{ PATH, HOME, NODE_COMPILE_CACHE },
        PORT: String(this.#port),
        DATA_DIR: path.join(folder, String(this.#port)),
        DATABASE_URL: database.url,
        STRIPE_SECRET_KEY: 'sk_test_squaretable',
        STRIPE_API_BASE: stripe.url,
        LLM_BASE_URL: upstream.url,
        USAGE_INGEST_TOKEN: INGEST_TOKEN,
        JWT_SECRET: 'a secret that both processes share, long enough',
        DRAIN_SECONDS: '1',
        STOP_GRACE_SECONDS: '60',
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    // What npm has left behind holds its pipes.
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    onTestFinished(() => this.#killAll(child.pid!));
  }

  /** SIGTERM, and the end of everything that was started. */
  async stop(): Promise<void> {
    this.#child!.kill('SIGTERM');
    await this.#ended;
  }

  #killAll(group: number): void {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** People and services at work, until they are told to rest; what they were told is kept. */
class Load {
  readonly failures: string[] = [];
  readonly chats: string[] = [];
  readonly events: string[] = [];
  readonly #resting = new AbortController();
  readonly #all: Promise<void>[];
  readonly #url: string;
  readonly #session: SessionView;

  constructor(url: string, session: SessionView) {
    this.#url = url;
    this.#session = session;
    const kinds = [
      () => this.#talk(),
      () => this.#talk(),
      () => this.#read(),
      () => this.#report(),
    ];
    this.#all = [...kinds, ...kinds, ...kinds].map((act) => this.#repeat(act));
  }

  async rest(): Promise<void> {
    this.#resting.abort();
    await Promise.all(this.#all);
  }

  async #repeat(act: () => Promise<void>): Promise<void> {
    while (!this.#resting.signal.aborted) {
      await act().catch((error: unknown) => {
        const { cause } = error as { cause?: unknown };
        this.failures.push(`${String(error)} ${String(cause ?? '')}`);
      });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async #talk(): Promise<void> {
    const response = await this.#send('POST', '/api/chat', this.#session.accessToken, {
      message: 'Tell me some words',
    });
    let last = '';
    for await (const { event, data } of readEvents(response)) {
      last = event;
      if (event === 'done') this.chats.push(String(data['messageId']));
    }
    if (last !== 'done') throw new Error(`A chat was cut; its last word was "${last}".`);
  }

  async #read(): Promise<void> {
    const answer = await this.#send('GET', '/api/subscription/usage', this.#session.accessToken);
    await answer.json();
  }

  async #report(): Promise<void> {
    const idempotencyKey = `roll-${Math.random()}`;
    const tenantId = this.#session.tenant.id;
    const answer = await this.#send('POST', '/api/usage/events', INGEST_TOKEN, {
      events: [{ tenantId, resourceType: 'images', amount: 1, enforce: false, idempotencyKey }],
    });
    const { results } = (await answer.json()) as { results: { status: string }[] };
    if (results[0]!.status !== 'recorded') throw new Error(JSON.stringify(results));
    this.events.push(idempotencyKey);
  }

  async #send(method: string, address: string, token: string, body?: object): Promise<Response> {
    const response = await fetch(this.#url + address, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  }
}

async function assertInLedger(column: string, told: string[]): Promise<void> {
  const { rows } = await database.pool.query<{ key: string }>(
    `select distinct ${column} as key from u00.usage where ${column} is not null`,
  );
  const written = new Set(rows.map(({ key }) => key));
  expect(told.filter((key) => !written.has(key))).toEqual([]);
}

test(`14.1 two processes that are replaced ${ROLLS} times under load fail no request and cut no chat`, async () => {
  const [first, second] = [await freePort(), await freePort()];
  const processes = [
    new Process(first, process.execPath, ['scripts/start.ts']),
    new Process(second, 'npm', ['start']),
  ];
  const balancer = await startBalancer(processes.map(({ url }) => url));
  onTestFinished(() => balancer.close());
  for (const one of processes) one.start();
  for (const { url } of processes) await balancer.sees(url, true);
  const { body: session } = await caller(balancer.url).post<SessionView>('/api/auth/register', {
    email: 'talker@example.com',
    password: 'correct horse',
  });
  await database.pool.query(`update tenants set plan = 'team' where id = $1`, [session.tenant.id]);

  const load = new Load(balancer.url, session);
  for (let roll = 0; roll < ROLLS; roll += 1) {
    for (const one of processes) {
      const [chats, events] = [load.chats.length, load.events.length];
      await vi.waitFor(() => expect(load.chats.length).toBeGreaterThan(chats), 120_000);
      await one.stop();
      one.start();
      await balancer.sees(one.url, true);
      expect(load.events.length).toBeGreaterThan(events);
    }
  }
  await load.rest();
  for (const one of processes) await one.stop();

  const said = processes.map(({ output }) => output).join('\n');
  expect(load.failures, said).toEqual([]);
  expect(said).not.toMatch(/"level":[56]0/);
  await assertInLedger(`metadata->>'messageId'`, load.chats);
  await assertInLedger('idempotency_key', load.events);
  expect(await imbalances(database.pool)).toEqual([]);
});
