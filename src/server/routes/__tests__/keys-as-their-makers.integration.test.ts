import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiKeyCreated, CharacterView } from '../../../domain/api.ts';
import type { UsageBreakdown } from '../../../domain/billing/usage/breakdown.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

/*
 * A program is no other person than who made its key: what somebody may not do on the pages, their key
 * may not do either, and what their key made is theirs.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Person {
  id: string;
  self: Caller;
  key: Caller;
}

async function withKey(id: string, self: Caller, scopes?: string[]): Promise<Person> {
  const made = await self.post<ApiKeyCreated>('/api/api-keys', { name: 'program', scopes });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return { id, self, key: caller(server.url, made.body.key) };
}

/** An owner and two members of one team, each with a key. */
async function team(scopes?: string[]) {
  const { session, call } = await server.signUp();
  const { tenantId } = session.user;
  await putOnPlan(server.database, tenantId, 'team');
  const join = async () => {
    const { session: own } = await server.signUp();
    await server.database.pool.query(
      `update users set tenant_id = $1, role = 'member' where id = $2`,
      [tenantId, own.user.id],
    );
    const again = await caller(server.url).post<{ accessToken: string }>('/api/auth/login', {
      email: own.user.email,
      password: 'correct horse',
    });
    return withKey(own.user.id, caller(server.url, again.body.accessToken), scopes);
  };
  const owner = await withKey(session.user.id, call, scopes);
  return { tenantId, owner, mia: await join(), ben: await join() };
}

const sheet = { name: 'Captain', description: '', greeting: 'Ahoy' };
async function make(by: Caller): Promise<CharacterView> {
  const made = await by.post<CharacterView>('/api/characters', sheet);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body;
}
const rename = async (by: Caller, { id }: CharacterView) =>
  (await by.patch(`/api/characters/${id}`, { name: 'Renamed' })).status;

describe('10.15 who changes a character', () => {
  test.each(['self', 'key'] as const)('that Mia made by %s', async (made) => {
    const { owner, mia, ben } = await team();
    const character = await make(mia[made]);
    for (const by of ['self', 'key'] as const) {
      expect([by, await rename(ben[by], character)]).toEqual([by, 403]);
      expect([by, await rename(mia[by], character)]).toEqual([by, 200]);
      expect([by, await rename(owner[by], character)]).toEqual([by, 200]);
    }
    const path = `/api/characters/${character.id}`;
    expect((await ben.key.delete(path)).status).toBe(403);
    expect((await mia.self.delete(path)).status).toBe(204);
  });

  test('that an owner made by key: no member, by key or not', async () => {
    const { owner, mia } = await team();
    const character = await make(owner.key);
    expect(await rename(mia.self, character)).toBe(403);
    expect(await rename(mia.key, character)).toBe(403);
  });

  test('whose maker is gone: those in charge alone', async () => {
    const { owner, mia, ben } = await team();
    const character = await make(ben.self);
    await server.database.pool.query('update characters set created_by = null where id = $1', [
      character.id,
    ]);
    expect(await rename(mia.key, character)).toBe(403);
    expect(await rename(owner.key, character)).toBe(200);
  });

  test('by the key of an owner who is one no more: as a member', async () => {
    const { tenantId, owner, mia } = await team();
    const [theirs, own] = [await make(mia.self), await make(owner.key)];
    await server.database.pool.query(
      `update users set role = 'member' where tenant_id = $1 and id = $2`,
      [tenantId, owner.id],
    );
    expect(await rename(owner.key, theirs)).toBe(403);
    expect(await rename(owner.key, own)).toBe(200);
  });
});

test('10.14 a key reads the use of members as its maker does', async () => {
  const { owner, mia } = await team(['usage:read']);
  const read = async (by: Caller) =>
    (await by.get<UsageBreakdown>('/api/subscription/usage/breakdown?by=member')).body;
  const names = ({ parts, othersTogether }: UsageBreakdown) => ({
    ids: parts.flatMap(({ id }) => id ?? []).sort(),
    othersTogether,
  });
  // Each look counts one call of who made the key.
  await read(mia.key);
  await read(owner.key);
  expect(names(await read(mia.key))).toEqual({ ids: [mia.id], othersTogether: true });
  expect(names(await read(owner.key))).toEqual({
    ids: [owner.id, mia.id].sort(),
    othersTogether: false,
  });
  expect(names(await read(owner.self))).toEqual(names(await read(owner.key)));
  expect(names(await read(mia.self))).toEqual(names(await read(mia.key)));
});
