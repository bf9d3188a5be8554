import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView, TeamView } from '../../../domain/api.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { mailsTo, tokenMailed } from '../../../../tests/support/mailed.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf, PASSWORD, type Person } from '../../../../tests/support/team.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
let now = new Date('2026-05-10T12:00:00Z');
beforeAll(async () => {
  server = await startTestServer({
    clock: { now: () => now },
    env: { SMTP_URL: 'smtp://127.0.0.1:1' },
  });
  people = teamsOf(server);
});
afterAll(() => server?.stop());

const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await server.database.pool.query<T>(text, values)).rows;

describe('13 a person in several teams', () => {
  test('12.59 is invited, joins, sees both and goes from one to the other', async () => {
    const team = await people.owner('host');
    const guest = await people.join(team, 'guest');
    expect(guest.session).toMatchObject({
      user: { role: 'member', tenantId: team.session.tenant.id, emailVerified: true },
      tenant: { id: team.session.tenant.id },
    });
    const { body } = await guest.call.get<{ teams: TeamView[] }>('/api/auth/teams');
    expect(body.teams.map(({ name, role, current }) => [name, role, current])).toEqual([
      ['guest', 'owner', false],
      ['host', 'member', true],
    ]);
    expect(await mailsTo(server.context, 'team_invitation', 'guest@example.com')).toHaveLength(1);
  });

  test('begins where they were last, and a session stays in its own team', async () => {
    const team = await people.owner('hub');
    const first = await people.join(team, 'commuter');
    const browser = new BrowserSession(server.url);
    const token = await browser.signIn('commuter@example.com', PASSWORD);
    const home = (await first.call.get<{ teams: TeamView[] }>('/api/auth/teams')).body.teams.find(
      ({ role }) => role === 'owner',
    )!.id;
    const tenantOf = async (session: BrowserSession) =>
      (await session.send<SessionView>('POST', '/api/auth/refresh', {})).body.tenant.id;
    expect(await tenantOf(browser)).toBe(team.session.tenant.id);
    const there = await browser.send('POST', '/api/auth/switch', { tenantId: home }, token);
    expect(there.status).toBe(200);
    const second = new BrowserSession(server.url);
    await second.signIn('commuter@example.com', PASSWORD);
    await second.send('POST', '/api/auth/switch', { tenantId: team.session.tenant.id }, token);
    expect(await tenantOf(browser)).toBe(home);
    expect(await tenantOf(second)).toBe(team.session.tenant.id);
  });

  test('cannot go where they do not belong, and no token outlives another by switching', async () => {
    const [one, two] = [await people.owner('alone'), await people.owner('elsewhere')];
    const { id: tenantId } = two.session.tenant;
    expect(await one.call.post('/api/auth/switch', { tenantId })).toMatchObject({
      ...{ status: 404, body: { code: 'tenant_not_found' } },
    });
    const endOf = (token: string) =>
      (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { exp: number })
        .exp;
    const again = await people.switchTo(one, one.session.tenant.id);
    expect(endOf(again.session.accessToken)).toBe(endOf(one.session.accessToken));
  });
});

describe('13 invitations', () => {
  test.each([
    ['of a member', 'member', 'member', 403, 'team_role_required'],
    ['to own the team, of an admin', 'admin', 'owner', 403, 'team_role_required'],
    ['of an admin', 'admin', 'admin', 201, undefined],
  ])('%s', async (name, as, role, status, code) => {
    const team = await people.owner(`inviting ${name}`.replaceAll(/\W/g, '-'));
    const person = await people.join(team, `by ${name}`.replaceAll(/\W/g, '-'), as);
    const answer = await people.invite(person, `${name.length}-${as}@example.com`, role);
    expect(answer).toMatchObject({ status, body: code ? { code } : {} });
  });

  test('say nothing of whether an address has an account, and are not sent twice', async () => {
    const team = await people.owner('teller');
    await server.signUp('known');
    const [known, unknown] = [
      await people.invite(team, 'known@example.com'),
      await people.invite(team, 'unknown@example.com'),
    ];
    const shape = ({ status, body }: typeof known) => [status, Object.keys(body)];
    expect(shape(known)).toEqual(shape(unknown));
    expect((await people.invite(team, 'Known@Example.com')).body.code).toBe('already_invited');
    expect((await people.invite(team, team.session.user.email)).body.code).toBe('already_member');
  });

  test('work once, for the address that was invited, until revoked, sent again or seven days old', async () => {
    const team = await people.owner('strict');
    const other = await server.signUp('somebody-else');
    const person = await server.signUp('invitee');
    const accept = async (token: string, by: Person = person) =>
      (await by.call.post<{ code: string }>('/api/invitations/accept', { token })).body.code;
    const { id } = (await people.invite(team, 'invitee@example.com')).body;
    const first = await tokenMailed(server.context, 'team_invitation', 'invitee@example.com');
    expect(await accept(first, other)).toBe('wrong_account');
    expect(await accept('made up')).toBe('invitation_over');
    expect((await team.call.put(`/api/invitations/${id}/link`)).status).toBe(200);
    const [second] = (await mailsTo(server.context, 'team_invitation', 'invitee@example.com'))
      .map((text) => /token=([\w-]+)/.exec(text)![1]!)
      .filter((token) => token !== first);
    expect(await accept(first)).toBe('invitation_over');
    const look = await server.context.services.invitations.look(second!);
    expect(look).toMatchObject({ team: 'strict', inviter: 'strict', hasAccount: true });
    const before = now;
    now = new Date(now.getTime() + 7 * 86_400_000 + 1);
    expect(await accept(second!)).toBe('invitation_over');
    now = before;
    expect(await accept(second!)).toBeUndefined();
    expect(await accept(second!)).toBe('invitation_over');
    const revoked = (await people.invite(team, 'late@example.com')).body.id;
    const token = await tokenMailed(server.context, 'team_invitation', 'late@example.com');
    expect((await team.call.delete(`/api/invitations/${revoked}`)).status).toBe(204);
    expect((await team.call.delete(`/api/invitations/${revoked}`)).status).toBe(404);
    expect(await accept(token)).toBe('invitation_over');
    const kept = await sql<{ row: string }>('select i::text as row from invitations i');
    for (const secret of [first, second!, token]) {
      expect(kept.some(({ row }) => row.includes(secret))).toBe(false);
    }
  });

  test('keep a seat each, and of many at once no more are sent or accepted than there are seats', async () => {
    const team = await people.owner('crowd');
    const emails = Array.from({ length: 14 }, (_, n) => `crowd${n}@example.com`);
    const answers = await Promise.all(emails.map((email) => people.invite(team, email)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(9).fill(201), ...Array(5).fill(409)]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('seats_full');
    await putOnPlan(server.database, team.session.tenant.id, 'pro');
    const invited = answers.findIndex(({ status }) => status === 201);
    const late = await server.signUp(`crowd${invited}`);
    const token = await tokenMailed(server.context, 'team_invitation', emails[invited]!);
    expect(await late.call.post('/api/invitations/accept', { token })).toMatchObject({
      ...{ status: 409, body: { code: 'seats_full' } },
    });
  });

  test('are limited an hour, and by tries of those who may', async () => {
    const team = await people.owner('postman');
    const member = await people.join(team, 'chatty');
    for (let n = 0; n < 40; n += 1) await people.invite(member, `no${n}@example.com`);
    let last = 0;
    for (let n = 0; n < 40 && last !== 429; n += 1) {
      const { status, body } = await people.invite(team, `often${n}@example.com`);
      last = status;
      if (status === 201) await team.call.delete(`/api/invitations/${body.id}`);
    }
    expect(last).toBe(429);
  });
});
