import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OwnSessionView } from '../../../domain/api.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { tokenMailed } from '../../../../tests/support/mailed.ts';
import { readEvents } from '../../../../tests/support/sse.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { LiveSessions } from '../../services/accounts/own/live-sessions.ts';

const PASSWORD = 'correct horse';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { TRUSTED_PROXIES: 'loopback' } });
});
afterAll(() => server?.stop());

const visitor = (userAgent: string, address: string) =>
  new BrowserSession(server.url, { 'User-Agent': userAgent, 'X-Forwarded-For': address });

async function twoDevices(name: string) {
  const { session } = await server.signUp(name);
  const [desk, phone] = [visitor(FIREFOX, '203.0.113.5'), visitor(IPHONE, '2001:db8:1:2::7')];
  const token = await desk.signIn(session.user.email, PASSWORD);
  await phone.signIn(session.user.email, PASSWORD);
  const list = async () =>
    (await desk.send<{ sessions: OwnSessionView[] }>('GET', '/api/auth/sessions', undefined, token))
      .body.sessions;
  const end = async (id = '') =>
    (await desk.send('DELETE', `/api/auth/sessions${id && `/${id}`}`, undefined, token)).status;
  return { desk, phone, list, end, token, session };
}

test('13 one’s sessions are listed with device, address and time, and this one is marked', async () => {
  const { list, phone, desk } = await twoDevices('lister');
  const sessions = await list();
  expect(sessions).toEqual([
    expect.objectContaining({
      device: { browser: 'Safari', system: 'iOS' },
      address: '2001:db8:1:2::/64',
      current: false,
    }),
    expect.objectContaining({
      device: { browser: 'Firefox', system: 'Windows' },
      address: '203.0.113.5',
      current: true,
    }),
    // Who registered by a program without a name.
    expect.objectContaining({ current: false }),
  ]);
  // Going on with a session is a use of it; it stays one session.
  expect(await desk.refresh()).toBe(200);
  expect(await phone.refresh()).toBe(200);
  const later = await list();
  expect(later.map(({ id }) => id).sort()).toEqual(sessions.map(({ id }) => id).sort());
  expect(Date.parse(later[0]!.lastUsedAt)).toBeGreaterThanOrEqual(
    Date.parse(sessions[0]!.lastUsedAt),
  );
  expect(later.find(({ current }) => current)!.startedAt).toBe(
    sessions.find(({ current }) => current)!.startedAt,
  );
});

test('13 one is signed out, and only one’s own', async () => {
  const { list, end, phone, desk } = await twoDevices('ender');
  const stranger = await twoDevices('stranger');
  const phones = (await list()).find(({ device }) => device.system === 'iOS')!;
  expect(await stranger.end(phones.id)).toBe(404);
  expect(await end(phones.id)).toBe(204);
  expect([await phone.refresh(), await desk.refresh()]).toEqual([401, 200]);
  expect(await end(phones.id)).toBe(404);
  expect((await list()).map(({ id }) => id)).not.toContain(phones.id);
  expect(await end('made-up')).toBe(400);
});

test('13 all others are signed out at once, and this one goes on', async () => {
  const { list, end, phone, desk } = await twoDevices('alone');
  expect(await end()).toBe(204);
  expect([await phone.refresh(), await desk.refresh()]).toEqual([401, 200]);
  expect(await list()).toMatchObject([{ current: true }]);
});

test('13 a session that is gone on with while it is signed out does not live on', async () => {
  const { end, phone, list } = await twoDevices('racing');
  const phones = (await list()).find(({ device }) => device.system === 'iOS')!;
  await Promise.all([phone.refresh(), end(phones.id)]);
  expect(await phone.refresh()).toBe(401);
  expect((await list()).map(({ id }) => id)).not.toContain(phones.id);
});

describe('13 what a session listens with ends when the session does', () => {
  /** Follows the usage as that device, and tells whether it still can. */
  async function follow(device: BrowserSession, email: string) {
    const token = await device.signIn(email, PASSWORD);
    const hangUp = new AbortController();
    const answer = await fetch(`${server.url}/api/subscription/usage/stream`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: hangUp.signal,
    });
    const events = readEvents(answer);
    expect((await events.next()).done).toBe(false);
    return { token, ended: events.next().then(({ done }) => done), leave: () => hangUp.abort() };
  }

  type Devices = Record<'desk' | 'phone', BrowserSession> & { token: string; email: string };
  test.each<[string, (devices: Devices) => Promise<unknown>]>([
    ['logging out there', ({ phone }) => phone.send('POST', '/api/auth/logout', {})],
    [
      'being signed out from elsewhere',
      async ({ desk, token }) => {
        const { body } = await desk.send<{ sessions: OwnSessionView[] }>(
          ...(['GET', '/api/auth/sessions', undefined, token] as const),
        );
        const phones = body.sessions.find(({ device }) => device.system === 'iOS')!;
        return desk.send('DELETE', `/api/auth/sessions/${phones.id}`, undefined, token);
      },
    ],
    [
      'signing out everywhere else',
      ({ desk, token }) => desk.send('DELETE', '/api/auth/sessions', undefined, token),
    ],
    [
      'a new password',
      ({ desk, token }) => {
        const body = { currentPassword: PASSWORD, newPassword: 'another battery' };
        return desk.send('POST', '/api/auth/password/change', body, token);
      },
    ],
    [
      'a password that was forgotten',
      async ({ desk, email }) => {
        await desk.send('POST', '/api/auth/password/forgot', { email });
        await server.context.services.auth.own.passwords.answerRequests();
        const token = await tokenMailed(server.context, 'reset_password', email);
        return desk.send('POST', '/api/auth/password/reset', { token, password: 'yet another' });
      },
    ],
  ])('%s', async (_what, end) => {
    const { session } = await server.signUp();
    const { email } = session.user;
    const [desk, phone] = [visitor(FIREFOX, '203.0.113.6'), visitor(IPHONE, '203.0.113.7')];
    const token = await desk.signIn(email, PASSWORD);
    const stranger = await server.signUp();
    const there = await follow(phone, email);
    const elsewhere = await follow(visitor(FIREFOX, '203.0.113.8'), stranger.session.user.email);
    expect(await end({ desk, phone, token, email })).toMatchObject({ status: 204 });
    expect(await there.ended).toBe(true);
    expect(await Promise.race([elsewhere.ended, 'goes on'])).toBe('goes on');
    elsewhere.leave();
    await elsewhere.ended.catch(() => undefined);
  });

  test('also where it was ended in another process, and not while the database is away', async () => {
    const { session } = await server.signUp();
    const { rows } = await server.database.pool.query<{ id: string }>(
      'select family_id as id from refresh_tokens where user_id = $1',
      [session.user.id],
    );
    const { db } = server.database;
    const clock = { now: () => new Date() };
    const live = new LiveSessions({ db, clock, lookEveryMs: 5 });
    const here = live.watch(rows[0]!.id);
    const away = new LiveSessions({ db: {} as typeof db, clock, lookEveryMs: 5 });
    await vi.waitFor(() => expect(here.ended.aborted).toBe(false), 60_000);
    await server.database.pool.query(
      'update refresh_tokens set revoked_at = now() where user_id = $1',
      [session.user.id],
    );
    await vi.waitFor(() => expect(here.ended.aborted).toBe(true), { timeout: 60_000 });
    here.stop();
    // A token of the version before names no session.
    expect(away.watch(undefined).ended.aborted).toBe(false);
    expect(live.watch('00000000-0000-4000-8000-000000000000').ended.aborted).toBe(false);
  });
});
