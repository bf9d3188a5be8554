import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';

/** Moments of the start at which Ctrl-C comes; the long form has 16, spread over eight seconds. */
const MOMENTS = Number(process.env.START_STOP_RUNS ?? 2);
const SPREAD_MS = MOMENTS > 2 ? 8_000 : 2_400;

vi.setConfig({ testTimeout: 60_000 + MOMENTS * 30_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-start-'));
beforeAll(() => ensureClientBuilt(() => undefined), 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start` as a process group of its own, as a terminal makes one. */
function start(dataDir: string) {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, HOME, NODE_COMPILE_CACHE, DATA_DIR: dataDir };
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    env: { ...env, PORT: '0', LOCAL_STRIPE_PORT: '0', LOG_LEVEL: 'warn' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  let logged = '';
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('is ready')) resolve();
    });
  }
  child.stdout.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  const ended = new Promise<number | string>((done) => {
    child.once('close', (code, signal) => done(signal ?? code ?? 'unknown'));
  });
  return {
    ended,
    output: () => output,
    /** What went to stdout. */
    logged: () => logged,
    ready: Promise.race([ready, ended]),
    /** Ctrl-C reaches the whole group; a supervisor's signal the process alone. */
    interrupt: (whom: 'group' | 'process') => {
      process.kill(whom === 'group' ? -child.pid! : child.pid!, 'SIGINT');
    },
  };
}

/** What still runs over the folder. */
function processesOver(dataDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(dataDir) ? [command] : [];
      } catch {
        return [];
      }
    });
}

test(`10.22 Ctrl-C at ${MOMENTS} moments of a start, and at its end, stops all of it`, async () => {
  // The first folder is new each time, the other one is started again and again.
  const again = path.join(folder, 'again');
  for (let n = 0; n < MOMENTS; n += 1) {
    const dataDir = n % 2 === 0 ? path.join(folder, `new-${n}`) : again;
    const product = start(dataDir);
    await new Promise((resolve) => {
      setTimeout(resolve, (SPREAD_MS / MOMENTS) * (n + 0.5));
    });
    product.interrupt(n % 4 < 2 ? 'group' : 'process');
    // Before Node has begun, the system ends it.
    const ended = await product.ended;
    expect([0, 'SIGINT'], product.output()).toContain(ended);
    expect(product.output()).not.toMatch(/error|Error|"level":[456]0/);
    expect(processesOver(dataDir)).toEqual([]);
  }
  const product = start(again);
  await product.ready;
  expect(product.output()).toContain('is ready');
  product.interrupt('group');
  expect(await product.ended).toBe(0);
  expect(product.output()).not.toMatch(/error|Error|"level":[456]0/);
  // 14.10: what people read is not between the lines of the log.
  expect(product.output()).toMatch(/Sign in +demo@example\.com \/ \S+/);
  for (const line of product.logged().trim().split('\n')) expect(line).toMatch(/^(\{.*\})?$/);
  expect(processesOver(again)).toEqual([]);
});
