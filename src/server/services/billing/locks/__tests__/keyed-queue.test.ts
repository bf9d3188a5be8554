import { expect, test } from 'vitest';
import { KeyedQueue } from '../keyed-queue.ts';

/** Work that ends when it is told to. */
function work(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = async () => {
    log.push(`${name} begins`);
    const result = await promise;
    log.push(`${name} ends`);
    return result;
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

test('one key, one at a time, in order; another key does not wait', async () => {
  const queue = new KeyedQueue();
  const log: string[] = [];
  const [a, b, other] = [work(log, 'a'), work(log, 'b'), work(log, 'other')];
  const results = [queue.run('k', a.run), queue.run('k', b.run), queue.run('l', other.run)];
  other.end();
  expect(await results[2]).toBe('other');
  expect(log).toEqual(['a begins', 'other begins', 'other ends']);
  b.end();
  a.end();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'other']);
  expect(log.slice(3)).toEqual(['a ends', 'b begins', 'b ends']);
  expect(queue.isBusy('k')).toBe(false);
});

test('who fails makes room for the next', async () => {
  const queue = new KeyedQueue();
  const [a, b] = [work([], 'a'), work([], 'b')];
  const first = queue.run('k', a.run);
  const second = queue.run('k', b.run);
  a.fail();
  b.end();
  await expect(first).rejects.toThrow('a');
  expect(await second).toBe('b');
});

test('the queue is bounded', async () => {
  const queue = new KeyedQueue(2);
  const a = work([], 'a');
  const taken = [1, 2, 3].map(() => queue.run('k', a.run));
  await expect(queue.run('k', a.run)).rejects.toMatchObject({ code: 'busy' });
  a.end();
  await Promise.all(taken);
  expect(await queue.run('k', async () => 'again')).toBe('again');
});

test('10.22 who waits too long is told, does nothing later, and holds nobody up', async () => {
  const queue = new KeyedQueue();
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const first = queue.run('k', a.run);
  await expect(queue.run('k', b.run, 5)).rejects.toMatchObject({ code: 'busy', status: 503 });
  const third = queue.run('k', c.run, 60_000);
  a.end();
  b.end();
  c.end();
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
  expect(queue.isBusy('k')).toBe(false);
});
