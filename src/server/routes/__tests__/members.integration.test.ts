import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MembersView, TeamView } from '../../../domain/api.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { caller } from '../../../../tests/support/http.ts';
import { mailsTo } from '../../../../tests/support/mailed.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, PASSWORD, teamsOf, type Person } from '../../../../tests/support/team.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
  people = teamsOf(server);
});
afterAll(() => server?.stop());

const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await server.database.pool.query<T>(text, values)).rows;

describe('13 roles', () => {
  test.each([
    ['an owner makes an owner', 'owner', 'member', 'owner', 200],
    ['an admin makes an admin', 'admin', 'member', 'admin', 200],
    ['an admin makes no owner', 'admin', 'member', 'owner', 403],
    ['an admin demotes no owner', 'admin', 'owner', 'member', 403],
    ['a member changes nobody', 'member', 'member', 'admin', 403],
  ])('%s', async (name, actor, target, role, status) => {
    const key = name.replaceAll(' ', '-');
    const team = await people.owner(`t-${key}`);
    const by = actor === 'owner' ? team : await people.join(team, `a-${key}`, actor);
    const whom = target === 'owner' ? team : await people.join(team, `b-${key}`, target);
    expect((await by.call.patch(`/api/members/${idOf(whom)}`, { role })).status).toBe(status);
  });

  test('a team always has an owner, whoever leaves, is changed or deletes their account at once', async () => {
    const team = await people.owner('captains');
    const second = await people.join(team, 'second-captain', 'owner');
    expect((await team.call.patch(`/api/members/${idOf(team)}`, { role: 'x' })).status).toBe(400);
    const answers = await Promise.all([
      team.call.patch(`/api/members/${idOf(team)}`, { role: 'member' }),
      second.call.delete(`/api/members/${idOf(second)}`),
      team.call.patch(`/api/members/${idOf(second)}`, { role: 'admin' }),
    ]);
    const owners = await sql(`select 1 from memberships where tenant_id = $1 and role = 'owner'`, [
      team.session.tenant.id,
    ]);
    expect(owners).toHaveLength(1);
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
  });

  test('handing over makes one owner of two people, and tells the new one', async () => {
    const team = await people.owner('giver');
    const heir = await people.join(team, 'heir');
    const { status, body } = await team.call.post(`/api/members/${idOf(heir)}/ownership`);
    expect({ status, role: body['role'] }).toEqual({ status: 200, role: 'owner' });
    const { members } = (await team.call.get<MembersView>('/api/members')).body;
    expect(members.map(({ name, role }) => [name, role])).toEqual([
      ['heir', 'owner'],
      ['giver', 'admin'],
    ]);
    expect(await mailsTo(server.context, 'team_owner', 'heir@example.com')).toHaveLength(1);
    expect((await team.call.get('/api/tenant/audit')).status).toBe(403);
  });
});

describe('13 who is removed', () => {
  test('is out at once where they were told so, with keys, and keeps an account and a team', async () => {
    const team = await people.owner('remover');
    const gone = await people.join(team, 'gone', 'admin');
    const { body: key } = await gone.call.post<{ key: string }>('/api/api-keys', { name: 'k' });
    const program = caller(server.url, key.key);
    expect((await program.get('/api/chat/models')).status).toBe(200);
    expect((await team.call.delete(`/api/members/${idOf(gone)}`)).status).toBe(204);
    for (const path of [
      '/api/members',
      '/api/subscription',
      '/api/auth/me',
      '/api/conversations',
    ]) {
      expect([path, (await gone.call.get(path)).status]).toEqual([path, 401]);
    }
    expect((await gone.call.post('/api/subscription/portal')).status).toBe(401);
    expect((await program.get('/api/chat/models')).status).toBe(401);
    const browser = new BrowserSession(server.url);
    await browser.signIn('gone@example.com', PASSWORD);
    expect(await browser.refresh()).toBe(200);
    expect(await mailsTo(server.context, 'team_left', 'gone@example.com')).toHaveLength(1);
    expect((await team.call.delete(`/api/members/${idOf(gone)}`)).status).toBe(404);
  });

  test('who had no other team gets one of their own', async () => {
    const team = await people.owner('keeper');
    const lone = await server.signUp('lone');
    const { email, id } = lone.session.user;
    await sql(`update users set tenant_id = $1, role = 'member' where id = $2`, [
      ...[team.session.tenant.id, id],
    ]);
    expect((await team.call.delete(`/api/members/${id}`)).status).toBe(204);
    const browser = new BrowserSession(server.url);
    const token = await browser.signIn(email, PASSWORD);
    const { body } = await browser.send<{ teams: TeamView[] }>(
      ...(['GET', '/api/auth/teams', undefined, token] as const),
    );
    expect(body.teams).toMatchObject([{ name: 'lone', role: 'owner', current: true }]);
  });

  test('leaving needs nobody’s leave, and deleting one’s account leaves every team', async () => {
    const team = await people.owner('stayer');
    const leaver = await people.join(team, 'leaver');
    expect((await leaver.call.delete(`/api/members/${idOf(leaver)}`)).status).toBe(204);
    const deleter = await people.join(team, 'deleter');
    const away = await deleter.call.delete('/api/auth/me', { password: PASSWORD });
    expect(away.status).toBe(204);
    const { members } = (await team.call.get<MembersView>('/api/members')).body;
    expect(members.map(({ name }) => name)).toEqual(['stayer']);
    expect(await sql(`select 1 from users where email = 'deleter@example.com'`)).toEqual([]);
    const homes = await sql(
      `select deleted_at is not null as gone from tenants where name = 'deleter'`,
    );
    expect(homes).toEqual([{ gone: true }]);
  });

  test('the only owner of another team with people hands that over before deleting the account', async () => {
    const busy = await people.owner('busy');
    await people.join(busy, 'helper');
    const team = await people.owner('second-home');
    const there = await people.admit(team, busy);
    const answer = await there.call.delete('/api/auth/me', { password: PASSWORD });
    expect(answer).toMatchObject({ status: 409, body: { code: 'last_owner' } });
  });
});

describe('13 seats after a change of plan', () => {
  test('those above the number read and do not act, by the owner’s choice of who stays', async () => {
    const team = await people.owner('shrinking');
    const [a, b] = [await people.join(team, 'worker-a'), await people.join(team, 'worker-b')];
    const { body: key } = await a.call.post<{ key: string }>('/api/api-keys', { name: 'k' });
    await putOnPlan(server.database, team.session.tenant.id, 'pro');
    const { memberships } = server.context.services.auth;
    for (const one of [a, b, team]) {
      memberships.forget({ tenantId: team.session.tenant.id, userId: idOf(one) });
    }
    const draw = ({ call }: Pick<Person, 'call'>) =>
      call.post<{ code: string }>('/api/images', { prompt: 'a boat' });
    expect((await draw(team)).status).toBe(200);
    expect(await draw(a)).toMatchObject({ status: 403, body: { code: 'seat_required' } });
    expect((await draw({ call: caller(server.url, key.key) })).body.code).toBe('seat_required');
    expect((await a.call.get('/api/subscription')).status).toBe(200);
    expect((await a.call.get('/api/characters')).status).toBe(200);
    const seat = (who: Person, hasSeat: boolean) =>
      people.put(team, `/api/members/${idOf(who)}/seat`, { hasSeat });
    expect((await seat(b, true)).body).toMatchObject({ code: 'seats_full' });
    expect((await seat(team, false)).status).toBe(200);
    expect((await seat(b, true)).body).toMatchObject({ hasSeat: true });
    expect((await draw(b)).status).toBe(200);
    expect((await draw(team)).body.code).toBe('seat_required');
    expect((await people.put(a, `/api/members/${idOf(a)}/seat`, { hasSeat: true })).status).toBe(
      403,
    );
    await putOnPlan(server.database, team.session.tenant.id, 'team');
    const { members } = (await team.call.get<MembersView>('/api/members')).body;
    expect(members.map(({ hasSeat }) => hasSeat)).toEqual([true, true, true]);
  });
});
