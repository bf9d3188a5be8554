import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import type { ChatDone, SessionView } from '../../src/domain/api.ts';
import { AppProcess } from '../support/app-process.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { caller } from '../support/http.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { startOpenAiServer, type OpenAiServer } from '../support/openai-server.ts';
import { readEvents } from '../support/sse.ts';
import { createTestDatabase } from '../support/test-database.ts';

/** SIGKILLs of the app under load; the long form is 25. */
const KILLS = Number(process.env.CHAT_KILL_RUNS ?? 1);
/** How long the database is gone while answers end; the long form is 80. */
const AWAY_SECONDS = Number(process.env.AWAY_SECONDS_COUNT ?? 1);
const TALKERS = 12;

vi.setConfig({ testTimeout: 120_000 + KILLS * 60_000 + AWAY_SECONDS * 5_000 });

let folder: string;
let stripe: LocalStripe;
let upstream: OpenAiServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-chats-'));
  stripe = await startLocalStripe({ port: 0 });
  upstream = await startOpenAiServer();
  const word = (content: string) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
  // A slow model, so that at every moment answers are at each of their stages.
  const parts = [...Array.from({ length: 10 }, (_, n) => word(`word ${n} `)), 'data: [DONE]\n\n'];
  upstream.script = { words: [], raw: { parts, everyMs: 40 } };
});
afterAll(async () => {
  await upstream?.close();
  await stripe?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startApp(databaseUrl: string): Promise<AppProcess> {
  const app = await AppProcess.start({
    DATA_DIR: mkdtempSync(path.join(folder, 'app-')),
    DATABASE_URL: databaseUrl,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    LLM_BASE_URL: upstream.url,
    LLM_MODEL: 'slow',
    JWT_SECRET: 'a secret that outlives the process, long enough',
    LOG_LEVEL: 'silent',
  });
  onTestFinished(() => app.kill());
  return app;
}

/** What came of the answers that people asked for. */
interface Heard {
  asked: number;
  done: ChatDone[];
  /** Codes of answers that ended with an error. */
  errors: string[];
}

/** People who talk again as soon as they were answered, or cut off, until `signal` says so. */
async function talk(url: string, token: string, heard: Heard, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    heard.asked += 1;
    try {
      const response = await fetch(`${url}/api/chat`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ message: 'Tell me ten words' }),
      });
      if (response.ok) {
        for await (const { event, data } of readEvents(response)) {
          if (event === 'done') heard.done.push(data as unknown as ChatDone);
          if (event === 'error') heard.errors.push(String(data['code']));
        }
      } else await response.body?.cancel();
    } catch {
      // The process died: the person hears nothing, and asks again.
      await pause(20);
    }
  }
}

async function crowd(url: string, pool: Pool) {
  const answer = await caller(url).post<SessionView>('/api/auth/register', {
    email: 'talker@example.com',
    password: 'correct horse',
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  await pool.query(`update tenants set plan = 'team' where id = $1`, [answer.body.tenant.id]);
  const heard: Heard = { asked: 0, done: [], errors: [] };
  const enough = new AbortController();
  const talkers = Array.from({ length: TALKERS }, () =>
    talk(url, answer.body.accessToken, heard, enough.signal),
  );
  return {
    heard,
    async silence() {
      enough.abort();
      await Promise.all(talkers);
    },
  };
}

const pause = (milliseconds: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

interface Counted {
  messageId: string;
  messages: number;
  tokens: number;
}

async function ledgerOf(pool: Pool): Promise<Map<string, Counted>> {
  const { rows } = await pool.query<Counted>(
    `select metadata->>'messageId' as "messageId",
       sum(amount) filter (where resource_type = 'messages')::int as messages,
       sum(amount) filter (where resource_type = 'llm_tokens')::int as tokens
     from u00.usage where metadata ? 'messageId' group by 1`,
  );
  return new Map(rows.map((row) => [row.messageId, row]));
}

const openHolds = async (pool: Pool) => {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from u00.usage_reservations where state = 'open'`,
  );
  return rows[0]!.n;
};

/** Every `done` is in the ledger with its tokens, and nothing of anybody is there twice. */
async function assertLedger(pool: Pool, { done, asked }: Heard, called: number): Promise<void> {
  const ledger = await ledgerOf(pool);
  const wrong = done.filter(
    ({ messageId, usage }) => ledger.get(messageId)?.tokens !== usage.totalTokens,
  );
  expect(wrong).toEqual([]);
  expect([...ledger.values()].filter(({ messages }) => messages !== 1)).toEqual([]);
  expect([...ledger.values()].filter(({ tokens }) => !(tokens > 0))).toEqual([]);
  // What the model was called for is owed, whoever died then.
  expect(ledger.size).toBeGreaterThanOrEqual(called);
  expect(ledger.size).toBeLessThanOrEqual(asked);
  expect(await openHolds(pool)).toBe(0);
  expect(await imbalances(pool)).toEqual([]);
}

test(`10.19 an app killed ${KILLS} times among chats owes what it began, and lost no answer that was done`, async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const app = await startApp(database.url);
  const before = upstream.requests.length;
  const { heard, silence } = await crowd(app.url, database.pool);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const seen = heard.done.length;
    await waitFor(() => heard.done.length > seen + TALKERS);
    await pause(Math.random() * 450);
    await app.kill();
    await app.startAgain();
  }
  await waitFor(() => heard.done.length > TALKERS * (KILLS + 1));
  await silence();
  // What the dead left is settled when its time is over.
  expect(await openHolds(database.pool)).toBeGreaterThan(0);
  await app.turnClock(new Date(Date.now() + 16 * 60_000));
  await app.runTasks();
  await assertLedger(database.pool, heard, upstream.requests.length - before);
});

test(`10.19 a database that is away for ${AWAY_SECONDS} s among chats loses none of them`, async () => {
  const dataDir = path.join(folder, 'postgres');
  const port = await freePort();
  let server = await startEmbeddedPostgres({ dataDir, port });
  onTestFinished(() => server.stop());
  await migrateDatabase(server.url());
  const database = openDatabase({ url: server.url(), max: 2 });
  onTestFinished(() => database.close());
  const app = await startApp(server.url());
  const before = upstream.requests.length;
  const { heard, silence } = await crowd(app.url, database.pool);
  await waitFor(() => heard.done.length > TALKERS);
  await server.stop();
  await pause(AWAY_SECONDS * 1_000);
  server = await startEmbeddedPostgres({ dataDir, port });
  const seen = heard.done.length;
  await waitFor(() => heard.done.length > seen + TALKERS);
  await silence();
  // The last pause between two tries is 30 s.
  await waitFor(async () => (await openHolds(database.pool)) === 0);
  await assertLedger(database.pool, heard, upstream.requests.length - before);
  // Who was told nothing else was told that it is not recorded yet.
  expect(heard.errors.filter((code) => code !== 'database_unavailable')).toEqual([]);
});
