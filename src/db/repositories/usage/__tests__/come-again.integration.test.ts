import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../domain/period.ts';
import { admitAll } from '../admission/admit-all.ts';
import { bucketOf } from '../bucket.ts';
import { settleAll } from '../settle-all.ts';

const now = new Date('2026-05-10T12:00:00Z');
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 4 });
  // As where the bucket comes to the worker after a statement began: what is asked for has no rows, once.
  await database.pool.query(`create sequence writes;
    create function gone() returns trigger language plpgsql as $$
    begin
      if nextval('public.writes') = 1 then raise no_data_found; end if;
      return new;
    end $$;
    create trigger gone before update on u00.usage_totals for each row execute function gone()`);
});
afterAll(() => database.drop());

const onWorker = () => bucketOf(database.pool, 0, { byCitus: true });
const anew = () => database.pool.query('alter sequence writes restart');

async function used(tenantId: string) {
  const { rows } = await database.pool.query<{ used: number; held: number }>(
    'select used::int, held::int from u00.usage_totals where tenant_id = $1 and used + held > 0',
    [tenantId],
  );
  return rows;
}

const admit = (tenantId: string, reservationId: string | null, bucket = onWorker()) =>
  admitAll(bucket, {
    ...{ period: periodOf(now), occurredAt: now, now },
    calls: [
      {
        ...{ tenantId, resourceType: 'images' as const, amount: 1, enforce: true, key: null },
        ...{ fingerprint: 0, metadata: null, reservationId },
        expiresAt: reservationId === null ? null : new Date(now.getTime() + 60_000),
      },
    ],
  });

test('11.3 what a bucket admits or settles while it comes to a worker is done again, and counted once', async () => {
  const tenantId = await tenantInBucket(database.pool, 0);
  await anew();
  expect(await admit(tenantId, null)).toMatchObject([{ outcome: 'accepted' }]);
  const reservationId = crypto.randomUUID();
  await admit(tenantId, reservationId);
  expect(await used(tenantId)).toEqual([{ used: 1, held: 1 }]);
  await anew();
  const call = { tenantId, reservationId, amount: 1, metadata: null };
  expect(await settleAll(onWorker(), now, [call])).toMatchObject([{ outcome: 'done', used: 2 }]);
  expect(await used(tenantId)).toEqual([{ used: 2, held: 0 }]);
});

test('11.3 anywhere else it is a fault, and told as one', async () => {
  const tenantId = await tenantInBucket(database.pool, 0);
  await anew();
  const here = bucketOf(database.pool);
  await expect(admit(tenantId, crypto.randomUUID(), here)).rejects.toMatchObject({ code: 'P0002' });
});
