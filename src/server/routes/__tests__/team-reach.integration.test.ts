import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { MembersView } from '../../../domain/api.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, teamsOf, type Person } from '../../../../tests/support/team.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
  people = teamsOf(server);
});
afterAll(() => server?.stop());
afterEach(() => void vi.useRealTimers());

const tenantOf = ({ session }: Person) => session.tenant.id;

describe('13 the live usage of somebody who is removed', () => {
  const SECOND = 1_000;

  /** An open stream of a member, read to its end; the clocks of this process go by `pass` alone. */
  async function watching(name: string) {
    const team = await people.owner(name);
    const member = await people.join(team, `${name}-member`);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const answer = await fetch(`${server.url}/api/subscription/usage/stream`, {
      headers: { Authorization: `Bearer ${member.session.accessToken}` },
    });
    expect(answer.status).toBe(200);
    const reader = answer.body!.getReader();
    await reader.read();
    let hasEnded = false;
    const ended = (async () => {
      for (;;) if ((await reader.read()).done) break;
      hasEnded = true;
    })();
    return {
      ...{ team, member, ended },
      pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
      isOpen: () => !hasEnded,
    };
  }

  test('ends at the next look where they were told so', async () => {
    const { team, member, ended, pass } = await watching('live-here');
    expect((await team.call.delete(`/api/members/${idOf(member)}`)).status).toBe(204);
    await pass(15 * SECOND);
    await ended;
  });

  test('ends within a minute where another process has removed them, and not before', async () => {
    const { member, ended, pass, isOpen } = await watching('live-elsewhere');
    await pass(60 * SECOND);
    expect(isOpen()).toBe(true);
    await server.database.pool.query(
      'delete from memberships where user_id = $1 and tenant_id = $2',
      [...[idOf(member), tenantOf(member)]],
    );
    await pass(60 * SECOND);
    await ended;
  });
});

describe('13 usage by member', () => {
  test('is what each used this month in this team, as the ledger names them, for whoever is in it', async () => {
    const team = await people.owner('users');
    const [busy, idle] = [await people.join(team, 'busy'), await people.join(team, 'idle')];
    const draw = ({ call }: Person) => call.post('/api/images', { prompt: 'a boat' });
    for (const one of [busy, busy, team]) expect((await draw(one)).status).toBe(200);
    await server.context.services.usage.ensurePartitions();
    const used = async (reader: Person) => {
      const { members } = (await reader.call.get<MembersView>('/api/members')).body;
      return Object.fromEntries(members.map(({ name, usage }) => [name, usage?.images]));
    };
    // What is written of a request that was answered may come a moment later.
    await vi.waitFor(async () => expect(await used(team)).toEqual({ users: 1, busy: 2, idle: 0 }), {
      timeout: 60_000,
    });
    expect(await used(idle)).toEqual({ users: 1, busy: 2, idle: 0 });
    const other = await people.admit(await people.owner('users-elsewhere'), busy);
    expect(await used(other)).toEqual({ 'users-elsewhere': 0, busy: 0 });
  });
});

describe('13 who has no seat reads and does nothing', () => {
  /** One's own account, the way out, and what goes by role: none of it is use of the plan. */
  const OPEN = [
    /^\w+ \/api\/auth\//,
    // For operators alone: nobody else finds it.
    /^\w+ \/api\/admin\//,
    /^\w+ \/api\/(members|invitations)/,
    /^\w+ \/api\/(subscription|credits|tenant|billing)/,
    'DELETE /api/api-keys/{id}',
    'DELETE /api/conversations/{id}',
    'POST /api/characters/{id}/report',
  ];
  const isOpen = (act: string) =>
    OPEN.some((one) => (typeof one === 'string' ? one === act : one.test(act)));

  test('whatever else is written, by every route of the document', async () => {
    const team = await people.owner('one-seat');
    const reader = await people.join(team, 'one-seat-reader');
    await putOnPlan(server.database, tenantOf(team), 'pro');
    server.context.services.auth.memberships.forget({
      ...{ tenantId: tenantOf(team), userId: idOf(reader) },
    });
    const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    };
    const acts = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { security = [] }]) => security.some((one) => 'accessToken' in one))
        .map(([method, { responses }]) => ({ act: `${method.toUpperCase()} ${path}`, responses })),
    );
    const answers: [string, number, string][] = [];
    for (const { act, responses } of acts) {
      const [method, path] = act.split(' ') as [string, string];
      if (method === 'GET' || isOpen(act)) continue;
      const answer = await fetch(server.url + path.replace(/\{\w+\}/, idOf(team)), {
        method,
        headers: {
          Authorization: `Bearer ${reader.session.accessToken}`,
          'Content-Type': 'application/json',
        },
        body: '{}',
      });
      answers.push([act, answer.status, ((await answer.json()) as { code: string }).code]);
      expect([act, JSON.stringify(responses).includes('seat_required')]).toEqual([act, true]);
    }
    expect(answers.length).toBeGreaterThan(6);
    expect(answers).toEqual(answers.map(([act]) => [act, 403, 'seat_required']));
  });
});
