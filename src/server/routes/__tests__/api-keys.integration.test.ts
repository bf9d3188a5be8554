import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  ApiKeyCreated,
  ApiKeyView,
  CharactersView,
  SessionView,
} from '../../../domain/api.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
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
  await putOnPlan(server.database, id, 'pro');
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
    scopes: null,
    own: true,
    ownerName: expect.any(String),
    expiresAt: null,
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
    await putOnPlan(server.database, id, 'free');
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

describe('10.14 scopes', () => {
  const requests: Record<string, (by: Caller) => Promise<{ status: number; body: unknown }>> = {
    chat: (by) => by.post('/api/chat', { message: 'Hi' }),
    models: (by) => by.get('/api/chat/models'),
    'read characters': (by) => by.get('/api/characters'),
    'make a character': (by) =>
      by.post('/api/characters', { name: 'A', description: '', greeting: 'Hi' }),
    images: (by) => by.post('/api/images', { prompt: 'a sea' }),
    usage: (by) => by.get('/api/subscription/usage'),
    history: (by) => by.get('/api/subscription/usage/history?days=7'),
    csv: (by) => by.get('/api/subscription/usage/export.csv'),
  };
  const CHAT = ['chat', 'models', 'read characters'];
  const USAGE = ['usage', 'history', 'csv'];

  test.each<[string[] | undefined, string[]]>([
    [undefined, [...CHAT, 'make a character', 'images']],
    [['chat'], CHAT],
    [['images'], ['images']],
    [['usage:read'], USAGE],
    [
      ['usage:read', 'chat', 'chat'],
      [...CHAT, ...USAGE],
    ],
  ])('a key made with %j may do %j and nothing else', async (scopes, allowed) => {
    const { call, calls } = await tenantOnPro();
    const made = await call.post<ApiKeyCreated>('/api/api-keys', { name: 'scoped', scopes });
    expect(made.status).toBe(201);
    const by = caller(server.url, made.body.key);
    for (const [name, request] of Object.entries(requests)) {
      const answer = await request(by);
      const may = allowed.includes(name);
      expect({ name, status: answer.status < 300 ? 'ok' : answer.status }).toEqual({
        name,
        status: may ? 'ok' : 403,
      });
      if (!may) expect(answer.body).toMatchObject({ code: 'forbidden' });
    }
    expect((await calls()).used).toBe(allowed.length);
  });

  test.each([[[]], [['chat', 'everything']], ['chat'], [[1]], [null]])(
    'scopes of %j are refused',
    async (scopes) => {
      const { call } = await tenantOnPro();
      expect((await call.post('/api/api-keys', { name: 'x', scopes })).status).toBe(400);
    },
  );
});

describe('10.14 whose keys', () => {
  test.each(['owner', 'admin'])('members see and revoke their own, an %s all', async (role) => {
    const owner = await tenantOnPro();
    const { pool } = server.database;
    const other = await server.signUp(`member-of-${role}`);
    await pool.query(
      `update users set role = case when tenant_id = $1 then $2::user_role else 'member' end, tenant_id = $1
       where tenant_id = $1 or id = $3`,
      [owner.id, role, other.session.user.id],
    );
    const again = await caller(server.url).post<SessionView>('/api/auth/login', {
      email: other.session.user.email,
      password: 'correct horse',
    });
    const member = caller(server.url, again.body.accessToken);
    const mine = await member.post<ApiKeyCreated>('/api/api-keys', { name: 'mine' });
    expect(mine.status).toBe(201);
    const listed = await member.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(listed.body.apiKeys.map(({ name, own }) => [name, own])).toEqual([['mine', true]]);
    const refused = await member.delete(`/api/api-keys/${owner.created.id}`);
    expect(refused).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await owner.byKey.get('/api/characters')).status).toBe(200);

    const all = await owner.call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(all.body.apiKeys).toContainEqual(expect.objectContaining({ name: 'mine', own: false }));
    expect((await owner.call.delete(`/api/api-keys/${mine.body.id}`)).status).toBe(204);
    expect((await caller(server.url, mine.body.key).get('/api/characters')).status).toBe(401);
    expect((await owner.call.post('/api/api-keys', { name: 'one more' })).status).toBe(201);
  });

  test('who is no admin any more sees and revokes their own from then on, with the same token', async () => {
    const owner = await tenantOnPro();
    const { pool } = server.database;
    await pool.query(
      `with other as (
         insert into users (tenant_id, email, password_hash, display_name)
         values ($1::uuid, $1::text || '@example.com', '-', 'Other') returning id
       )
       insert into api_keys (tenant_id, user_id, name, prefix, key_hash)
       select $1::uuid, id, 'of another', 'sqk_', $1::text from other`,
      [owner.id],
    );
    const names = async () =>
      (await owner.call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys')).body.apiKeys;
    const others = (await names()).find(({ name }) => name === 'of another')!;
    await pool.query(`update users set role = 'member' where tenant_id = $1`, [owner.id]);
    expect((await names()).map(({ name }) => name)).toEqual(['bot', 'bot']);
    expect((await owner.call.delete(`/api/api-keys/${others.id}`)).status).toBe(404);
    expect((await owner.call.delete(`/api/api-keys/${owner.created.id}`)).status).toBe(204);
  });

  test('a key opens nothing from its expiry on, and makes room', async () => {
    const { call } = await tenantOnPro();
    const past = new Date(Date.now() - 1_000).toISOString();
    expect((await call.post('/api/api-keys', { name: 'x', expiresAt: past })).status).toBe(400);
    // In UTC the last of them lies in the year 10000.
    for (const expiresAt of ['soon', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59']) {
      const refused = await call.post('/api/api-keys', { name: 'x', expiresAt });
      expect([refused.status, refused.body], expiresAt).toMatchObject([
        400,
        { code: 'invalid_request' },
      ]);
    }
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = await call.post<ApiKeyCreated>('/api/api-keys', { name: 'brief', expiresAt });
    expect(made.body).toMatchObject({ expiresAt });
    const by = caller(server.url, made.body.key);
    expect((await by.get('/api/characters')).status).toBe(200);
    await server.database.pool.query(
      `update api_keys set expires_at = now() - interval '1 second' where id = $1`,
      [made.body.id],
    );
    expect((await by.get('/api/characters')).status).toBe(401);
    const { body } = await call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(body.apiKeys.map(({ name }) => name)).not.toContain('brief');
  });

  test('twenty a person, however many are asked for at once, and a hundred a tenant', async () => {
    const { call, id } = await tenantOnPro();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => call.post('/api/api-keys', { name: `bot ${n}` })),
    );
    const made = answers.filter(({ status }) => status === 201).length;
    // Two are there already.
    expect(made).toBe(18);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'limit_reached',
      details: { max: 20 },
    });
    await server.database.pool.query(
      `with others as (
         insert into users (tenant_id, email, password_hash, display_name)
         select $1::uuid, $1::text || n || '@example.com', '-', 'Other' from generate_series(1, 4) n returning id
       )
       insert into api_keys (tenant_id, user_id, name, prefix, key_hash)
       select $1::uuid, id, 'other', 'sqk_', id::text || n from others, generate_series(1, 20) n`,
      [id],
    );
    const { body } = await call.get<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
    expect(body.apiKeys).toHaveLength(100);
    const mine = body.apiKeys.find(({ own }) => own)!;
    await call.delete(`/api/api-keys/${mine.id}`);
    expect((await call.post('/api/api-keys', { name: 'again' })).status).toBe(201);
    await call.delete(`/api/api-keys/${body.apiKeys.findLast(({ own }) => own)!.id}`);
    await server.database.pool.query(
      `insert into api_keys (tenant_id, user_id, name, prefix, key_hash)
       select tenant_id, user_id, 'one more', 'sqk_', 'one more' || id from api_keys
       where tenant_id = $1 and name = 'other' limit 1`,
      [id],
    );
    expect(await call.post('/api/api-keys', { name: 'too many' })).toMatchObject({
      status: 409,
      body: { details: { max: 100 } },
    });
  });
});
