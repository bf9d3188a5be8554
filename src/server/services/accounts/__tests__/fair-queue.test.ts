import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { FairQueue } from '../fair-queue.ts';
import { hashPassword } from '../password.ts';

const hash = () => hashPassword('correct horse');

test('a crowd leaves worker threads to others, and everybody gets a turn', async () => {
  const queue = new FairQueue();
  const ended: string[] = [];
  const crowd = Array.from({ length: 20 }, () =>
    queue.run('crowd', hash).then(() => ended.push('hash')),
  );
  await stat(import.meta.filename).then(() => ended.push('file'));
  await Promise.all(crowd);
  expect(ended.indexOf('file')).toBeLessThan(4);
  expect(ended).toHaveLength(21);
});

test('a line that is too long is sent away, and the rest still get their turn', async () => {
  const queue = new FairQueue();
  const work = () => Promise.reject(new Error('no'));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 110 }, () => queue.run('crowd', work)),
  );
  const sentAway = outcomes.filter(
    (outcome) => outcome.status === 'rejected' && outcome.reason.code === 'rate_limited',
  );
  expect(sentAway).toHaveLength(110 - 102);
  expect(await queue.run('crowd', () => Promise.resolve(7))).toBe(7);
});

test('10.10 a crowd in one line does not stand before the next line', async () => {
  const queue = new FairQueue();
  const begun: string[] = [];
  const work = (line: string) => () => {
    begun.push(line);
    return hash();
  };
  const crowd = Array.from({ length: 12 }, () => queue.run('crowd', work('crowd')));
  await Promise.all([...crowd, queue.run('home', work('home'))]);
  expect(begun.indexOf('home')).toBeLessThan(4);
});

test('many lines are sent away together when all of them are too long', async () => {
  const queue = new FairQueue();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 2_010 }, (_, n) => queue.run(`line ${n}`, () => Promise.resolve())),
  );
  const busy = outcomes.filter(
    (outcome) => outcome.status === 'rejected' && outcome.reason.code === 'busy',
  );
  expect(busy).toHaveLength(2_010 - 2_002);
});

describe('10.10 a crowd from a thousand addresses', () => {
  function crowdOf(count: number) {
    const queue = new FairQueue();
    const begun: string[] = [];
    const work = (who: string) => async () => {
      begun.push(who);
    };
    const strangers = Array.from({ length: count }, (_, n) =>
      queue.run(`address ${n}`, work('stranger')),
    );
    return { queue, begun, work, strangers };
  }

  test('does not stand before who is known', async () => {
    const { queue, begun, work, strangers } = crowdOf(1_000);
    const known = [1, 2].map((n) => queue.run(`user ${n}`, work(`known ${n}`), 'known'));
    await Promise.all([...strangers, ...known]);
    expect(begun.indexOf('known 1')).toBeLessThan(4);
    expect(begun.indexOf('known 2')).toBeLessThan(6);
    expect(begun).toHaveLength(1_002);
  });

  test('is served all the same while those who are known come and come', async () => {
    const { queue, begun, work, strangers } = crowdOf(20);
    const known = Array.from({ length: 50 }, (_, n) =>
      queue.run(`user ${n}`, work('known'), 'known'),
    );
    await Promise.all([...strangers, ...known]);
    expect(begun.slice(0, 40).filter((who) => who === 'stranger').length).toBeGreaterThan(15);
  });

  test('leaves room for who is known where it leaves none for another stranger', async () => {
    const { queue, work, strangers } = crowdOf(2_002);
    await expect(queue.run('one more', work('stranger'))).rejects.toMatchObject({ code: 'busy' });
    await queue.run('user', work('known'), 'known');
    await Promise.all(strangers);
  });
});
