import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiKeyCreated, ApiKeyView, CharactersView } from '../../../domain/api.ts';
import { caller } from '../../../../tests/support/http.ts';
import { countersOf, putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function tenantOnPro() {
  const { session, call } = await server.signUp();
  const { id } = session.tenant;
  await putOnPlan(server.database.pool, id, 'pro');
  const make = () => call.post<ApiKeyCreated>('/api/api-keys', { name: 'bot' });
  await expect.poll(async () => (await make()).status).toBe(201);
  const created = (await make()).body;
  return {
    id,
    call,
    created,
    byKey: caller(server.url, created.key),
    calls: async () => (await countersOf(server.database.pool, id)).api_calls,
  };
}

test('a plan without API calls has no keys, and is told which plans do', async () => {
  const { call } = await server.signUp();
  const refused = await call.post('/api/api-keys', { name: 'bot' });
  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({
    error: 'Upgrade required',
    code: 'upgrade_required',
    details: { feature: 'api_calls', plans: ['pro', 'team'] },
  });
  expect((await call.get('/api/api-keys')).body).toEqual({ apiKeys: [] });
});

test('a key is shown once and only its hash is kept', async () => {
  const { call, created } = await tenantOnPro();
  expect(created).toEqual({
    id: expect.any(String),
    name: 'bot',
    key: expect.stringMatching(/^sqk_[\w-]{43}$/),
    prefix: created.key.slice(0, 10),
    createdAt: expect.any(String),
    lastUsedAt: null,
  });
  const { key, ...view } = created;
  const listed = await call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
  expect(listed.body.apiKeys[0]).toEqual(view);
  const { rows } = await server.database.pool.query<{ row: string }>(
    'select api_keys::text as row from api_keys where id = $1',
    [created.id],
  );
  expect(rows[0]?.row).not.toContain(key);
});

describe('a request with a key', () => {
  test('counts one call, and is noted on the key', async () => {
    const { call, byKey, calls } = await tenantOnPro();
    const listed = await byKey.get<CharactersView>('/api/characters');
    expect(listed.status).toBe(200);
    expect((await byKey.post('/api/images', { prompt: 'a sea' })).status).toBe(200);
    expect((await byKey.post('/api/chat', { message: 'Hi' })).status).toBe(200);
    expect((await byKey.get('/api/chat/models')).status).toBe(200);
    expect(await calls()).toEqual({ used: 4, held: 0 });
    const { body } = await call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(body.apiKeys[0]?.lastUsedAt).not.toBeNull();
  });

  test('cannot see people, manage keys or pay, and those tries are not counted', async () => {
    const { byKey, calls, created } = await tenantOnPro();
    const answers = await Promise.all([
      byKey.get('/api/auth/me'),
      byKey.get('/api/api-keys'),
      byKey.post('/api/api-keys', { name: 'another' }),
      byKey.delete(`/api/api-keys/${created.id}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(answers.every(({ body }) => body['code'] === 'forbidden')).toBe(true);
    expect(await calls()).toEqual({ used: 0, held: 0 });
  });

  test('twenty at once with five calls left: five pass', async () => {
    const { id, byKey, calls } = await tenantOnPro();
    await server.context.services.usage.trackUsage({
      tenantId: id as never,
      resourceType: 'api_calls',
      amount: 995,
      idempotencyKey: 'test',
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => byKey.get('/api/characters')),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(15);
    expect(refused[0]?.body).toMatchObject({
      code: 'quota_exceeded',
      details: { resource: 'api_calls', limit: 1_000, used: 1_000, plans: ['team'] },
    });
    expect(await calls()).toEqual({ used: 1_000, held: 0 });
  });

  test('is refused for an upgrade when the plan no longer has calls', async () => {
    const { id, byKey } = await tenantOnPro();
    await putOnPlan(server.database.pool, id, 'free');
    await expect
      .poll(() => byKey.get('/api/characters'))
      .toMatchObject({ status: 403, body: { details: { feature: 'api_calls' } } });
  });

  test.each(['sqk_', 'sqk_made-up', `sqk_${'A'.repeat(43)}`, `sqk_${'A'.repeat(4_000)}`])(
    'made up (%s) is unauthenticated',
    async (key) => {
      const answer = await caller(server.url, key).get('/api/characters');
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    },
  );
});

describe('revoking', () => {
  test('ends a key at once, and a second time finds none', async () => {
    const { call, byKey, created } = await tenantOnPro();
    expect((await call.delete(`/api/api-keys/${created.id}`)).status).toBe(204);
    expect((await byKey.get('/api/characters')).status).toBe(401);
    expect((await call.delete(`/api/api-keys/${created.id}`)).status).toBe(404);
    const { body } = await call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(body.apiKeys.map(({ id }) => id)).not.toContain(created.id);
  });

  test('reaches only keys of one’s own tenant', async () => {
    const [mine, theirs] = [await tenantOnPro(), await tenantOnPro()];
    expect((await mine.call.delete(`/api/api-keys/${theirs.created.id}`)).status).toBe(404);
    expect((await theirs.byKey.get('/api/characters')).status).toBe(200);
    expect((await mine.call.delete('/api/api-keys/1')).status).toBe(400);
  });
});

test.each([[{}], [{ name: '' }], [{ name: 'x'.repeat(101) }], [{ name: 'a\0' }], [{ name: 1 }]])(
  'the body %j is refused',
  async (body) => {
    const { call } = await server.signUp();
    expect(await call.post('/api/api-keys', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  },
);
