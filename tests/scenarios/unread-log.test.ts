import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { openPipe } from '../support/pipe.ts';

/** A line of the log each, of some 8,200 bytes: twice what the product keeps for a reader. */
const REQUESTS = 1_000;
const LONG_PATH = `/api/${'x'.repeat(8_000)}`;
const AT_ONCE = 20;

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-unread-'));
beforeAll(() => ensureClientBuilt(() => undefined), 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start` with a log and a terminal that are one pipe. */
async function startInto(fd: number) {
  const port = await freePort();
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    env: {
      ...{ PATH, HOME, NODE_COMPILE_CACHE, DATA_DIR: folder },
      ...{ PORT: String(port), LOCAL_STRIPE_PORT: '0', LOG_LEVEL: 'debug' },
    },
    stdio: ['ignore', fd, fd],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 120_000);
  return { url, ended, interrupt: () => void child.kill('SIGINT') };
}

async function ask(url: string): Promise<void> {
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => fetch(`${url}${LONG_PATH}`)),
    );
    for (const answer of answers) expect(answer.status).toBe(404);
    await Promise.all(answers.map((answer) => answer.text()));
  }
}

const DROPPED = 'lines were dropped, for nobody read the log';

test('nobody reads the log: everything is answered, Ctrl-C ends the process, and a reader who comes is told', async () => {
  const pipe = openPipe();
  const { url, ended, interrupt } = await startInto(pipe.fd);

  await ask(url);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  await vi.waitFor(() => expect(pipe.read()).toContain(DROPPED), 60_000);
  const lines = pipe.read().split('\n');
  const told = JSON.parse(lines.find((line) => line.includes(DROPPED))!) as { lines: number };
  const requests = lines.filter((line) => line.includes(LONG_PATH)).length;
  expect(told.lines).toBeGreaterThanOrEqual(REQUESTS - requests);
  expect(told.lines).toBeLessThan(REQUESTS);

  // And full again, for its end.
  await ask(url);
  interrupt();
  expect(await ended).toBe(0);
});
