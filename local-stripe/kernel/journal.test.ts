import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import { frozenClock } from './clock.ts';
import { changeChaos } from './settings.ts';

let dataDir: string;
const file = () => join(dataDir, 'local-stripe.ndjson');
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'local-stripe-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

async function session<T>(
  work: (stripe: Stripe, advance: (s: number) => Promise<number>) => Promise<T>,
) {
  const local = await startLocalStripe({ port: 0, dataDir });
  const stripe = new Stripe('sk_test_j', { host: '127.0.0.1', port: local.port, protocol: 'http' });
  try {
    return await work(stripe, (seconds) => local.advanceTo(local.kernel.now() + seconds));
  } finally {
    await local.close();
  }
}

test('everything is there after a restart: objects, their order, events, keys, and the time', async () => {
  const before = await session(async (stripe, advance) => {
    const first = await stripe.customers.create({ name: 'First' });
    await stripe.customers.create({ name: 'Second' });
    await stripe.customers.update(first.id, { name: 'Changed' });
    const now = await advance(40 * 86_400);
    const keyed = await stripe.customers.create({ name: 'Keyed' }, { idempotencyKey: 'k' });
    return { first, keyed, now };
  });
  await session(async (stripe) => {
    const { data } = await stripe.customers.list();
    expect(data.map(({ name }) => name)).toEqual(['Keyed', 'Second', 'Changed']);
    const replayed = await stripe.customers.create({ name: 'Keyed' }, { idempotencyKey: 'k' });
    expect(replayed.id).toBe(before.keyed.id);
    const next = await stripe.customers.create({ name: 'Next' });
    expect(next.created).toBeGreaterThanOrEqual(before.now);
  });
});

test('a line that a kill cut short never happened', async () => {
  await session((stripe) => stripe.customers.create({ name: 'Whole' }));
  const whole = readFileSync(file(), 'utf8');
  appendFileSync(file(), whole.trimEnd().split('\n').at(-1)!.slice(0, -20));
  await session(async (stripe) => {
    expect((await stripe.customers.list()).data.map(({ name }) => name)).toEqual(['Whole']);
    await stripe.customers.create({ name: 'Next' });
  });
  await session(async (stripe) => expect((await stripe.customers.list()).data).toHaveLength(2));
});

test('damage in the middle is told in a sentence, and the folder stays as it is', async () => {
  await session(async (stripe) => {
    await stripe.customers.create({});
    await stripe.customers.create({});
  });
  const [first, ...rest] = readFileSync(file(), 'utf8').split('\n');
  writeFileSync(file(), [first!.slice(5), ...rest].join('\n'));
  await expect(startLocalStripe({ port: 0, dataDir })).rejects.toThrow(/damaged in line 1/);
});

test('two processes cannot write one state', async () => {
  await session(async () => {
    await expect(startLocalStripe({ port: 0, dataDir })).rejects.toThrow(/in use/);
  });
  await session((stripe) => stripe.customers.list());
});

test('a port that is taken is told in a sentence, and nothing is left behind', async () => {
  const local = await startLocalStripe({ port: 0 });
  await expect(startLocalStripe({ port: local.port, dataDir })).rejects.toThrow(/is taken/);
  await local.close();
  await session((stripe) => stripe.customers.list());
});

test('a start makes no ids of its own, also where a test clock was advancing', async () => {
  const frozen_time = 1_800_000_000;
  const startAgain = () =>
    startLocalStripe({ port: 0, dataDir, clock: frozenClock(new Date(frozen_time * 1000)) });
  const first = await startAgain();
  const clock = first.kernel.run((ctx) =>
    ctx.store.put('test_helpers.test_clock', {
      id: ctx.newId('clock'),
      object: 'test_helpers.test_clock',
      created: frozen_time,
      deletes_after: frozen_time + 86_400,
      frozen_time,
      livemode: false,
      name: null,
      status: 'advancing',
      status_details: { advancing: { target_frozen_time: frozen_time + 60 } },
    }),
  );
  const { sequence } = first.kernel;
  await first.close();
  const again = await startAgain();
  await again.settled();
  expect(again.kernel.store.get('test_helpers.test_clock', clock.id).status).toBe('ready');
  // One for the event that tells it is ready.
  expect(again.kernel.sequence).toBe(sequence + 1);
  await again.close();
});

test('a test clock that was advancing when the process stopped goes on after the start', async () => {
  const start = await startLocalStripe({ port: 0, dataDir });
  const stripe = new Stripe('sk_test_j', { host: '127.0.0.1', port: start.port, protocol: 'http' });
  const frozen = 1_800_000_000;
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: frozen });
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: frozen + 86_400 });
  await start.close();
  const again = await startLocalStripe({ port: 0, dataDir });
  await again.settled();
  expect(again.kernel.store.get('test_helpers.test_clock', clock.id)).toMatchObject({
    status: 'ready',
    frozen_time: frozen + 86_400,
  });
  await again.close();
});

test('what is asked after the end is refused, and written nowhere', async () => {
  const ended = await startLocalStripe({ port: 0, dataDir });
  await ended.close();
  const before = readFileSync(file(), 'utf8');
  // The next file that is opened has the number of the one that was closed.
  const other = join(dataDir, 'another file');
  const number = openSync(other, 'w');
  const late = () => ended.kernel.run(({ store }) => changeChaos(store, { drop: 1 }));
  expect(late).toThrow(/cannot write its state .*\(closed\)/);
  closeSync(number);
  expect(readFileSync(other, 'utf8')).toBe('');
  expect(readFileSync(file(), 'utf8')).toBe(before);
});
