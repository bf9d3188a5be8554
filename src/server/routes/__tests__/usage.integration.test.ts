import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { UsageHistory, UsageStats } from '../../../domain/api.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
import { imbalances } from '../../../../tests/support/metered-tenant.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { readEvents } from '../../../../tests/support/sse.ts';
import { HandClock, usageService } from '../../services/usage/__tests__/service.ts';

const TOKEN = 'the token of other services';
let server: TestServer;
let service: Caller;
const clock = new HandClock('2026-05-10T12:00:00Z');

beforeAll(async () => {
  server = await startTestServer({ env: { USAGE_INGEST_TOKEN: TOKEN }, clock });
  service = caller(server.url, TOKEN);
});
afterAll(() => server.stop());
afterEach(async () => expect(await imbalances(server.database.pool)).toEqual([]));

type Results = { results: Record<string, unknown>[] };
let keys = 0;
const event = (tenantId: string, amount = 1, more: object = {}) => ({
  ...{ tenantId, resourceType: 'images', amount, idempotencyKey: `event-${(keys += 1)}` },
  ...more,
});

describe('POST /api/usage/events', () => {
  test('answers in order, and one bad event loses none of the others', async () => {
    const { session } = await server.signUp();
    const { tenantId } = session.user;
    const first = event(tenantId, 4);
    const { status, body } = await service.post<Results>('/api/usage/events', {
      events: [
        first,
        event(tenantId, 0),
        event('11111111-1111-4111-8111-111111111111'),
        first,
        { ...first, amount: 5 },
        event(tenantId, 7),
        event(tenantId, 7, { enforce: false }),
        null,
        event(tenantId, 1, { metadata: { text: '\u0000' } }),
        event(tenantId, 1, { idempotencyKey: undefined }),
        event(tenantId.toUpperCase(), 1, { resourceType: 'messages' }),
      ],
    });
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { status: 'recorded', used: 4, limit: 10, remaining: 6 },
      { status: 'invalid', error: expect.stringContaining('amount') },
      { status: 'invalid', code: 'tenant_not_found' },
      { status: 'duplicate', used: 4, limit: 10, remaining: 6 },
      { status: 'invalid', code: 'idempotency_conflict' },
      { status: 'rejected', used: 4, limit: 10, remaining: 6 },
      { status: 'recorded', used: 11, limit: 10, remaining: 0 },
      { status: 'invalid', error: 'An event must be an object.' },
      { status: 'invalid', error: expect.stringContaining('NUL') },
      { status: 'invalid', error: 'idempotencyKey is missing.' },
      { status: 'recorded', used: 1, limit: 100, remaining: 99 },
    ]);
  });

  test.each([
    ['no events', { events: [] }],
    ['too many', { events: Array.from({ length: 1001 }, () => ({})) }],
    ['no array', { events: {} }],
    ['no object', 7],
    ['a field beside them', { events: [{}], occurredAt: '2026-05-01T00:00:00Z' }],
    ['nothing', null],
  ])('refuses a body with %s', async (_, body) => {
    expect(await service.post('/api/usage/events', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  test.each([[undefined], ['wrong'], [`${TOKEN}x`]])('is closed to the token %s', async (token) => {
    expect(await caller(server.url, token).post('/api/usage/events', { events: [] })).toMatchObject(
      { status: 401, body: { code: 'unauthenticated' } },
    );
  });

  test('a body that is not JSON is a 400', async () => {
    const answer = await fetch(`${server.url}/api/usage/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: '{"events": [',
    });
    expect(answer.status).toBe(400);
  });
});

describe('reservations', () => {
  const ingest = async (one: object) => {
    const { body } = await service.post<Results>('/api/usage/events', { events: [one] });
    return body.results[0];
  };
  const hold = (tenantId: string, amount: number) => ({
    ...{ tenantId, resourceType: 'images', amount, ttlSeconds: 60 },
    idempotencyKey: `hold-${(keys += 1)}`,
  });

  test('are held, settled once, and released again and again', async () => {
    const { session } = await server.signUp();
    const { tenantId } = session.user;
    const held = await service.post<{ reservationId: string }>(
      '/api/usage/reservations',
      hold(tenantId, 6),
    );
    expect(held).toMatchObject({
      status: 201,
      body: { expiresAt: '2026-05-10T12:01:00.000Z', remaining: 4 },
    });
    const path = `/api/usage/reservations/${held.body.reservationId}`;
    const refused = await service.post('/api/usage/reservations', hold(tenantId, 5));
    expect(refused).toMatchObject({ status: 429, body: { code: 'quota_exceeded' } });
    // 10.4 Only the hold is in the way: a matter of seconds, not of the month.
    expect(refused.body).toMatchObject({ details: { reason: 'in_progress', used: 0, held: 6 } });
    expect(Number(refused.headers.get('retry-after'))).toBe(5);
    const waiting = event(tenantId, 5);
    const rejection = { status: 'rejected', used: 0, limit: 10, remaining: 4, held: 6 };
    expect(await ingest(waiting)).toEqual({ ...rejection, retryAfterSeconds: 5 });
    const settled = { status: 200, body: { used: 9, remaining: 1 } };
    expect(await service.post(`${path}/settle`, { amount: 9 })).toMatchObject(settled);
    expect(await service.post(`${path}/settle`, { amount: 9 })).toMatchObject(settled);
    expect(await service.post(`${path}/settle`, { amount: 8 })).toMatchObject({ status: 409 });
    expect(await service.post(`${path}/settle`, { amount: -1 })).toMatchObject({ status: 400 });

    const other = await service.post<{ reservationId: string }>(
      '/api/usage/reservations',
      hold(tenantId, 1),
    );
    // 10.4 Without the hold too little would be left just the same: that is of the month.
    const short = await service.post('/api/usage/reservations', hold(tenantId, 2));
    expect(short.body).toMatchObject({ details: { reason: 'quota', used: 9, held: 1, limit: 10 } });
    expect(Number(short.headers.get('retry-after'))).toBeGreaterThan(3_600);
    const gone = { status: 'rejected', used: 9, limit: 10, remaining: 0, held: 1 };
    expect(await ingest(waiting)).toEqual(gone);
    const otherPath = `/api/usage/reservations/${other.body.reservationId}`;
    expect((await service.delete(otherPath)).status).toBe(204);
    expect((await service.delete(otherPath)).status).toBe(204);
    expect(await service.post(`${otherPath}/settle`, { amount: 1 })).toMatchObject({
      status: 409,
      body: { code: 'reservation_released' },
    });
    expect((await service.delete('/api/usage/reservations/nothing')).status).toBe(404);
  });

  test.each([
    ['ttlSeconds', 0],
    ['ttlSeconds', 86_401],
    ['amount', 1.5],
    ['tenantId', 'x'],
    ['resourceType', 'cars'],
    ['idempotencyKey', ''],
    ['idempotencyKey', 'a\u0000b'],
    ['unknown', 1],
  ])('refuse %s %j', async (field, value) => {
    const { session } = await server.signUp(`bad-${(keys += 1)}`);
    const body = { ...hold(session.user.tenantId, 1), [field]: value };
    expect(await service.post('/api/usage/reservations', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});

describe('what a tenant sees', () => {
  test('usage of a month, each resource', async () => {
    const { session, call } = await server.signUp();
    await service.post('/api/usage/events', { events: [event(session.user.tenantId, 8)] });
    const { status, body } = await call.get<UsageStats>('/api/subscription/usage');
    expect(status).toBe(200);
    expect(body).toMatchObject({ period: '2026-05', resetsAt: '2026-06-01T00:00:00.000Z' });
    expect(body.resources.map((one) => [one.resourceType, one.used, one.level])).toEqual([
      ['llm_tokens', 0, 'ok'],
      ['messages', 0, 'ok'],
      ['images', 8, 'warning'],
      ['api_calls', 0, 'not_included'],
    ]);
    const before = await call.get<UsageStats>('/api/subscription/usage?period=2026-04');
    expect(before.body.resources[2]).toMatchObject({ used: 0, limit: 10 });
  });

  test.each(['2026-13', '2026', '0000-01', '', '2026-05-01', '٢٠٢٦-٠٥'])(
    'the period %j is refused',
    async (period) => {
      const { call } = await server.signUp(`period-${(keys += 1)}`);
      for (const path of ['usage', 'usage/export.csv']) {
        const query = new URLSearchParams({ period });
        expect(await call.get(`/api/subscription/${path}?${query}`)).toMatchObject({
          status: 400,
          body: { code: 'invalid_period' },
        });
      }
    },
  );

  test('history by UTC day, zeros included', async () => {
    const { session, call } = await server.signUp();
    clock.set('2026-04-30T23:59:00Z');
    await service.post('/api/usage/events', { events: [event(session.user.tenantId, 3)] });
    clock.set('2026-05-10T12:00:00Z');
    await service.post('/api/usage/events', { events: [event(session.user.tenantId, 2)] });
    const { body } = await call.get<UsageHistory>('/api/subscription/usage/history?days=30');
    expect(body.days).toHaveLength(30);
    expect(body.days[0]!.date).toBe('2026-04-11');
    expect(body.days.at(-1)).toMatchObject({ date: '2026-05-10', images: 2, messages: 0 });
    expect(body.days.find((day) => day.date === '2026-04-30')).toMatchObject({ images: 3 });
    expect((await call.get('/api/subscription/usage/history?days=8')).status).toBe(400);
  });

  test('the ledger as CSV, with nothing that a spreadsheet would run', async () => {
    const { session, call } = await server.signUp();
    const { tenantId } = session.user;
    const formula = event(tenantId, 1, { idempotencyKey: '=1+1', metadata: { a: 'x,"y"' } });
    await service.post('/api/usage/events', { events: [formula] });
    const answer = await call.get<unknown>('/api/subscription/usage/export.csv?period=2026-05');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header, row, rest] = String(answer.body).split('\n');
    expect(header).toBe(
      'id,occurred_at,recorded_at,resource_type,amount,idempotency_key,reservation_id,actor,reason,metadata,reverses_id',
    );
    expect(row).toMatch(
      /^\d+,2026-05-10T12:00:00\.000Z,2026-05-10T12:00:00\.000Z,images,1,'=1\+1,,,,"\{""a"": ""x,\\""y\\""""\}",$/,
    );
    expect(rest).toBe('');
  });

  test('live, also what another process records', async () => {
    const { session } = await server.signUp();
    const { tenantId } = session.user;
    const hangUp = new AbortController();
    const answer = await fetch(`${server.url}/api/subscription/usage/stream`, {
      headers: { Authorization: `Bearer ${session.accessToken}` },
      signal: hangUp.signal,
    });
    const events = readEvents(answer);
    const used = async () => {
      const { value } = await events.next();
      return (value!.data as unknown as UsageStats).resources[2]!.used;
    };
    expect(await used()).toBe(0);
    await service.post('/api/usage/events', { events: [event(tenantId, 2)] });
    expect(await used()).toBe(2);
    const elsewhere = usageService(server.database, clock);
    await elsewhere.trackUsage({ tenantId, resourceType: 'images', amount: 3 });
    expect(await used()).toBe(5);
    await server.database.pool.query(`update tenants set plan = 'pro' where id = $1`, [tenantId]);
    const { value } = await events.next();
    expect((value!.data as unknown as UsageStats).resources[2]!.limit).toBe(500);
    hangUp.abort();
  });

  test('nothing without signing in', async () => {
    for (const path of ['usage', 'usage/history', 'usage/export.csv', 'usage/stream']) {
      expect((await caller(server.url).get(`/api/subscription/${path}`)).status).toBe(401);
    }
  });
});
