import { fork, type ChildProcess } from 'node:child_process';
import { Agent, request } from 'node:http';
import { raiseLimits, type BenchDatabase } from '../database.ts';
import { benchHttpShare } from './http-share.ts';
import { median } from '../load.ts';
import { atLeast, printFigures, type Report } from '../report.ts';
import { driveWire, requestBytes } from './wire.ts';

const TOKEN = 'the token of the benchmark';
const EVENTS = 500;
const CONNECTIONS = 8;
const PAIR_CALLERS = 128;

/** Over HTTP, against the app in a process of its own. */
export async function benchHttp(
  database: BenchDatabase,
  report: Report,
  pace: { rounds: number; seconds: number },
): Promise<void> {
  const app = fork(new URL('./http-app.ts', import.meta.url), [database.url, TOKEN]);
  try {
    const port = await portOf(app);
    const events: number[] = [];
    const pairs: number[] = [];
    await raiseLimits(database);
    await openMonth(port, database.tenants);
    await ingest(port, database.tenants, 0.5);
    await reserveAndSettle(port, database.tenants, 0.5);
    for (let round = 0; round < pace.rounds; round += 1) {
      events.push(await ingest(port, database.tenants, pace.seconds));
      pairs.push(await reserveAndSettle(port, database.tenants, pace.seconds));
    }
    const figures = [
      { name: 'POST /api/usage/events, 500 a request', value: median(events), unit: 'events/s' },
      { name: 'reserve + settle', value: median(pairs), unit: 'pairs/s' },
    ];
    printFigures('Over HTTP', figures);
    report.figures.push(...figures);
    report.criteria.push(
      atLeast('events over HTTP, 500 a request', median(events), 20_000, 'events/s'),
      atLeast('reserve and settle over HTTP', median(pairs), 1_000, 'pairs/s'),
    );
    const { tenants, url: databaseUrl } = database;
    await benchHttpShare({ port, token: TOKEN, tenants, databaseUrl, key }, report, pace);
  } finally {
    await stop(app);
  }
}

let keys = 0;
const run = Date.now().toString(36);
const key = () => `http_${run}_${(keys += 1).toString(36).padStart(9, '0')}`;

/** Each tenant's first call of a month and of a day does more; that is once, and not measured. */
async function openMonth(port: number, tenants: string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (const resourceType of ['messages', 'llm_tokens']) {
    for (let from = 0; from < tenants.length; from += EVENTS) {
      const events = tenants
        .slice(from, from + EVENTS)
        .map((tenantId) => ({ tenantId, resourceType, amount: 1, idempotencyKey: key() }));
      await send(agent, port, 'POST', '/api/usage/events', { events });
    }
  }
  agent.destroy();
}

async function ingest(port: number, tenants: string[], seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const start = performance.now();
  const end = start + seconds * 1000;
  let recorded = 0;
  const connection = async () => {
    while (performance.now() < end) {
      const events = Array.from({ length: EVENTS }, () => ({
        tenantId: tenants[Math.floor(Math.random() * tenants.length)]!,
        resourceType: 'messages',
        amount: 1,
        idempotencyKey: key(),
      }));
      const answer = await send(agent, port, 'POST', '/api/usage/events', { events });
      const { results } = JSON.parse(answer) as { results: { status: string }[] };
      recorded += results.filter((result) => result.status === 'recorded').length;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  agent.destroy();
  return recorded / ((performance.now() - start) / 1000);
}

/** By requests that are bytes already: a client that builds them would take more than half of the processor. */
async function reserveAndSettle(port: number, tenants: string[], seconds: number): Promise<number> {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const path = '/api/usage/reservations';
  const post = (to: string, body: object) =>
    requestBytes('POST', to, headers, JSON.stringify(body));
  const speaker = () => {
    let isHeld = false;
    return (answer: string) => {
      isHeld = !isHeld;
      if (!isHeld) {
        const { reservationId } = JSON.parse(answer) as { reservationId: string };
        return post(`${path}/${reservationId}/settle`, { amount: 321 });
      }
      const tenantId = tenants[Math.floor(Math.random() * tenants.length)]!;
      const hold = { tenantId, resourceType: 'llm_tokens', amount: 500, ttlSeconds: 60 };
      return post(path, { ...hold, idempotencyKey: key() });
    };
  };
  const answers = await driveWire({ port, speaker, connections: PAIR_CALLERS, seconds });
  return answers / 2;
}

function send(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  body: unknown,
): Promise<string> {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode! < 300) resolve(text);
        else reject(new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** Where an app in a process of its own listens, once it does. */
export function portOf(app: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    app.once('message', (message) => resolve(message as number));
    app.once('exit', (code) => reject(new Error(`The app of the benchmark ended with ${code}.`)));
  });
}

export async function stop(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null) return;
  const gone = new Promise((resolve) => app.once('exit', resolve));
  app.kill('SIGTERM');
  await gone;
}
