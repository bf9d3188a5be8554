import { request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../src/server/log.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { countersOf } from '../support/metering.ts';
import { startOpenAiServer } from '../support/openai-server.ts';

/** Sends a request and can be gone before it is answered; `begun` resolves with the answer's first bytes. */
function ask({ app, session }: Customer, path: string, body: object) {
  const sent = request(new URL(path, app.url), {
    ...{ method: 'POST', agent: false },
    headers: {
      Authorization: `Bearer ${session.accessToken}`,
      'Content-Type': 'application/json',
    },
  });
  const begun = new Promise<void>((resolve) => {
    sent.once('response', (answer) => answer.once('data', () => resolve()));
  });
  sent.on('error', () => undefined);
  sent.end(JSON.stringify(body));
  return { begun, hangUp: () => sent.destroy() };
}

/** Holds what each of the changes writes in its middle; whoever comes to it waits. */
async function shutGate({ database }: TestApp) {
  const client = await database.pool.connect();
  await client.query('begin');
  await client.query(
    'lock table billing_intents, checkout_sessions, u00.usage_reservations in access exclusive mode',
  );
  return {
    waiting: async () => {
      const { rows } = await client.query<{ count: number }>(
        `select count(distinct pid)::int as count from pg_locks join pg_database on pg_database.oid = database
         where not granted and datname = current_database() and locktype = 'relation'`,
      );
      return rows[0]!.count;
    },
    open: async () => {
      await client.query('commit');
      client.release();
    },
  };
}

async function startAppWithPeople() {
  const logged: string[] = [];
  const log = createLog('warn', false, { write: (line) => logged.push(line) });
  const upstream = await startOpenAiServer();
  onTestFinished(() => upstream.close());
  upstream.script = { words: ['Once', ' upon'], after: { words: 1, then: 'wait' } };
  const env = { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'sk-upstream', LLM_MODEL: 'small' };
  const app = await startTestApp({ DRAIN_SECONDS: '1', STOP_GRACE_SECONDS: '30', ...env }, log);
  onTestFinished(() => app.stop());
  const [leaver, climber, buyer, talker] = await Promise.all([
    signUp(app),
    signUp(app),
    signUp(app),
    signUp(app),
  ]);
  await Promise.all([leaver, climber].map((one) => one.subscribe('pro', 'month')));
  return { app, logged, leaver, climber, buyer, talker };
}

const row = async <T>({ app, tenantId }: Customer, query: string) =>
  (await app.database.pool.query(query, [tenantId])).rows as T[];

test.each([
  ['Ctrl-C', { pause: false }],
  ['a supervisor’s stop', { pause: true }],
])('10.22 %s waits for what goes on behind clients who hung up', async (_whose, stop) => {
  const { app, logged, leaver, climber, buyer, talker } = await startAppWithPeople();
  const { drain } = app.server.context;
  const priceId = await climber.priceOf('team', 'month');
  const chat = ask(talker, '/api/chat', { message: 'Tell me a story' });
  await chat.begun;
  const gate = await shutGate(app);
  const changes = [
    ask(leaver, '/api/subscription/cancel', {}),
    ask(climber, '/api/subscription/upgrade', { priceId }),
    ask(buyer, '/api/subscription/checkout', { priceId }),
  ];
  await expect.poll(gate.waiting).toBeGreaterThanOrEqual(3);
  for (const one of [chat, ...changes]) one.hangUp();
  await expect.poll(() => drain.answers).toBe(0);
  await expect.poll(gate.waiting).toBeGreaterThanOrEqual(4);

  const left = app.leave(stop);
  await expect.poll(() => drain.closed.aborted).toBe(true);
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect(drain.over.aborted).toBe(false);
  expect(drain.works).toBeGreaterThanOrEqual(4);
  await gate.open();
  await left;

  expect(logged).toEqual([]);
  const intents = "select goal ->> 'kind' as kind, state from billing_intents where tenant_id = $1";
  expect(await row(leaver, intents)).toEqual([{ kind: 'end', state: 'done' }]);
  expect(await row(climber, intents)).toEqual([{ kind: 'change_now', state: 'done' }]);
  const plans = 'select plan, cancel_at_period_end as ends from subscriptions where tenant_id = $1';
  expect(await row(leaver, plans)).toEqual([{ plan: 'pro', ends: true }]);
  expect(await row(climber, plans)).toEqual([{ plan: 'team', ends: false }]);
  const sessions = 'select stripe_session_id as id from checkout_sessions where tenant_id = $1';
  expect(await row(buyer, sessions)).toEqual([{ id: expect.stringMatching(/^cs_/) }]);
  expect(await countersOf(app.database.pool, talker.tenantId)).toMatchObject({
    messages: { used: 1, held: 0 },
    llm_tokens: { held: 0 },
  });
});
