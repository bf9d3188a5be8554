import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { raiseLimits, type BenchDatabase } from '../database.ts';
import { atMost, printFigures, type Report } from '../report.ts';

const TENANTS = 50;
const MEBIBYTE = 1024 ** 2;
/** Nobody stays for longer. */
const STAY_MS_MAX = 4_000;
const SETTLED_WITHIN_MS = 20_000;

/** What they ask for, and how many of ten of them. */
const WANTS = [
  { share: 6, method: 'POST', path: '/api/chat', body: { message: 'Tell me a long story' } },
  { share: 2, method: 'GET', path: '/api/subscription/usage/stream' },
  { share: 1, method: 'GET', path: '/api/subscription/usage/export.csv' },
  { share: 1, method: 'POST', path: '/api/images', body: { prompt: 'a tower' } },
].flatMap(({ share, ...want }) => Array.from({ length: share }, () => want));

interface App {
  child: ChildProcess;
  port: number;
}

/** What a process holds. */
interface Held {
  holds: number;
  streams: number;
  sockets: number;
  heapMebibytes: number;
}

/**
 * Clients that hang up at random moments, all along `seconds`, on the app in a process of its own and
 * a model that takes its time: afterwards nothing of them is left, and what the model did is owed.
 */
export async function benchHangUps(
  database: BenchDatabase,
  report: Report,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<void> {
  const model = await startModel();
  const app = await startApp(database, model.url);
  try {
    await raiseLimits(database);
    const tokens = await register(app, database);
    // Code, caches and connections as they are in use.
    await crowd(app.port, tokens, Math.ceil(clients / 5), Math.ceil(seconds / 5));
    const before = await settled(database, app);
    await crowd(app.port, tokens, clients, seconds);
    const after = await settled(database, app);
    const grown = after.heapMebibytes - before.heapMebibytes;
    const unpaid = model.calls() - (await messagesOwed(database));
    const title = `${clients.toLocaleString('en')} clients that hang up over ${seconds} s`;
    const figures = [
      { name: 'calls to the model', value: model.calls(), unit: '' },
      { name: 'sockets of the process, before', value: before.sockets, unit: '' },
      { name: 'sockets of the process, after', value: after.sockets, unit: '' },
      { name: 'memory grown by', value: grown, unit: 'MiB' },
    ];
    printFigures(title, figures);
    report.figures.push(...figures.map((one) => ({ ...one, name: `hang-ups: ${one.name}` })));
    report.criteria.push(
      atMost('hang-ups: holds left', after.holds, 0, ''),
      atMost('hang-ups: streams and watchers left', after.streams, 0, ''),
      // A pool may have a connection more or less.
      atMost('hang-ups: sockets more than before', after.sockets - before.sockets, 3, ''),
      atMost('hang-ups: calls to the model that nobody owes', unpaid, 0, ''),
      atMost('hang-ups: memory grown', grown, 20, 'MiB'),
    );
  } finally {
    await stop(app.child);
    await model.close();
  }
}

/** A model that says a word each tenth of a second, for three seconds. */
async function startModel() {
  let calls = 0;
  const word = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word ' } }] })}\n\n`;
  const server: Server = createServer((incoming, answer) => {
    calls += 1;
    incoming.resume();
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    let left = 30;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return void answer.write(word);
      answer.end('data: [DONE]\n\n');
    }, 100);
    answer.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: () => calls,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startApp(database: BenchDatabase, modelUrl: string): Promise<App> {
  const child = fork(new URL('./http-app.ts', import.meta.url), [database.url, 'none', modelUrl], {
    execArgv: ['--expose-gc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', (code) => reject(new Error(`The app of the benchmark ended with ${code}.`)));
  });
  return { child, port };
}

async function register({ port }: App, { pool }: BenchDatabase): Promise<string[]> {
  const tokens: string[] = [];
  for (let n = 0; n < TENANTS; n += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/auth/register`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: `leaver${n}@example.com`, password: 'correct horse' }),
    });
    if (answer.status !== 201) throw new Error(`Registering answered ${answer.status}.`);
    tokens.push(((await answer.json()) as { accessToken: string }).accessToken);
  }
  await pool.query(`update tenants set plan = 'team' where id in (select tenant_id from users)`);
  return tokens;
}

/** So many come at random moments, and each leaves at one. */
async function crowd(port: number, tokens: string[], clients: number, seconds: number) {
  const visits = Array.from({ length: clients }, async (_, n) => {
    await pause(Math.random() * seconds * 1000);
    await visit(port, tokens[n % tokens.length]!, WANTS[n % WANTS.length]!);
  });
  await Promise.all(visits);
}

function visit(port: number, token: string, want: (typeof WANTS)[number]): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({
      ...{ port, host: '127.0.0.1', method: want.method, path: want.path, agent: false },
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    });
    sent.on('response', (answer) => answer.resume());
    sent.on('error', () => undefined);
    sent.on('close', resolve);
    sent.end('body' in want ? JSON.stringify(want.body) : undefined);
    setTimeout(() => sent.destroy(), Math.random() ** 2 * STAY_MS_MAX);
  });
}

/** What is held when all have left and what they left is written; at last as it is. */
async function settled(database: BenchDatabase, app: App): Promise<Held> {
  const until = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const held = { holds: await openHolds(database), streams: await openStreams(app.port) };
    if ((held.holds === 0 && held.streams === 0) || performance.now() > until) {
      // Sockets that were closed linger for a moment.
      await pause(2_000);
      return { ...held, sockets: socketsOf(app.child.pid!), heapMebibytes: await heapOf(app) };
    }
    await pause(200);
  }
}

async function openHolds({ pool }: BenchDatabase): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from u00.usage_reservations where state = 'open'`,
  );
  return rows[0]!.n;
}

async function messagesOwed({ pool }: BenchDatabase): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from u00.usage
     where resource_type = 'messages' and metadata ? 'messageId'`,
  );
  return rows[0]!.n;
}

async function openStreams(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const values = [...text.matchAll(/^squaretable_(?:open_streams|stream_watchers)\{.*?\} (\d+)/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Where the system tells; elsewhere 0. */
function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

async function heapOf({ child }: App): Promise<number> {
  child.send('heap');
  const [bytes] = (await once(child, 'message')) as [number];
  return bytes / MEBIBYTE;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
