import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView, UsageHistory } from '../../../domain/api.ts';
import type { Period } from '../../../domain/period.ts';
import { caller } from '../../../../tests/support/http.ts';
import { idOf, teamsOf, type Person } from '../../../../tests/support/team.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { HandClock } from '../../services/usage/__tests__/service.ts';

let server: TestServer;
const clock = new HandClock('2026-05-10T12:00:00Z');

beforeAll(async () => {
  server = await startTestServer({ clock });
});
afterAll(() => server.stop());

type Call = Awaited<ReturnType<TestServer['signUp']>>['call'];
const report = async (call: Pick<Call, 'get'>, query = '') => {
  const answer = await call.get<unknown>(`/api/subscription/usage/report.csv${query}`);
  return { ...answer, rows: String(answer.body).trim().split('\n') };
};
let keys = 0;
const use = (tenantId: string, amount: number, metadata?: object, resourceType = 'images') =>
  server.context.services.usage.trackUsage({
    ...{ tenantId, resourceType, amount, metadata, idempotencyKey: `r${(keys += 1)}` },
  } as never);

async function chat({ accessToken }: SessionView): Promise<void> {
  const answer = await fetch(`${server.url}/api/chat`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: 'Hi' }),
  });
  await answer.text();
}

test('13.5 the file for people has day, resource, amount, member and model, summed', async () => {
  const { session, call } = await server.signUp();
  const { tenantId, displayName } = session.user;
  await chat(session);
  await chat(session);
  await use(tenantId, 2, { model: 'painter' });
  await use(tenantId, 1, { model: 'painter' });
  await use(tenantId, 4, { userId: 'who-left' });
  clock.set('2026-05-11T12:00:00Z');
  await use(tenantId, 1);
  const { headers, rows } = await report(call, '?days=7');
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-disposition')).toContain('usage-by-day-7-days.csv');
  expect(rows[0]).toBe('day,resource,amount,member,model');
  expect(rows.find((row) => row.includes('llm_tokens'))).toMatch(
    new RegExp(`^2026-05-10,llm_tokens,\\d+,${displayName},storyteller$`),
  );
  expect(rows.slice(2)).toEqual([
    `2026-05-10,messages,2,${displayName},storyteller`,
    '2026-05-10,images,4,who-left,',
    '2026-05-10,images,3,,painter',
    '2026-05-11,images,1,,',
  ]);
});

test('13.5 the range is the one that was chosen, and older months can be reached', async () => {
  const { session, call } = await server.signUp();
  const { tenantId } = session.user;
  clock.set('2026-05-31T12:00:00Z');
  await use(tenantId, 5);
  clock.set('2026-06-20T12:00:00Z');
  await use(tenantId, 1);
  expect((await report(call, '?days=7')).rows).toEqual([
    'day,resource,amount,member,model',
    '2026-06-20,images,1,,',
  ]);
  expect((await report(call, '?days=30')).rows.slice(1)).toEqual([
    '2026-05-31,images,5,,',
    '2026-06-20,images,1,,',
  ]);
  expect((await report(call, '?period=2026-05')).rows.slice(1)).toEqual(['2026-05-31,images,5,,']);
  const { body } = await call.get<UsageHistory>('/api/subscription/usage/history?period=2026-05');
  expect(body.days).toHaveLength(31);
  expect(body.days.at(-1)).toMatchObject({ date: '2026-05-31', images: 5 });
  expect((await report(call, '?period=2026-13')).status).toBe(400);
  expect((await report(call, '?days=8')).status).toBe(400);
  const head = await fetch(`${server.url}/api/subscription/usage/report.csv`, {
    method: 'HEAD',
    headers: { Authorization: `Bearer ${session.accessToken}` },
  });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('13.5 of an archived month the days stay', async () => {
  const { session, call } = await server.signUp();
  const { tenantId } = session.user;
  clock.set('2026-07-03T12:00:00Z');
  await use(tenantId, 2, { model: 'painter' });
  clock.set('2026-07-05T12:00:00Z');
  await use(tenantId, 3, { model: 'painter' });
  clock.set('2026-08-10T12:00:00Z');
  const period: Period = '2026-07' as Period;
  await server.database.pool.query(
    `insert into u00.usage_archives (period, file, rows, sha256, archived_at)
     values ($1, 'usage-2026-07.csv.gz', 2, '', now())`,
    [period],
  );
  expect((await report(call, `?period=${period}`)).rows.slice(1)).toEqual([
    '2026-07-03,images,2,,',
    '2026-07-05,images,3,,',
  ]);
});

test('13.5 a cell that a spreadsheet would run is written as text, and nobody sees another team’s', async () => {
  const { session, call } = await server.signUp();
  const other = await server.signUp();
  await use(session.user.tenantId, 1, { model: '=1+1', userId: '@who' });
  expect((await report(call)).rows.at(-1)).toMatch(/,images,1,'@who,'=1\+1$/);
  expect((await report(other.call)).rows).toHaveLength(1);
  expect((await caller(server.url).get('/api/subscription/usage/report.csv')).status).toBe(401);
});

test('13 a member gets their own use apart, and that of all others together; so does their key', async () => {
  const people = teamsOf(server);
  const owner = await people.owner('files');
  const [member, other] = [await people.join(owner, 'own'), await people.join(owner, 'other')];
  const { tenantId } = owner.session.user;
  const of = (person: Person, amount: number) =>
    use(tenantId, amount, { userId: idOf(person), model: 'painter' });
  await of(member, 2);
  await of(other, 5);
  await of(owner, 7);
  await use(tenantId, 1);
  const day = clock.now().toISOString().slice(0, 10);
  const rowsOf = async ({ call }: { call: Pick<Call, 'get'> }) => {
    const { status, rows, body } = await report(call);
    expect([status, body]).toEqual([200, expect.any(String)]);
    return rows.slice(1);
  };
  const told = [`${day},images,2,own,painter`, `${day},images,13,others,`];
  expect((await rowsOf(member)).toSorted()).toEqual(told.toSorted());
  expect((await rowsOf(owner)).toSorted()).toEqual(
    [
      `${day},images,2,own,painter`,
      `${day},images,5,other,painter`,
      `${day},images,7,files,painter`,
      `${day},images,1,,`,
    ].toSorted(),
  );
  const ledger = async (by: { call: Pick<Call, 'get'> }) =>
    String((await by.call.get('/api/subscription/usage/export.csv')).body);
  expect((await ledger(member)).match(/,images,\d+,/g)).toEqual([',images,2,']);
  expect(await ledger(owner)).toContain(idOf(other));

  const keyOf = async (person: Person) => {
    const made = await person.call.post<{ key: string }>('/api/api-keys', {
      ...{ name: 'reader', scopes: ['usage:read'] },
    });
    expect(made).toMatchObject({ status: 201 });
    return { call: caller(server.url, made.body.key) };
  };
  // The call of the key itself is counted, and is its maker's.
  expect((await rowsOf(await keyOf(member))).filter((row) => row.includes('images'))).toEqual(
    expect.arrayContaining(told),
  );
  expect(await ledger(await keyOf(owner))).toContain(idOf(other));
});
