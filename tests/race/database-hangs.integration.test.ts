import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import type { SessionView } from '../../src/domain/api.ts';
import { caller, type Caller } from '../support/http.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { assertAway, readPaths, READ_WITHIN_MS, signalServer, timed } from './hanging.ts';

const WRITE_WITHIN_MS = 15_000;
const TOKEN = 'the token of other services, long enough';

let folder: string;
let postgres: EmbeddedPostgres;
let server: TestServer;
let session: SessionView;
let person: Caller;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-hangs-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder, settings: { fsync: 'off' } });
  await migrateDatabase(postgres.url());
  server = await startTestServer({
    databaseUrl: postgres.url(),
    env: { USAGE_INGEST_TOKEN: TOKEN },
  });
  ({ session, call: person } = await server.signUp());
});
afterAll(async () => {
  if (postgres) signalServer(postgres.pid()!, 'SIGCONT');
  await server?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What answers without a database, or says of itself whether it is there. */
const ON_ITS_OWN = [
  '/api/openapi.json',
  '/api/docs',
  '/healthz',
  '/metrics',
  '/api/mode',
  '/api/plans',
  '/api/chat/models',
];

test('10.22 a database that hangs is told in time, and all is well when it goes on', async () => {
  const paths = (await readPaths(person, session.tenant.id)).filter(
    (name) => !name.endsWith('/stream'),
  );
  expect(paths.length).toBeGreaterThan(12);
  const service = caller(server.url, TOKEN);
  const unit = { tenantId: session.tenant.id, resourceType: 'images', amount: 1 };
  const held = await service.post<{ reservationId: string }>('/api/usage/reservations', {
    ...unit,
    ...{ ttlSeconds: 600, idempotencyKey: 'before' },
  });
  const { reservationId } = held.body;
  const credentials = { email: session.user.email, password: 'correct horse' };

  signalServer(postgres.pid()!, 'SIGSTOP');
  const writes = [
    timed('login', caller(server.url).post('/api/auth/login', credentials)),
    timed(
      'register',
      caller(server.url).post('/api/auth/register', { ...credentials, email: 'b@example.com' }),
    ),
    timed('chat', person.post('/api/chat', { message: 'Hello' })),
    timed('image', person.post('/api/images', { prompt: 'a tower' })),
    timed(
      'character',
      person.post('/api/characters', { name: 'A', description: 'B', greeting: 'C', shared: false }),
    ),
    timed('key', person.post('/api/api-keys', { name: 'A' })),
    timed(
      'events',
      service.post('/api/usage/events', { events: [{ ...unit, idempotencyKey: 'a' }] }),
    ),
    timed(
      'reserve',
      service.post('/api/usage/reservations', { ...unit, ttlSeconds: 60, idempotencyKey: 'b' }),
    ),
    timed('settle', service.post(`/api/usage/reservations/${reservationId}/settle`, { amount: 1 })),
    timed('checkout', person.post('/api/subscription/checkout', { priceId: 'price_1' })),
    timed('cancel', person.post('/api/subscription/cancel')),
    timed('sync', person.post('/api/subscription/sync')),
  ];
  // Three of each at once: more than there are connections.
  const reads = [1, 2, 3].flatMap(() => paths.map((name) => timed(name, person.get(name))));
  const answers = await Promise.all(reads);
  // A second export of the same tenant is refused before anything is asked.
  const alone = answers.filter(({ answer }) => answer.status < 500 && answer.status !== 429);
  expect(alone.filter(({ what }) => !ON_ITS_OWN.includes(what)).map(({ what }) => what)).toEqual(
    [],
  );
  assertAway(
    answers.filter(({ answer }) => answer.status >= 500),
    READ_WITHIN_MS,
  );
  assertAway(await Promise.all(writes), WRITE_WITHIN_MS);

  signalServer(postgres.pid()!, 'SIGCONT');
  await vi.waitFor(
    async () => {
      expect((await person.get('/api/subscription/usage')).status).toBe(200);
      expect((await person.post('/api/images', { prompt: 'a tower' })).status).toBe(200);
    },
    { timeout: 30_000, interval: 200 },
  );
  // What came after its answer may have been done after all; what was promised to be asked again can be.
  const settled = await service.post(`/api/usage/reservations/${reservationId}/settle`, {
    amount: 1,
  });
  expect(settled.status).toBe(200);
  const { pool } = server.database;
  await vi.waitFor(() => expect(pool.totalCount - pool.idleCount).toBe(0), 60_000);
});
