import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dataDir: string;
let running: ChildProcess | null = null;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'local-stripe-'));
});
afterEach(() => {
  running?.kill('SIGKILL');
  rmSync(dataDir, { recursive: true });
});

/** The program itself, on a free port. */
async function start(env: Record<string, string> = {}) {
  const main = join(import.meta.dirname, '..', 'main.ts');
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, NODE_ENV: 'test', DATA_DIR: dataDir, LOCAL_STRIPE_PORT: '0', ...env },
  });
  running = child;
  let said = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const url = () => /http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
  for (let i = 0; i < 400 && url() === null && child.exitCode === null; i += 1) await wait(25);
  const port = Number(url()?.[1] ?? 0);
  const stripe = new Stripe('sk_test_k', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
  });
  return { child, ended, port, stripe, said: () => said };
}

test('what was answered is there after a kill in the middle of writing', async () => {
  const names = new Set<string>();
  for (let round = 0; round < 3; round += 1) {
    const { child, ended, stripe } = await start();
    const writing = (async () => {
      for (let n = 0; ; n += 1) {
        const customer = await stripe.customers.create({ name: `${round}-${n}` });
        names.add(customer.name!);
      }
    })().catch(() => 'killed');
    await wait(300 + 100 * round);
    child.kill('SIGKILL');
    await Promise.all([ended, writing]);
  }
  const { child, ended, stripe } = await start();
  const found = await stripe.customers.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  const there = new Set(found.map(({ name }) => name));
  expect([...names].filter((name) => !there.has(name))).toEqual([]);
  expect(names.size).toBeGreaterThan(10);
  // At most the one request of each round that was not answered any more.
  expect(found.length).toBeLessThanOrEqual(names.size + 3);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test.each([
  ['production', { NODE_ENV: 'production' }, /does not run with NODE_ENV=production/],
  ['a port that is none', { LOCAL_STRIPE_PORT: 'many' }, /LOCAL_STRIPE_PORT is many/],
  ['a folder that is a file', { DATA_DIR: import.meta.filename }, /DATA_DIR/],
])('%s is refused in one sentence', async (_name, env, sentence) => {
  const { ended, said } = await start(env);
  expect(await ended).toBe(1);
  expect(said()).toMatch(sentence);
  expect(said().trim().split('\n')).toHaveLength(1);
});
