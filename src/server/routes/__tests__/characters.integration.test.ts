import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CharactersView, CharacterView, SessionView } from '../../../domain/api.ts';
import {
  listReportedCharacters,
  setCharacterHidden,
} from '../../../db/repositories/character-report.repository.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.context.services.characters.ensureStarters();
});
afterAll(() => server.stop());

let people = 0;
async function team() {
  const { session, call } = await server.signUp(`character-${(people += 1)}`);
  const { id } = session.tenant;
  await putOnPlan(server.database, id, 'pro');
  return { id, call, session };
}

/** Somebody else in the same team. */
async function member(tenantId: string): Promise<Caller> {
  const email = `character-member-${(people += 1)}@example.com`;
  const registration = { email, password: 'correct horse' };
  await caller(server.url).post('/api/auth/register', registration);
  await server.database.pool.query(
    `update users set tenant_id = $1, role = 'member' where email = $2`,
    [tenantId, email],
  );
  const { body } = await caller(server.url).post<SessionView>('/api/auth/login', registration);
  return caller(server.url, body.accessToken);
}

const sheet = (name: string, shared = false) => ({
  ...{ name, description: `About ${name}`, greeting: 'Hello', shared },
});
async function make(call: Caller, name: string, shared = false): Promise<CharacterView> {
  const answer = await call.post<CharacterView>('/api/characters', sheet(name, shared));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}
const changed = (by: Caller, path: string, body: unknown) => by.patch<CharacterView>(path, body);
const list = async (call: Caller, query = '') =>
  (await call.get<CharactersView>(`/api/characters${query}`)).body;
const flood = (tenantId: string, count: number, shared: boolean, name: string) =>
  server.database.pool.query(
    `insert into characters (tenant_id, name, description, greeting, shared, created_at)
     select $1, $2 || n, '', 'Hello', $3, date_trunc('milliseconds', now()) + n * interval '1 ms'
     from generate_series(1, $4::int) n`,
    [tenantId, name, shared, count],
  );

describe('10.15 the community', () => {
  test('a team that shares a hundred has its newest twenty in the list', async () => {
    const [reader, quiet, loud] = [await team(), await team(), await team()];
    await make(quiet.call, 'Quiet one', true);
    await flood(loud.id, 100, true, 'Loud ');
    const { characters } = await list(reader.call);
    const loudOnes = characters.filter(({ name }) => name.startsWith('Loud '));
    expect(loudOnes.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, n) => `Loud ${100 - n}`),
    );
    expect(characters.map(({ name }) => name)).toContain('Quiet one');
  });

  test('pages hold every one once, in one order', async () => {
    const reader = await team();
    const whole = (await list(reader.call)).characters;
    const paged: CharacterView[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: CharactersView = await list(
        reader.call,
        `?limit=7${cursor ? `&cursor=${cursor}` : ''}`,
      );
      expect(page.characters.length).toBeLessThanOrEqual(7);
      paged.push(...page.characters);
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(whole);
    expect(whole.length).toBeGreaterThan(21);
  });

  test.each([
    ['?limit=0'],
    ['?limit=201'],
    ['?cursor=nonsense'],
    [`?cursor=${Buffer.from('[true,"2026-13-01T00:00:00Z","x"]').toString('base64url')}`],
    [
      `?cursor=${Buffer.from(`[false,"0000-01-01T00:00:00Z","${randomUUID()}"]`).toString('base64url')}`,
    ],
    ['?search=%00'],
    ['?unknown=1'],
  ])('refuses %s', async (query) => {
    const { call } = await team();
    expect(await call.get(`/api/characters${query}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  test('is searched by name and description, and signs of patterns are plain text', async () => {
    const [reader, maker] = [await team(), await team()];
    await make(maker.call, 'Captain 100%_sure', true);
    await make(reader.call, 'captain of my own');
    const found = async (search: string) =>
      (await list(reader.call, `?search=${encodeURIComponent(search)}`)).characters.map(
        ({ name }) => name,
      );
    expect(await found('CAPTAIN')).toEqual(['captain of my own', 'Captain 100%_sure']);
    expect(await found('100%_s')).toEqual(['Captain 100%_sure']);
    expect(await found('1__%')).toEqual([]);
    expect(await found('\\')).toEqual([]);
  });

  test('what is reported an operator finds and hides; its makers keep it', async () => {
    const [reader, maker] = [await team(), await team()];
    const bad = await make(maker.call, 'Bad one', true);
    const report = (reason: string) =>
      reader.call.post(`/api/characters/${bad.id}/report`, { reason });
    expect((await report('rude')).status).toBe(204);
    expect((await report('very rude')).status).toBe(204);
    expect((await report('')).status).toBe(400);
    const seen = async (call: Caller) =>
      (await list(call)).characters.find(({ id }) => id === bad.id);
    expect(await seen(reader.call)).toMatchObject({ reported: true, editable: false });
    expect(await seen((await team()).call)).toMatchObject({ reported: false });
    const { rows } = await server.database.pool.query(
      'select reason from character_reports where character_id = $1',
      [bad.id],
    );
    expect(rows).toEqual([{ reason: 'very rude' }]);

    await setCharacterHidden(server.database.db, bad.id, new Date());
    const names = async (call: Caller) => (await list(call)).characters.map(({ name }) => name);
    expect(await names(reader.call)).not.toContain('Bad one');
    const chat = await reader.call.post('/api/chat', { message: 'Hi', characterId: bad.id });
    expect(chat.status).toBe(404);
    expect((await report('again')).status).toBe(404);
    const own = (await list(maker.call)).characters.find(({ id }) => id === bad.id);
    expect(own).toMatchObject({ hidden: true, shared: true });
    await setCharacterHidden(server.database.db, bad.id, null);
    expect(await names(reader.call)).toContain('Bad one');
  });
});

describe('10.15 reports', () => {
  const reportOf = (by: Caller, id: string, reason: string) =>
    by.post(`/api/characters/${id}/report`, { reason });
  const listed = async (ids: string[]) =>
    (await listReportedCharacters(server.database.db))
      .filter(({ character }) => ids.includes(character.id))
      .map(({ character, reports, reasons }) => ({ name: character.name, reports, reasons }));

  test('of one person are one, the last; those of others add up, and the worst comes first', async () => {
    const maker = await team();
    const readers = await Promise.all([team(), team(), team()]);
    const rude = await make(maker.call, 'Rude', true);
    const dull = await make(maker.call, 'Dull', true);
    // All at once, one of them twice.
    const answers = await Promise.all([
      reportOf(readers[0]!.call, rude.id, 'rude'),
      reportOf(readers[1]!.call, rude.id, 'so rude'),
      reportOf(readers[1]!.call, rude.id, 'so rude'),
      reportOf(readers[2]!.call, dull.id, 'dull'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    await reportOf(readers[0]!.call, rude.id, 'rude again');
    expect(await listed([rude.id, dull.id])).toEqual([
      { name: 'Rude', reports: 2, reasons: ['rude again', 'so rude'] },
      { name: 'Dull', reports: 1, reasons: ['dull'] },
    ]);
    // What was dealt with makes room for what was not.
    await setCharacterHidden(server.database.db, rude.id, new Date());
    expect((await listed([rude.id, dull.id])).map(({ name }) => name)).toEqual(['Dull', 'Rude']);
  });

  test('are of what is shared: not of one’s own drafts, nor by a key', async () => {
    const maker = await team();
    const draft = await make(maker.call, 'Draft');
    expect((await reportOf(maker.call, draft.id, 'bad')).status).toBe(404);
    const key = await maker.call.post<{ key: string }>('/api/api-keys', { name: 'bot' });
    const shared = await make(maker.call, 'Shown', true);
    const byKey = await reportOf(caller(server.url, key.body.key), shared.id, 'bad');
    expect(byKey).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});

describe('10.15 what is hidden', () => {
  test('is found by no search and on no page, makes room for the next, and stays so when changed', async () => {
    const [reader, maker] = [await team(), await team()];
    await flood(maker.id, 21, true, 'Hidden or not ');
    const search = async (query = '') =>
      (await list(reader.call, `?search=Hidden%20or%20not${query}`)).characters;
    const before = await search();
    expect(before).toHaveLength(20);
    const newest = before[0]!;
    await setCharacterHidden(server.database.db, newest.id, new Date());
    const after = await search();
    expect(after.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, n) => `Hidden or not ${20 - n}`),
    );
    const { nextCursor } = await list(reader.call, '?search=Hidden%20or%20not&limit=5');
    expect(await search(`&limit=5&cursor=${nextCursor}`)).toEqual(after.slice(5, 10));

    const path = `/api/characters/${newest.id}`;
    for (const change of [
      { name: 'Hidden or not, renamed' },
      { shared: false },
      { shared: true },
    ]) {
      expect(await changed(maker.call, path, change)).toMatchObject({
        status: 200,
        body: { hidden: true },
      });
    }
    expect((await search()).map(({ id }) => id)).not.toContain(newest.id);
  });

  test('of what comes with the product stays hidden at the next start', async () => {
    const reader = await team();
    const starter = (await list(reader.call)).characters.find(({ own }) => !own)!;
    await setCharacterHidden(server.database.db, starter.id, new Date());
    await server.context.services.characters.ensureStarters();
    const ids = (await list(reader.call)).characters.map(({ id }) => id);
    expect(ids).not.toContain(starter.id);
    await setCharacterHidden(server.database.db, starter.id, null);
  });
});

test('10.15 a search finds what a team shared long ago, twenty of a team at most', async () => {
  const [reader, loud] = [await team(), await team()];
  await make(loud.call, 'The first of all', true);
  await flood(loud.id, 60, true, 'Noise ');
  const names = async (search: string) =>
    (await list(reader.call, `?search=${encodeURIComponent(search)}`)).characters.map(
      ({ name }) => name,
    );
  expect(await names('first of all')).toEqual(['The first of all']);
  expect(await names('Noise')).toHaveLength(20);
});

test('10.15 what a team made goes with the team', async () => {
  const [reader, maker] = [await team(), await server.signUp('goes-with-the-team')];
  await putOnPlan(server.database, maker.session.tenant.id, 'pro');
  const shared = await make(maker.call, 'Left behind', true);
  await reader.call.post(`/api/characters/${shared.id}/report`, { reason: 'rude' });
  const confirm = maker.session.tenant.name;
  expect((await maker.call.delete('/api/tenant', { confirm })).status).toBeLessThan(300);
  expect((await list(reader.call)).characters.map(({ id }) => id)).not.toContain(shared.id);
  const { rows } = await server.database.pool.query('select from characters where tenant_id = $1', [
    maker.session.tenant.id,
  ]);
  expect(rows).toEqual([]);
});

describe('10.15 a character', () => {
  test('is changed, unshared and deleted by who made it, and by who runs the team', async () => {
    const owner = await team();
    const [maker, other] = [await member(owner.id), await member(owner.id)];
    const stranger = await team();
    const made = await make(maker, 'Mine', true);
    const path = `/api/characters/${made.id}`;
    const change = (by: Caller, body: unknown) => changed(by, path, body);

    expect(await change(maker, { name: 'Mine, better' })).toMatchObject({
      status: 200,
      body: { name: 'Mine, better', description: 'About Mine', shared: true },
    });
    const editable = async (by: Caller) =>
      (await list(by)).characters.find(({ id }) => id === made.id)?.editable;
    const readers = [maker, owner.call, other, stranger.call];
    expect(await Promise.all(readers.map(editable))).toEqual([true, true, false, false]);
    expect((await change(other, { name: 'Theirs' })).status).toBe(403);
    expect((await other.delete(path)).status).toBe(403);
    expect((await change(stranger.call, { name: 'Theirs' })).status).toBe(404);
    expect((await stranger.call.delete(path)).status).toBe(404);
    expect((await change(maker, {})).status).toBe(400);
    expect((await change(maker, { own: true })).status).toBe(400);
    expect((await change(owner.call, { shared: false })).body).toMatchObject({ shared: false });
    const seen = (await list(stranger.call)).characters;
    expect(seen.map(({ id }) => id)).not.toContain(made.id);
    expect((await maker.delete(path)).status).toBe(204);
    expect((await maker.delete(path)).status).toBe(404);
    expect((await change(maker, { name: 'x' })).status).toBe(404);
  });

  test('that comes with the product belongs to nobody', async () => {
    const { call } = await team();
    const starter = (await list(call)).characters.find(({ own }) => !own)!;
    expect((await call.delete(`/api/characters/${starter.id}`)).status).toBe(404);
  });

  test('is shared by plans that include it, also by a change', async () => {
    const free = await server.signUp('shares-on-free');
    const made = await make(free.call, 'Private');
    const answer = await changed(free.call, `/api/characters/${made.id}`, { shared: true });
    expect(answer).toMatchObject({ status: 403, body: { code: 'upgrade_required' } });
  });

  test('is one of 500 at most, and of 100 that are shared, however many come at once', async () => {
    const { id, call } = await team();
    await flood(id, 95, true, 'Shared ');
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        call.post('/api/characters', sheet(`At once ${n}`, true)),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'limit_reached',
      details: { max: 100 },
    });
    const own = await make(call, 'Own');
    const sharing = await changed(call, `/api/characters/${own.id}`, { shared: true });
    expect(sharing.status).toBe(409);
    await flood(id, 399, false, 'More ');
    expect((await call.post('/api/characters', sheet('One more'))).body).toMatchObject({
      details: { max: 500 },
    });
  });
});
