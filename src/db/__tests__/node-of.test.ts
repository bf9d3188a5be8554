import { expect, onTestFinished, test } from 'vitest';
import { readUnreached } from '../../../scripts/operator/unreached.ts';
import { openDatabase } from '../client.ts';
import { nodeOf } from '../database-error.ts';

test('11.2 an error of a server of buckets is known as that server’s, however it was asked', async () => {
  const database = openDatabase({ url: 'postgres://user:password@127.0.0.1:1/name' });
  onTestFinished(() => database.close());
  const there = database.buckets.pool('127.0.0.1:2');
  const failures = await Promise.allSettled([
    there.query('select 1'),
    there.connect(),
    database.pool.query('select 1'),
  ]);
  const errors = failures.map((one) => (one as PromiseRejectedResult).reason as Error);
  expect(errors.map(nodeOf)).toEqual(['127.0.0.1:2', '127.0.0.1:2', undefined]);

  const told = readUnreached(new Error('Usage cannot be recorded.', { cause: errors[0] }));
  expect(told).toMatchObject({
    isSetting: false,
    sentence: expect.stringContaining('127.0.0.1:2'),
  });
  expect(readUnreached(errors[2])?.sentence).toContain('DATABASE_URL');
});
