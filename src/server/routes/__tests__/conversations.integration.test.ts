import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ConversationPage, ConversationView } from '../../../domain/api.ts';
import { CONVERSATIONS_MAX } from '../../../domain/conversations.ts';
import type { Caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server?.stop());

const begin = async (call: Caller, wish: object = { title: 'The lighthouse' }) =>
  (await call.post<ConversationView>('/api/conversations', wish)).body;
const read = async (call: Caller, id: string, query = '') =>
  (await call.get<ConversationPage>(`/api/conversations/${id}${query}`)).body;
const said = (page: ConversationPage) => page.turns.map(({ who, text }) => `${who}: ${text}`);
const sql = (text: string, values: unknown[] = []) => server.database.pool.query(text, values);

/** What the stream said in all. */
const textOf = (stream: string) =>
  [...stream.matchAll(/event: delta\ndata: (.*)/g)]
    .map(([, data]) => (JSON.parse(data!) as { text: string }).text)
    .join('');

describe('13 conversations', () => {
  test('are kept by the server as they are told, and found again elsewhere', async () => {
    const { call, session } = await server.signUp('teller');
    const { id } = await begin(call);
    const answer = await call.post<string>('/api/chat', { message: 'Hello', conversationId: id });
    const text = textOf(answer.body);
    const picture = await call.post<{ image: { dataUrl: string } }>('/api/images', {
      ...{ prompt: 'a lighthouse', conversationId: id },
    });
    // Another device of the same person.
    const login = { email: session.user.email, password: 'correct horse' };
    const { accessToken } = (await call.post<{ accessToken: string }>('/api/auth/login', login))
      .body;
    const response = await fetch(`${server.url}/api/conversations/${id}`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    const page = (await response.json()) as ConversationPage;
    expect(said(page)).toEqual([
      'reader: Hello',
      `character: ${text}`,
      'reader: a lighthouse',
      'character: a lighthouse',
    ]);
    expect(page.turns.map(({ state }) => state)).toEqual(Array(4).fill('done'));
    expect(page.turns[3]!.imageUrl).toBe(picture.body.image.dataUrl);
    expect(page).toMatchObject({ title: 'The lighthouse', characterName: null, earlier: null });
  });

  test('are listed with the last talked in first, renamed and deleted', async () => {
    const { call } = await server.signUp('keeper');
    const [first, second] = [
      await begin(call, { title: 'One' }),
      await begin(call, { title: 'Two' }),
    ];
    const titles = async () =>
      (
        await call.get<{ conversations: ConversationView[] }>('/api/conversations')
      ).body.conversations.map(({ title }) => title);
    expect(await titles()).toEqual(['Two', 'One']);
    await call.post('/api/chat', { message: 'Hi', conversationId: first.id });
    expect(await titles()).toEqual(['One', 'Two']);
    const renamed = await call.patch(`/api/conversations/${second.id}`, { title: ' The  second ' });
    expect(renamed.body).toMatchObject({ id: second.id, title: 'The  second' });
    expect((await call.patch(`/api/conversations/${second.id}`, { title: ' ' })).status).toBe(400);
    expect((await call.delete(`/api/conversations/${first.id}`)).status).toBe(204);
    expect((await call.delete(`/api/conversations/${first.id}`)).status).toBe(404);
    expect(await titles()).toEqual(['The  second']);
    const { rows } = await sql('select 1 from conversation_turns where conversation_id = $1', [
      first.id,
    ]);
    expect(rows).toEqual([]);
  });

  test('are one’s own: nobody else’s, not of another in the team, and no key’s', async () => {
    const [owner, guest] = [await server.signUp('own'), await server.signUp('guest')];
    const { id } = await begin(owner.call);
    await sql(`update users set tenant_id = $1, role = 'member' where id = $2`, [
      owner.session.tenant.id,
      guest.session.user.id,
    ]);
    const login = { email: guest.session.user.email, password: 'correct horse' };
    const { body } = await guest.call.post<{ accessToken: string }>('/api/auth/login', login);
    const colleague = { 'Content-Type': 'application/json' };
    for (const [method, path, sent] of [
      ['GET', `/api/conversations/${id}`, undefined],
      ['PATCH', `/api/conversations/${id}`, { title: 'Mine' }],
      ['DELETE', `/api/conversations/${id}`, undefined],
      ['POST', '/api/chat', { message: 'Hi', conversationId: id }],
      ['POST', '/api/images', { prompt: 'Hi', conversationId: id }],
    ] as const) {
      for (const [token, status] of [
        [body.accessToken, 404],
        // Of the team that the guest is in no more.
        [guest.session.accessToken, 401],
      ] as const) {
        const answer = await fetch(server.url + path, {
          ...{ method, headers: { ...colleague, Authorization: `Bearer ${token}` } },
          ...(sent ? { body: JSON.stringify(sent) } : {}),
        });
        expect(answer.status, `${method} ${path}`).toBe(status);
      }
    }
    expect((await read(owner.call, id)).title).toBe('The lighthouse');
    expect(said(await read(owner.call, id))).toEqual([]);
  });

  test('with a character stay readable when it is gone, and only readable', async () => {
    const { call } = await server.signUp('maker');
    const sheet = { name: 'Mira', description: '', greeting: 'Come in.', shared: false };
    const { id: characterId } = (await call.post<{ id: string }>('/api/characters', sheet)).body;
    const { id } = await begin(call, { title: 'With Mira', characterId });
    const say = (more: object) =>
      call.post('/api/chat', { message: 'Hi', conversationId: id, ...more });
    expect((await say({ characterId })).status).toBe(200);
    expect(await say({})).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await call.delete(`/api/characters/${characterId}`)).status).toBe(204);
    const page = await read(call, id);
    expect(page).toMatchObject({ characterId: null, characterName: 'Mira', greeting: 'Come in.' });
    expect(page.turns).toHaveLength(2);
    expect((await say({})).status).toBe(404);
    const strangers = { title: 'x', characterId };
    expect((await call.post('/api/conversations', strangers)).status).toBe(404);
  });

  test('are read a page at a time', async () => {
    const { call } = await server.signUp('reader');
    const { id } = await begin(call);
    await sql(
      `insert into conversation_turns (conversation_id, who, kind, text, state)
       select $1, 'reader', 'text', 'line ' || n, 'done' from generate_series(1, 7) n order by n`,
      [id],
    );
    const newest = await read(call, id, '?limit=3');
    expect(said(newest)).toEqual(['reader: line 5', 'reader: line 6', 'reader: line 7']);
    const before = await read(call, id, `?limit=10&before=${newest.earlier}`);
    expect(said(before)).toHaveLength(4);
    expect(before.earlier).toBeNull();
    for (const query of ['?limit=0', '?limit=201', '?before=x', '?before=1e400', '?other=1']) {
      expect((await call.get(`/api/conversations/${id}${query}`)).status, query).toBe(400);
    }
  });

  test('have a number and a length, also for who begins many at once', async () => {
    const { call, session } = await server.signUp('hoarder');
    await sql(
      `insert into conversations (tenant_id, user_id, title)
       select $1, $2, 'old' from generate_series(1, $3)`,
      [session.tenant.id, session.user.id, CONVERSATIONS_MAX.perPerson - 2],
    );
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => call.post<ConversationView>('/api/conversations', { title: 'new' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    const { id } = answers.find(({ status }) => status === 201)!.body;
    await sql(
      `insert into conversation_turns (conversation_id, who, kind, text, state)
       select $1, 'reader', 'text', 'x', 'done' from generate_series(1, $2)`,
      [id, CONVERSATIONS_MAX.turns],
    );
    const full = await call.post('/api/chat', { message: 'Hi', conversationId: id });
    expect(full).toMatchObject({ status: 409, body: { code: 'limit_reached' } });
    const { rows } = await sql(
      'select used from u00.usage_totals where tenant_id = $1 and used > 0',
      [session.tenant.id],
    );
    expect(rows).toEqual([]);
  });

  test('keep what was said when its reader hangs up', async () => {
    const { call, session } = await server.signUp('leaver');
    const { id } = await begin(call);
    const leaving = new AbortController();
    const response = await fetch(`${server.url}/api/chat`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${session.accessToken}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ message: 'A long story', conversationId: id }),
      signal: leaving.signal,
    });
    await response.body!.getReader().read();
    leaving.abort();
    await vi.waitFor(async () => {
      const page = await read(call, id);
      expect(page.turns.map(({ state }) => state)).toEqual([
        'done',
        expect.stringMatching(/stopped|done/),
      ]);
      expect(page.turns[1]!.text).not.toBe('');
    }, 60_000);
  });

  test('that cannot be kept do not cost the answer, and what fits later is whole', async () => {
    const { call } = await server.signUp('unlucky');
    const { id } = await begin(call);
    await sql('alter table conversation_turns add constraint planted check (false) not valid');
    const answer = await call.post<string>('/api/chat', { message: 'Hello', conversationId: id });
    await sql('alter table conversation_turns drop constraint planted');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('event: done');
    expect((await read(call, id)).turns).toEqual([]);
    await call.post('/api/chat', { message: 'Again', conversationId: id });
    expect((await read(call, id)).turns).toHaveLength(2);
  });

  test('that are deleted while an answer comes stay deleted', async () => {
    const { call } = await server.signUp('hasty');
    const { id } = await begin(call);
    const [answer] = await Promise.all([
      call.post<string>('/api/chat', { message: 'Hello', conversationId: id }),
      call.delete(`/api/conversations/${id}`),
    ]);
    expect([200, 404]).toContain(answer.status);
    expect((await call.get(`/api/conversations/${id}`)).status).toBe(404);
    expect(
      (await sql('select 1 from conversation_turns where conversation_id = $1', [id])).rows,
    ).toEqual([]);
  });

  test('go with the person, and with the team', async () => {
    const { call, session } = await server.signUp('goner');
    await begin(call);
    const left = async () =>
      (await sql('select 1 from conversations where tenant_id = $1', [session.tenant.id])).rows;
    expect(await left()).toHaveLength(1);
    const confirm = { confirm: session.tenant.name };
    expect((await call.delete('/api/tenant', confirm)).status).toBe(204);
    expect(await left()).toEqual([]);
  });
});
