import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import { MembershipCache } from '../membership-cache.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** An owner, and what a process believes of them, at a time that is told. */
async function believing() {
  const tenantId = await meteredTenant(database.pool);
  const { rows } = await database.pool.query<{ id: string }>(
    'select user_id as id from memberships where tenant_id = $1',
    [tenantId],
  );
  const who = { tenantId, userId: rows[0]!.id };
  let elapsedMs = 1_000;
  const memberships = new MembershipCache({ db: database.db, elapsedMs: () => elapsedMs });
  expect(await memberships.get(who)).toMatchObject({ role: 'owner', hasSeat: true });
  const set = (text: string) =>
    database.pool.query(`${text} where tenant_id = '${tenantId}' and user_id = '${who.userId}'`);
  return { who, memberships, set, after: (ms: number) => (elapsedMs += ms) };
}

test('13 a removal in another process is believed after half a minute', async () => {
  const { who, memberships, set, after } = await believing();
  await set('delete from memberships');
  after(29_999);
  expect(await memberships.get(who)).toMatchObject({ role: 'owner' });
  after(1);
  await expect(memberships.get(who)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('13 where money moves a removal, and another role, are believed at once, and from then on', async () => {
  const { who, memberships, set } = await believing();
  await set(`update memberships set role = 'member', has_seat = false`);
  expect(await memberships.getNow(who)).toMatchObject({ role: 'member', hasSeat: false });
  expect(await memberships.get(who)).toMatchObject({ role: 'member', hasSeat: false });
  await set('delete from memberships');
  await expect(memberships.getNow(who)).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(memberships.get(who)).rejects.toMatchObject({ code: 'unauthenticated' });
});
