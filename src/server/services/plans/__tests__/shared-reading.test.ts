import { expect, test } from 'vitest';
import { SharedReading } from '../shared-reading.ts';

/** A place that is read, as slowly as the test wants. */
function slowPlace() {
  const reading = new SharedReading<string>();
  const ends: (() => void)[] = [];
  const place = { now: 'old', kept: '' };
  const read = () =>
    reading.share(async (isCurrent) => {
      const found = place.now;
      await new Promise<void>((resolve) => ends.push(resolve));
      if (isCurrent()) place.kept = found;
      return found;
    });
  return { reading, place, ends, read };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('all who ask meanwhile share one reading, and the next who asks has another', async () => {
  const { place, ends, read } = slowPlace();
  const both = [read(), read()];
  await turn();
  expect(ends).toHaveLength(1);
  ends[0]!();
  expect([await Promise.all(both), place.kept]).toEqual([['old', 'old'], 'old']);
  void read();
  await turn();
  expect(ends).toHaveLength(2);
});

test('one that was under way when it was outdated is not kept, whichever ends first', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { reading, place, ends, read } = slowPlace();
    const before = read();
    await turn();
    place.now = 'new';
    reading.outdate();
    const after = read();
    await turn();
    for (const one of order) {
      ends[one]!();
      await turn();
    }
    expect([await before, await after, place.kept]).toEqual(['old', 'new', 'new']);
  }
});

test('one that fails is told to all who share it, and the next who asks has another', async () => {
  const reading = new SharedReading<string>();
  const fail = () => reading.share(() => Promise.reject(new Error('away')));
  const both = [fail(), fail()];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
  ]);
  expect(await reading.share(() => Promise.resolve('there'))).toBe('there');
});
