import { expect, test } from 'vitest';
import { Batcher } from '../../batching/batcher.ts';
import { RoutedQueue } from '../routed-queue.ts';

/** Tenants `a…` are known to be in bucket 0, `b…` in 1; of others that has to be looked up. */
const PLACES: Record<string, number> = { a: 0, b: 1, c: 2 };
const placeOf = (tenantId: string) => PLACES[tenantId[0]!]!;

function queueOf(run: (bucket: number, calls: string[]) => Promise<string[]>) {
  const asked: string[] = [];
  const directory = {
    guess: (tenantId: string) => (tenantId.startsWith('c') ? undefined : placeOf(tenantId)),
    lookUp: (tenantId: string) => {
      asked.push(tenantId);
      return Promise.resolve(placeOf(tenantId));
    },
  };
  const size = { batchesMax: () => 1, callsMax: 100, waitingMax: 4 };
  const queue = new RoutedQueue<string, string>(
    directory,
    (bucket) => new Batcher({ ...size, run: (calls) => run(bucket, calls) }),
  );
  return { queue, asked };
}

const inBucket = (bucket: number, calls: string[]) =>
  Promise.resolve(calls.map((call) => `${call}@${bucket}`));

test('11.2 a call waits in the queue of its tenant’s bucket, looked up where nobody knows it', async () => {
  const { queue, asked } = queueOf(inBucket);
  const answers = await Promise.all(['a1', 'c1', 'b1'].map((call) => queue.submit(call, call)));
  expect(answers).toEqual(['a1@0', 'c1@2', 'b1@1']);
  expect(asked).toEqual(['c1']);
  expect(queue.unanswered).toBe(0);
});

test('11.2 many calls are split by bucket and answered in their order', async () => {
  const { queue } = queueOf(inBucket);
  const calls = ['b1', 'a1', 'c1', 'a2', 'b2'];
  expect(await queue.submitAll(calls, (call) => call)).toEqual([
    ...['b1@1', 'a1@0', 'c1@2', 'a2@0', 'b2@1'],
  ]);
});

test('11.2 a bucket that fails, or for which too many wait, fails its own calls alone', async () => {
  const { queue } = queueOf((bucket, calls) =>
    bucket === 1 ? Promise.reject(new Error('away')) : inBucket(bucket, calls),
  );
  const calls = ['a1', 'b1', 'c1', 'c2', 'c3', 'c4', 'c5'];
  const answers = await queue.submitAll(calls, (call) => call);
  expect(answers[0]).toBe('a1@0');
  expect(answers[1]).toMatchObject({ message: 'away' });
  for (const answer of answers.slice(2)) expect(answer).toMatchObject({ code: 'busy' });
});

test('11.S a server takes two batches at once, and each of its buckets one at least', async () => {
  const begun: number[] = [];
  const most = (bucket: number) =>
    Math.max(1, 2 - queue.runningBeside(bucket, (other) => other < 2));
  const queue: RoutedQueue<string, string> = new RoutedQueue<string, string>(
    { guess: placeOf, lookUp: (tenantId: string) => Promise.resolve(placeOf(tenantId)) },
    (bucket) =>
      new Batcher({
        ...{ batchesMax: () => most(bucket), callsMax: 64, waitingMax: 1_000 },
        // None of them ends.
        run: () => {
          begun.push(bucket);
          return new Promise(() => {});
        },
      }),
  );
  const submit = (letter: string) => {
    for (let n = 0; n < 128; n += 1) void queue.submit(`${letter}${n}`, `${letter}${n}`);
    return new Promise((resolve) => setImmediate(resolve));
  };
  // Bucket 2 is on a server of its own.
  await submit('c');
  expect(begun).toEqual([2, 2]);
  await submit('a');
  expect(begun).toEqual([2, 2, 0, 0]);
  await submit('b');
  expect(begun).toEqual([2, 2, 0, 0, 1]);
});
