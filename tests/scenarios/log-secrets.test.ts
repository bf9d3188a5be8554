import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/server/log.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Customer, GOOD_CARD } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import type { SessionView } from '../../src/domain/api.ts';

/** Stands in everything that people send, so that whatever of it is logged is found. */
const SECRET = 'planted7secret';
const PASSWORD = `password ${SECRET}`;

/** Every table with LOG_SECRETS_RUNS=all, as the long suite does; these always. */
const ALL = process.env['LOG_SECRETS_RUNS'] === 'all';
const SLICE = ['api_keys', 'audit_log', 'characters', 'refresh_tokens', 'users'];

let app: TestApp;
const lines: string[] = [];

beforeAll(async () => {
  const log = createLog('trace', false, { write: (line) => lines.push(line) });
  app = await startTestApp({}, log);
});
afterAll(() => app?.stop());

const register = (email: string) =>
  caller(app.url).post<SessionView>('/api/auth/register', {
    ...{ email, password: PASSWORD, displayName: SECRET, tenantName: SECRET },
  });

/** Everything that writes, once; what is refused is refused. */
async function everything(session: SessionView): Promise<void> {
  const person = new Customer(app, session);
  const { api } = person;
  const service = caller(app.url, app.usageIngestToken);
  const tenantId = session.tenant.id;
  await register(`${SECRET}-${randomUUID()}@example.com`);
  const login = await fetch(`${app.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: session.user.email, password: PASSWORD }),
  });
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0];
  await fetch(`${app.url}/api/auth/refresh`, { method: 'POST', headers: cookie ? { cookie } : {} });
  await api.post('/api/auth/password/forgot', { email: session.user.email });
  await api.post('/api/auth/password/change', {
    ...{ currentPassword: PASSWORD, newPassword: `${PASSWORD} anew` },
  });
  await api.post('/api/auth/email/change', {
    ...{ email: `${SECRET}-${randomUUID()}@example.com`, password: `${PASSWORD} anew` },
  });
  const character = { name: SECRET, description: SECRET, greeting: SECRET };
  await api.post('/api/characters', { ...character, shared: false });
  await api.post('/api/chat', { message: SECRET });
  await api.post('/api/images', { prompt: SECRET });
  const unit = { tenantId, resourceType: 'messages', amount: 1 };
  const metadata = { note: SECRET };
  await service.post('/api/usage/events', {
    events: [{ ...unit, amount: 70, idempotencyKey: `${SECRET}-${randomUUID()}`, metadata }],
  });
  const held = await service.post<{ reservationId?: string }>('/api/usage/reservations', {
    ...{ ...unit, ttlSeconds: 60, idempotencyKey: `${SECRET}-${randomUUID()}` },
  });
  const path = `/api/usage/reservations/${held.body.reservationId ?? randomUUID()}`;
  await service.post(`${path}/settle`, { amount: 1, metadata });
  const checkout = await person.openCheckout('pro', 'month');
  if (checkout.status === 200) {
    const id = new URL(checkout.body.checkoutUrl).pathname.split('/').at(-1)!;
    await person.stripe.post(`/_control/checkout_sessions/${id}/complete`, { card: GOOD_CARD });
  }
  await app.localStripe?.settled();
  await api.post('/api/subscription/sync');
  await api.post('/api/api-keys', { name: SECRET });
  await api.post('/api/subscription/cancel', { reason: SECRET });
  await app.server.context.services.mails.sendDue();
}

test('10.11 no insert that fails puts what people sent, or a secret, into the log', async () => {
  const { pool } = app.database;
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'u00') and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  expect(tables.length).toBeGreaterThan(15);
  const walked = ALL ? tables : tables.filter(({ name }) => SLICE.includes(name));
  const sessions = new Map<string, SessionView>();
  for (const { name } of walked) {
    const { body } = await register(`${SECRET}-${randomUUID()}@example.com`);
    sessions.set(name, body);
  }
  const failed = new Set<string>();
  for (const [table, session] of sessions) {
    const before = lines.length;
    // Refuses every row from now on, and says which row it was: the worst of what can be told.
    await pool.query(`alter table ${table} add constraint planted check (false) not valid`);
    await everything(session);
    await pool.query(`alter table ${table} drop constraint planted`);
    if (lines.slice(before).some((line) => line.includes('"planted"'))) failed.add(table);
  }
  const { rows: secrets } = await pool.query<{ secret: string }>(
    `select password_hash as secret from users union select token_hash from refresh_tokens
     union select key_hash from api_keys union select token_hash from mailed_links`,
  );
  const text = lines.join('');
  expect(text).not.toContain(SECRET);
  for (const { secret } of secrets) expect(text).not.toContain(secret);
  // The story did fail where it should: what nobody saw fail proves nothing.
  expect([...failed].sort()).toEqual(expect.arrayContaining(SLICE));
}, 240_000);
