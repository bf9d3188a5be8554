import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { lockCustomer } from '../../../db/repositories/billing/lock.repository.ts';
import { createApp } from '../../app.ts';
import { withinRequestTime } from '../../services/stripe/client/request-time.ts';

let server: TestServer;
let token: string;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server?.stop());
beforeEach(async () => {
  const { session } = await server.signUp();
  token = session.accessToken;
  await server.database.pool.query(
    `update tenants set stripe_customer_id = 'cus_' || id where id = $1`,
    [session.tenant.id],
  );
});

/** The route as a person calls it, with less patience than twelve seconds. */
async function sync(milliseconds: number) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await withinRequestTime(
    () => createApp(server.context).request('/api/subscription/sync', { method: 'POST', headers }),
    milliseconds,
  );
  const { code, error } = (await response.json()) as { code: string; error: string };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), code, error };
}

const BUSY = {
  status: 503,
  retryAfter: '5',
  code: 'busy',
  error: expect.stringContaining('Another change of this subscription is under way'),
};

/** Holds the customer's lock in another session, as another process does. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const { db, pool } = server.database;
  const { rows } = await pool.query<{ id: string }>(
    'select stripe_customer_id as id from tenants order by created_at desc limit 1',
  );
  return db.transaction(async (tx) => {
    await lockCustomer(tx, rows[0]!.id);
    return work();
  });
}

test('10.17 a sync whose lock another process has says `busy`, and goes on when it is free', async () => {
  expect(await whileLocked(() => sync(300))).toEqual(BUSY);
  // The lock is had; it is Stripe that is not there now.
  expect(await sync(30_000)).toMatchObject({ status: 503, code: 'stripe_unavailable' });
});

test('10.17 who waits for a sync of the same process is told the same', async () => {
  await whileLocked(async () => {
    const first = sync(2_000);
    expect(await sync(300)).toEqual(BUSY);
    expect(await first).toEqual(BUSY);
  });
});
