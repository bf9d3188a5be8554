import pg from 'pg';
import { expect, test } from 'vitest';
import { BucketNodes } from '../../../../../db/buckets/nodes.ts';
import { UsageRouter } from '../router.ts';

test.each([
  { beside: 0, most: 2 },
  { beside: 1, most: 1 },
  { beside: 5, most: 1 },
])('11.S with $beside batches of others on its server a bucket takes $most', ({ beside, most }) => {
  const pool = new pg.Pool();
  const buckets = new BucketNodes({ main: pool, open: () => pool });
  const router = new UsageRouter({ database: { pool, buckets } as never });
  const runningOn = (isThere: (other: number) => boolean) => (isThere(3) ? beside : Number.NaN);
  expect(router.batchesMax(0, 2, runningOn)).toBe(most);
});
