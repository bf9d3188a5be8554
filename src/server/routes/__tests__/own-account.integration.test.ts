import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountDeletionView } from '../../../domain/api.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { mailsTo } from '../../../../tests/support/mailed.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const PASSWORD = 'correct horse';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
});
afterAll(() => server?.stop());

const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await server.database.pool.query<T>(text, values)).rows;

/** Puts a person into another's team; their token of before still says what they were. */
async function join(name: string, team: string, role: 'owner' | 'member') {
  const person = await server.signUp(name);
  await sql('update users set tenant_id = $1, role = $2 where id = $3', [
    ...[team, role, person.session.user.id],
  ]);
  const { email, id } = person.session.user;
  const browser = new BrowserSession(server.url);
  const token = await browser.signIn(email, PASSWORD);
  return { email, id, browser, token };
}

const remove = (who: { browser: BrowserSession; token: string }, body: object) =>
  who.browser.send('DELETE', '/api/auth/me', body, who.token);

describe('13 one’s data', () => {
  test('are exported whole and without secrets, as one JSON file', async () => {
    const { call, session } = await server.signUp('exporter');
    const { id } = (await call.post<{ id: string }>('/api/conversations', { title: 'Talk “1”' }))
      .body;
    await sql(
      `insert into conversation_turns (conversation_id, who, kind, text, state)
       select $1, 'reader', 'text', 'line ' || n, 'done' from generate_series(1, 1203) n order by n`,
      [id],
    );
    await call.post('/api/conversations', { title: 'Empty' });
    await call.post('/api/characters', { name: 'Mira', description: '', greeting: 'Hi' });
    const answer = await call.get<Record<string, unknown>>('/api/auth/me/export.json');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    expect(answer.body).toMatchObject({
      person: { id: session.user.id, email: session.user.email },
      team: { id: session.tenant.id, role: 'owner' },
      sessions: [expect.any(Object)],
      characters: [expect.objectContaining({ name: 'Mira' })],
      invoices: [],
      allowances: [],
      conversations: [
        expect.objectContaining({ title: 'Talk “1”' }),
        expect.objectContaining({ title: 'Empty', turns: [] }),
      ],
    });
    const [talk] = answer.body['conversations'] as { turns: { text: string }[] }[];
    expect(talk!.turns.map(({ text }) => text)).toEqual(
      Array.from({ length: 1203 }, (_, n) => `line ${n + 1}`),
    );
    expect(JSON.stringify(answer.body)).not.toMatch(/argon2|passwordHash|tokenHash|keyHash/);
  });

  test('are nobody else’s', async () => {
    const [one, two] = [await server.signUp('one'), await server.signUp('two')];
    await one.call.post('/api/conversations', { title: 'The secret of one' });
    const { body } = await two.call.get('/api/auth/me/export.json');
    expect(JSON.stringify(body)).not.toContain('The secret of one');
  });
});

describe('13 deleting one’s account', () => {
  test('asks for the password, takes the person alone out of a team, and tells them', async () => {
    const { session } = await server.signUp('boss');
    const member = await join('leaver', session.tenant.id, 'member');
    await member.browser.send('POST', '/api/conversations', { title: 'Mine' }, member.token);
    const preview = await member.browser.send<AccountDeletionView>(
      ...(['GET', '/api/auth/me/deletion', undefined, member.token] as const),
    );
    expect(preview.body).toMatchObject({ deletesTeam: false, subscription: null });
    expect(await remove(member, { password: 'a guess' })).toMatchObject({
      ...{ status: 403, body: { code: 'wrong_password' } },
    });
    expect((await remove(member, { password: PASSWORD })).status).toBe(204);
    expect(member.browser.cookie).toBe('squaretable_refresh=');
    expect((await remove(member, { password: PASSWORD })).status).toBe(401);
    expect(await sql('select 1 from users where id = $1', [member.id])).toEqual([]);
    expect(await sql('select 1 from conversations where user_id = $1', [member.id])).toEqual([]);
    expect(await sql('select deleted_at from tenants where id = $1', [session.tenant.id])).toEqual([
      { deleted_at: null },
    ]);
    expect(await mailsTo(server.context, 'account_deleted', member.email)).toHaveLength(1);
  });

  test('of an only owner needs the team’s name, and goes the way of the team', async () => {
    const { call, session } = await server.signUp('captain');
    const crew = await join('crew', session.tenant.id, 'member');
    expect((await call.get('/api/auth/me/deletion')).body).toEqual({
      ...{ deletesTeam: true, team: session.tenant.name, others: 1, subscription: null },
    });
    for (const body of [{ password: PASSWORD }, { password: PASSWORD, confirm: 'another' }]) {
      expect((await call.delete('/api/auth/me', body)).status).toBe(400);
    }
    const body = { password: PASSWORD, confirm: session.tenant.name };
    expect((await call.delete('/api/auth/me', body)).status).toBe(204);
    expect(await crew.browser.refresh()).toBe(401);
    const [team] = await sql<{ gone: boolean }>(
      'select deleted_at is not null as gone from tenants where id = $1',
      [session.tenant.id],
    );
    expect(team!.gone).toBe(true);
    expect(await mailsTo(server.context, 'account_deleted', session.user.email)).toHaveLength(1);
  });

  test('two owners who leave at once do not leave a team without one', async () => {
    const { session, call } = await server.signUp('first-owner');
    const second = await join('second-owner', session.tenant.id, 'owner');
    const answers = await Promise.all([
      call.delete('/api/auth/me', { password: PASSWORD }),
      remove(second, { password: PASSWORD }),
    ]);
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses[0]).toBe(204);
    // The other became the only one: before the look (the name is missing) or after it.
    expect([400, 409]).toContain(statuses[1]);
    expect(
      await sql(`select 1 from users where tenant_id = $1 and role = 'owner'`, [session.tenant.id]),
    ).toHaveLength(1);
  });
});
