import { expect, test } from 'vitest';
import { Turns } from '../keyed-queue.ts';

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
  const turns = new Turns();
  const log: string[] = [];
  const [a, b, other] = [work(log, 'a'), work(log, 'b'), work(log, 'other')];
  const results = [turns.run('k', a.run), turns.run('k', b.run), turns.run('l', other.run)];
  other.end();
  expect(await results[2]).toBe('other');
  expect(log).toEqual(['a begins', 'other begins', 'other ends']);
  b.end();
  a.end();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'other']);
  expect(log.slice(3)).toEqual(['a ends', 'b begins', 'b ends']);
  expect(turns.isTaken('k')).toBe(false);
});

test('who fails makes room for the next', async () => {
  const turns = new Turns();
  const [a, b] = [work([], 'a'), work([], 'b')];
  const first = turns.run('k', a.run);
  const second = turns.run('k', b.run);
  a.fail();
  b.end();
  await expect(first).rejects.toThrow('a');
  expect(await second).toBe('b');
});

test('the queue is bounded', async () => {
  const turns = new Turns(2);
  const a = work([], 'a');
  const taken = [1, 2, 3].map(() => turns.run('k', a.run));
  await expect(turns.run('k', a.run)).rejects.toMatchObject({ code: 'busy' });
  a.end();
  await Promise.all(taken);
  expect(await turns.run('k', async () => 'again')).toBe('again');
});

test('10.22 who waits too long is told, does nothing later, and holds nobody up', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const first = turns.run('k', a.run);
  await expect(turns.run('k', b.run, 5)).rejects.toMatchObject({ code: 'busy', status: 503 });
  const third = turns.run('k', c.run, 60_000);
  a.end();
  b.end();
  c.end();
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
  expect(turns.isTaken('k')).toBe(false);
});
