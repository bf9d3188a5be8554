import { afterAll, beforeAll, expect, test } from 'vitest';
import { HELD_CONNECTIONS, openDatabase, type Database } from '../../../../../db/client.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { withinRequestTime } from '../../../stripe/client/request-time.ts';
import { HeldConnections } from '../held-connections.ts';

let database: TestDatabase;
let pool: Database;
let held: HeldConnections;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = openDatabase({ url: database.url, max: HELD_CONNECTIONS });
  held = new HeldConnections(pool.db);
});
afterAll(async () => {
  await pool.close();
  await database.drop();
});

/** Somebody who holds a connection until told. */
function hold(asPerson: boolean) {
  let release = () => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  let entered = () => {};
  const isIn = new Promise<void>((resolve) => (entered = resolve));
  const work = () =>
    held.run(async () => {
      entered();
      await until;
    });
  const done = asPerson ? withinRequestTime(work, 600_000) : work();
  return { isIn, release, done };
}

test('10.17 work that nobody waits for finds a connection, however many people hold theirs', async () => {
  const people = Array.from({ length: 20 }, () => hold(true));
  const outcomes = Promise.allSettled(people.map(({ done }) => done));
  await people[4]!.isIn;
  // Three at once beside them: an event, a remedy, the reconciler.
  const work = [hold(false), hold(false), hold(false)];
  await Promise.all(work.map(({ isIn }) => isIn));
  for (const one of [...work, ...people]) one.release();
  await Promise.all(work.map(({ done }) => done));
  await outcomes;
});

test('10.17 people have their turns in order, and a place that is left is the next one’s', async () => {
  const order: number[] = [];
  const people = Array.from({ length: 12 }, (_, n) => {
    const one = hold(true);
    void one.isIn.then(() => order.push(n));
    return one;
  });
  await Promise.all(people.slice(0, 5).map(({ isIn }) => isIn));
  for (let next = 5; next < people.length; next += 1) {
    expect(order).toHaveLength(next);
    people[next - 5]!.release();
    await people[next]!.isIn;
  }
  expect(order.slice(5)).toEqual([5, 6, 7, 8, 9, 10, 11]);
  for (const one of people) one.release();
  await Promise.all(people.map(({ done }) => done));
});

test('10.17 who waits too long is told `busy`, and takes no place with them', async () => {
  const first = Array.from({ length: 5 }, () => hold(true));
  await Promise.all(first.map(({ isIn }) => isIn));
  const late = withinRequestTime(() => held.run(() => Promise.resolve('in')), 50);
  await expect(late).rejects.toMatchObject({ code: 'busy', status: 503, retryAfterSeconds: 5 });
  for (const one of first) one.release();
  await Promise.all(first.map(({ done }) => done));
  const again = Array.from({ length: 5 }, () => hold(true));
  await Promise.all(again.map(({ isIn }) => isIn));
  for (const one of again) one.release();
  await Promise.all(again.map(({ done }) => done));
});

test('a person whose work fails leaves their place', async () => {
  const fail = () => held.run(() => Promise.reject(new Error('no')));
  for (let n = 0; n < 8; n += 1) {
    await expect(withinRequestTime(fail, 600_000)).rejects.toThrow('no');
  }
  const one = hold(true);
  await one.isIn;
  one.release();
  await one.done;
});
