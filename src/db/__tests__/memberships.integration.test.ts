import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const rows = async <T extends object>(text: string, values: unknown[] = []) =>
  (await database.pool.query<T>(text, values)).rows;

async function tenant(plan = 'free'): Promise<string> {
  const text = `insert into tenants (name, plan) values ('T', $1) returning id`;
  return (await rows<{ id: string }>(text, [plan]))[0]!.id;
}

let people = 0;
async function person(tenantId: string, role = 'member'): Promise<string> {
  const text = `insert into users (tenant_id, email, password_hash, display_name, role)
    values ($1, $2, 'none', 'P', $3) returning id`;
  const email = `p${(people += 1)}@example.com`;
  return (await rows<{ id: string }>(text, [tenantId, email, role]))[0]!.id;
}

const membershipsOf = (userId: string) =>
  rows('select tenant_id as tenant, role from memberships where user_id = $1 order by joined_at', [
    userId,
  ]);
const homeOf = (userId: string) =>
  rows('select tenant_id as tenant, role from users where id = $1', [userId]);

test('13 what the version before writes of a user is their membership', async () => {
  const [first, second] = [await tenant(), await tenant()];
  const id = await person(first, 'owner');
  expect(await membershipsOf(id)).toEqual([{ tenant: first, role: 'owner' }]);
  await rows(`update users set role = 'admin' where id = $1`, [id]);
  expect(await membershipsOf(id)).toEqual([{ tenant: first, role: 'admin' }]);
  await rows(`update users set tenant_id = $2, role = 'member' where id = $1`, [id, second]);
  expect(await membershipsOf(id)).toEqual([{ tenant: second, role: 'member' }]);
});

test('13 what becomes of a membership is what the version before reads of the user', async () => {
  const [first, second] = [await tenant(), await tenant()];
  const id = await person(first, 'owner');
  await rows(
    `insert into memberships (tenant_id, user_id, role, joined_at) values ($1, $2, 'member', now())`,
    [second, id],
  );
  expect(await homeOf(id)).toEqual([{ tenant: first, role: 'owner' }]);
  await rows(`update memberships set role = 'admin' where tenant_id = $1`, [first]);
  expect(await homeOf(id)).toEqual([{ tenant: first, role: 'admin' }]);
  await rows('delete from memberships where tenant_id = $1', [first]);
  expect(await homeOf(id)).toEqual([{ tenant: second, role: 'member' }]);
  await rows('delete from users where id = $1', [id]);
  expect(await membershipsOf(id)).toEqual([]);
});

test('13 who is there when seats come keeps theirs until the plan changes; then the first stay', async () => {
  const team = await tenant('pro');
  const ids = [await person(team), await person(team, 'owner'), await person(team, 'admin')];
  const seated = async () => {
    const text = 'select user_id as id from memberships where tenant_id = $1 and has_seat';
    return (await rows<{ id: string }>(text, [team])).map(({ id }) => id).sort();
  };
  await rows('update tenants set entitlement_version = entitlement_version + 1 where id = $1', [
    team,
  ]);
  await rows('update tenants set plan_version = 1 where id = $1', [team]);
  expect(await seated()).toEqual([...ids].sort());
  await rows(`update tenants set plan = 'free' where id = $1`, [team]);
  expect(await seated()).toEqual([ids[1]]);
  const noted = await rows(
    `select action, subject_id as who from audit_log where tenant_id = $1 order by id`,
    [team],
  );
  expect(noted).toHaveLength(2);
  await rows(`update tenants set plan = 'team' where id = $1`, [team]);
  expect(await seated()).toEqual([...ids].sort());
});

test('13 a process of the version before publishes with the seats of the version before it', async () => {
  const text = `insert into plan_versions (plan, version, name, features, limits, published_at)
    select plan, 2, name, features, limits, now() from plan_versions where plan = 'team'
    returning seats`;
  expect(await rows(text)).toEqual([{ seats: 10 }]);
});
