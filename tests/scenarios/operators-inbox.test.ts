import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseAlert, resolveAlert } from '../../src/db/repositories/operations/alert.repository.ts';
import type {
  AlertsPage,
  EventDetail,
  EventsPage,
  HealthScreen,
  Replayed,
} from '../../src/domain/accounts/operator-inbox.ts';
import type { OperatorLogPage } from '../../src/domain/accounts/operator-view.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';

let app: TestApp;
let operator: SignedInOperator;
let customer: Customer;
beforeAll(async () => {
  app = await startTestApp();
  operator = await makeOperator(app, await signUp(app, 'Operators'));
  customer = await signUp(app);
  await customer.subscribe('pro', 'month');
});
afterAll(() => app?.stop());

const get = async <T>(path: string) => (await operator.send<T>('GET', `/api/admin${path}`)).body;
const post = <T>(path: string, body: object) =>
  operator.send<T & { code?: string }>('POST', `/api/admin${path}`, {
    ...{ reason: 'TICKET-9', ...body },
  });

test('14 events stand by state with their bodies, in pages', async () => {
  const { events, nextCursor } = await get<EventsPage>('/events?state=processed&limit=2');
  expect(events).toHaveLength(2);
  const next = await get<EventsPage>(`/events?state=processed&limit=2&cursor=${nextCursor}`);
  expect(next.events.map(({ id }) => id)).not.toContain(events[0]!.id);
  const [event] = events;
  expect(event).toMatchObject({ state: 'processed', tenantId: customer.tenantId });
  const detail = await get<EventDetail>(`/events/${event!.id}`);
  expect(detail).toMatchObject({ payload: { id: event!.id, type: event!.type } });
  expect((await operator.send('GET', '/api/admin/events/evt_none')).status).toBe(404);
  expect((await operator.send('GET', '/api/admin/events/none')).status).toBe(400);
  expect((await operator.send('GET', '/api/admin/events?state=odd')).status).toBe(400);
});

test('14 an event that was given up is tried again, and its alert closes', async () => {
  const { events } = await get<EventsPage>('/events?state=processed&limit=1');
  const { id } = events[0]!;
  await app.database.pool.query(
    `update stripe_events set state = 'dead', processed_at = null where id = $1`,
    [id],
  );
  await raise('event_dead', id);
  const preview = await post<Replayed>('/events/replay', { dryRun: true });
  expect(preview.body).toEqual({ done: false, events: [{ id, error: null }] });
  expect((await post('/events/replay', { reason: '' })).body.code).toBe('invalid_request');
  expect((await get<EventDetail>(`/events/${id}`)).state).toBe('dead');
  const done = await post<Replayed>('/events/replay', { ids: [id] });
  expect(done.body).toEqual({ done: true, events: [{ id, error: null }] });
  expect((await get<EventDetail>(`/events/${id}`)).state).toBe('processed');
  expect((await get<AlertsPage>('/alerts')).alerts).toEqual([]);
});

test('14 an alert is resolved once, with a reason that stays', async () => {
  const id = await raise('late_payment', 'in_odd');
  const open = await get<AlertsPage>('/alerts');
  expect(open.alerts).toMatchObject([{ id, kind: 'late_payment', resolvedAt: null }]);
  const resolve = (reason: string) => post(`/alerts/${id}/resolve`, { reason });
  expect((await resolve('')).body.code).toBe('invalid_request');
  expect((await resolve('looked into')).status).toBe(200);
  expect((await resolve('again')).body.code).toBe('state_changed');
  expect((await get<AlertsPage>('/alerts?state=resolved')).alerts[0]).toMatchObject({ id });
  const { entries } = await get<OperatorLogPage>('/log?limit=10');
  expect(entries.find(({ reason }) => reason === 'looked into')).toMatchObject({
    ...{ action: 'operator.alert_resolved', subject: id },
  });
  expect(entries.find(({ reason }) => reason === 'again')).toBeDefined();
});

test('14 an alert that is raised again tells the facts of now, and counts', async () => {
  const { db } = app.server.context.database;
  const told = {
    kind: 'event_dead',
    subjectId: 'evt_again',
    tenantId: null,
    now: new Date(),
  } as const;
  await raiseAlert(db, { ...told, message: 'first', details: { error: 'a lock' } });
  await raiseAlert(db, { ...told, message: 'then', details: { error: 'a bug', attempts: 2 } });
  const { alerts } = await get<AlertsPage>('/alerts');
  expect(alerts).toMatchObject([{ message: 'then', count: 2 }]);
  expect(alerts[0]!.details).toEqual({ error: 'a bug', attempts: 2 });
  await resolveAlert(db, 'event_dead', 'evt_again', new Date());
});

test('14 health tells jobs, inbox, mails, comparison, verification, versions and settings', async () => {
  const health = await get<HealthScreen>('/health');
  expect(health).toMatchObject({
    readiness: { database: 'ok', jobs: 'ok', migrations: 'ok', bucketServers: 'ok' },
    inbox: { received: 0, dead: 0 },
    deliveries: { acceptedAt: expect.any(String) },
  });
  expect(health.jobs.map(({ job }) => job)).toContain('stripe-event');
  expect(health.versions.map(({ name }) => name)).toEqual([
    ...['Node', 'PostgreSQL', 'Stripe API', 'Migration'],
  ]);
  expect(JSON.stringify(health.settings)).not.toContain('sk_test_squaretable');
});

async function raise(kind: string, subjectId: string): Promise<string> {
  const id = randomUUID();
  await app.database.pool.query(
    `insert into alerts (id, kind, subject_id, message, raised_at, last_raised_at)
     values ($1, $2, $3, 'of a test', now(), now())`,
    [id, kind, subjectId],
  );
  return id;
}
