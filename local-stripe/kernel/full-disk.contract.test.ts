import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dataDir: string;
let running: ChildProcess | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'local-stripe-'));
});
afterEach(() => {
  running?.kill('SIGKILL');
  rmSync(dataDir, { recursive: true });
});

/** The program, whose files may have so many blocks of 512 bytes: then its disk is full. */
async function start(blocks: number | 'unlimited') {
  const main = join(import.meta.dirname, '..', 'main.ts');
  const args = ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, main];
  const child = spawn('/bin/sh', args, {
    env: { ...process.env, NODE_ENV: 'test', DATA_DIR: dataDir, LOCAL_STRIPE_PORT: '0' },
  });
  running = child;
  let said = '';
  const port = await new Promise<number>((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += text.toString();
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', () => reject(new Error(said)));
  });
  const options = { host: '127.0.0.1', port, protocol: 'http' as const, maxNetworkRetries: 0 };
  return { child, port, stripe: new Stripe('sk_test_f', options), said: () => said };
}

async function stop(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return ended;
}

test('10.22 with its disk full it refuses what it cannot keep, answers what it has, and goes on later', async () => {
  const { child, port, stripe, said } = await start(96);
  // Somebody to be told, who is not there, and something that falls due.
  await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'] });
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 });
  const checkout = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'eur',
    success_url: 'http://127.0.0.1:9/',
  });
  const made: string[] = [];
  let refusal: unknown;
  while (refusal === undefined) {
    await stripe.customers.create({ name: `Customer ${made.length}` }).then(
      ({ id }) => made.push(id),
      (error: unknown) => (refusal = error),
    );
  }
  expect(refusal).toMatchObject({
    statusCode: 503,
    code: 'state_not_written',
    message: expect.stringMatching(
      /cannot write its state to .*local-stripe\.ndjson \(EFBIG\): make/,
    ),
  });
  expect(made.length).toBeGreaterThan(3);
  const names = async (from: Stripe) =>
    (await from.customers.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 })).map(
      ({ id }) => id,
    );
  expect((await names(stripe)).reverse()).toEqual(made);
  await expect(
    stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1_800_086_400 }),
  ).rejects.toMatchObject({ statusCode: 503 });
  const ask = async (path: string, body?: string | URLSearchParams) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      redirect: 'manual',
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const page = `/c/pay/${checkout.id}`;
  expect(await ask(page)).toMatch(/^200 /);
  const card = {
    number: '4242424242424242',
    expiry: '12 / 30',
    cvc: '123',
    email: 'a@example.com',
  };
  expect(await ask(page, new URLSearchParams(card))).toMatch(/^503 .*cannot write its state/s);
  expect(
    await ask(`/_control/checkout_sessions/${checkout.id}/complete`, '{"card":"pm_card_visa"}'),
  ).toMatch(/^503 .*"state_not_written"/);
  expect(await ask('/_control/clock', '{"advanceSeconds":86400}')).toMatch(
    /^503 .*cannot write its state|"now":/,
  );
  expect(child.exitCode).toBeNull();
  // Told when it begins, not with each try (a shorter line may fit in between).
  expect(said().match(/make room there/g)!.length).toBeLessThan(8);
  expect(await stop(child)).toBe(0);
  // No half line stays: the file is what was answered.
  expect(readFileSync(join(dataDir, 'local-stripe.ndjson'), 'utf8').endsWith('\n')).toBe(true);

  const next = await start('unlimited');
  expect((await names(next.stripe)).reverse()).toEqual(made);
  const more = await next.stripe.customers.create({ name: 'With room' });
  expect((await names(next.stripe))[0]).toBe(more.id);
});
