import { fork } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { Jobs } from '../jobs.ts';
import { createLog } from '../log.ts';

let database: TestDatabase;
let jobs: Jobs;
const done: number[] = [];
const dead: { data: unknown; error: string }[] = [];
let tries = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  jobs = new Jobs({ databaseUrl: database.url, log: createLog('silent', false) });
  jobs.work<{ n: number }>('count', async ({ n }) => void done.push(n), { concurrency: 2 });
  jobs.work(
    'fail',
    async () => {
      tries += 1;
      throw new Error('no');
    },
    { retryLimit: 0, onDead: async (data, error) => void dead.push({ data, error }) },
  );
  await jobs.start();
});
afterAll(async () => {
  await jobs?.stop();
  await database?.drop();
});

test('a burst of jobs is done at once, none waits for the next poll', async () => {
  const numbers = Array.from({ length: 60 }, (_, n) => n);
  await Promise.all(numbers.map((n) => jobs.send('count', { n })));
  await vi.waitFor(() => expect(done).toHaveLength(60), { timeout: 60_000, interval: 20 });
  expect(done.toSorted((a, b) => a - b)).toEqual(numbers);
});

test('a job is sent exactly when its transaction commits', async () => {
  done.length = 0;
  const { db } = database;
  await db.transaction((tx) => jobs.send('count', { n: 1 }, { tx }));
  await expect(
    db.transaction(async (tx) => {
      await jobs.send('count', { n: 2 }, { tx });
      throw new Error('changed our mind');
    }),
  ).rejects.toThrow('changed our mind');
  await db.transaction((tx) => jobs.send('count', { n: 3 }, { tx }));
  await vi.waitFor(() => expect(done.toSorted()).toEqual([1, 3]), {
    timeout: 60_000,
    interval: 20,
  });
});

test('a job whose tries are used up is handed over once', async () => {
  await jobs.send('fail', { id: 7 });
  await vi.waitFor(() => expect(dead).toEqual([{ data: { id: 7 }, error: 'no' }]), {
    timeout: 60_000,
    interval: 20,
  });
  expect(tries).toBe(1);
});

test.each([
  ['dies', 0],
  ['dies, as eight before it did,', 8],
])(
  '10.20 a periodic task whose process %s is taken over within 60 s',
  async (_case, deaths) => {
    const other = await createTestDatabase();
    const child = fork(path.resolve('tests/support/job-process.main.ts'), [other.url]);
    await new Promise((resolve) => child.once('message', resolve));
    let taken = 0;
    const successor = new Jobs({ databaseUrl: other.url, log: createLog('silent', false) });
    successor.every('lease', '0 0 1 1 *', async () => void (taken += 1));
    await successor.start();
    await other.pool.query(
      `update pgboss.job set retry_count = $1 where name = 'lease' and state = 'active'`,
      [deaths],
    );
    const died = performance.now();
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(taken).toBe(1), { timeout: 60_000, interval: 200 });
    expect(performance.now() - died).toBeLessThan(60_000);
    await successor.stop();
    await other.drop();
  },
  90_000,
);
