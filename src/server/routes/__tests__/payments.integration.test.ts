import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PaymentsPage } from '../../../domain/api.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Writes invoices of one second, in the order given. */
async function invoices(tenantId: string, numbers: readonly string[]) {
  for (const number of numbers) {
    await server.database.pool.query(
      `insert into payments (tenant_id, stripe_invoice_id, stripe_customer_id, number, status, currency, created_at, synced_at)
       values ($1, $2, 'cus_1', $3, 'paid', 'cny', '2027-01-31T00:00:00Z', now())`,
      [tenantId, `in_${tenantId}_${number}`, number],
    );
  }
}

test('9 payments of one second stand in the order of their numbers, over all pages', async () => {
  const { session, call } = await server.signUp();
  const other = await server.signUp();
  const numbers = Array.from(
    { length: 12 },
    (_, n) => `AB12-${String(9_995 + n).padStart(4, '0')}`,
  );
  await invoices(
    session.tenant.id,
    [...numbers].sort(() => -1),
  );
  await invoices(other.session.tenant.id, ['ZZ99-0001']);
  const list = async (limit: number) => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const answer = await call.get<PaymentsPage>(
        `/api/subscription/payments?limit=${limit}${after}`,
      );
      expect(answer.status).toBe(200);
      seen.push(...answer.body.payments.map((one) => one.number ?? ''));
      cursor = answer.body.nextCursor;
    }
    return seen;
  };
  const newestFirst = [...numbers].reverse();
  for (const limit of [1, 5, 12, 20]) expect(await list(limit)).toEqual(newestFirst);
});

test('nothing comes after a payment that is somebody else’s', async () => {
  const mine = await server.signUp();
  const theirs = await server.signUp();
  await invoices(mine.session.tenant.id, ['MM00-0001']);
  await invoices(theirs.session.tenant.id, ['TT00-0001', 'TT00-0002']);
  const page = await theirs.call.get<PaymentsPage>('/api/subscription/payments?limit=1');
  const { nextCursor } = page.body;
  expect(nextCursor).toEqual(expect.any(String));
  const answer = await mine.call.get<PaymentsPage>(
    `/api/subscription/payments?cursor=${nextCursor}`,
  );
  expect(answer).toMatchObject({ status: 200, body: { payments: [], nextCursor: null } });
});
