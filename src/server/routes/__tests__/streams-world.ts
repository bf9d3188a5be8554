import { randomUUID } from 'node:crypto';
import http from 'node:http';
import pg from 'pg';
import { expect, vi } from 'vitest';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { caller } from '../../../../tests/support/http.ts';
import { signInAsOperator } from '../../../../tests/support/operator.ts';
import { plantOverage } from '../../../../tests/support/overage.ts';
import type { SessionView } from '../../../domain/api.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf } from '../../../../tests/support/team.ts';

const PASSWORD = 'correct horse';

/** Rows of each large file: more than the sockets between take, so that who stops leaves most of it unsent. */
const ROWS = 40_000;

interface Described {
  responses: { 200?: { content?: Record<string, { schema?: { type?: string } }> } };
}

/** What answers as it reads, of all that the API's own document has. */
export interface StreamPath {
  path: string;
  kind: 'file' | 'events';
}

/** A server whose one team fills every file, and everybody that may read one. */
export async function streamsWorld() {
  const server = await startTestServer();
  const owner = await teamsOf(server).owner('reader');
  const { tenant, user } = owner.session;
  const staff = new BrowserSession(server.url);
  const registration = { email: 'staff@example.com', password: PASSWORD };
  const registered = await staff.send<SessionView>('POST', '/api/auth/register', registration);
  let operatorToken = registered.body.accessToken;
  const operator = await signInAsOperator(server, {
    ...{ ...registration, accessToken: operatorToken },
  });
  const statementId = await plant(server, tenant.id, user.id);
  const places = (path: string) =>
    path
      .replace('/statements/{id}', `/statements/${statementId}`)
      .replace('/tenants/{id}', `/tenants/${tenant.id}`)
      .replace('{userId}', user.id)
      .replace('{list}', 'mrr');
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    paths: Record<string, { get?: Described }>;
  };
  const gets = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get ? [{ path: places(path), kind: kindOf(get) }] : [],
  );
  const browser = new BrowserSession(server.url);
  let token = owner.session.accessToken;
  const headers = (path: string) =>
    path.startsWith('/api/admin/')
      ? { Authorization: `Bearer ${operatorToken}`, Cookie: operator.cookie }
      : { Authorization: `Bearer ${token}` };
  return {
    ...{ server, owner, headers, gets, places },
    streams: gets.filter((one): one is StreamPath => one.kind !== 'plain'),
    /** A thousand runs of each way take longer than a token lives. */
    signInAgain: async () => {
      token = await browser.signIn(user.email, PASSWORD);
      owner.call = caller(server.url, token);
      const answer = await staff.send<SessionView>('POST', '/api/auth/refresh');
      operatorToken = answer.body.accessToken;
    },
    get: (path: string, signal?: AbortSignal) =>
      fetch(server.url + path, { headers: headers(path), ...(signal ? { signal } : {}) }),
    /** Sends a request and breaks the socket as `when` says. */
    broken: (path: string, when: Moment) => broken(server.url + path, headers(path), when),
    stalled: (path: string) => stalled(server.url + path, headers(path)),
    held: () => heldBy(server),
    released: () => released(server),
    releasedBy: released,
  };
}

export type StreamsWorld = Awaited<ReturnType<typeof streamsWorld>>;

function kindOf({ responses }: Described): StreamPath['kind'] | 'plain' {
  const content = responses[200]?.content ?? {};
  if ('text/event-stream' in content) return 'events';
  const isFile = 'text/csv' in content || content['application/json']?.schema?.type === 'string';
  return isFile ? 'file' : 'plain';
}

/** What a process holds for streams. */
function heldBy({ context, database }: TestServer) {
  const { pool } = database;
  const { streams, services } = context;
  return {
    connections: pool.totalCount - pool.idleCount,
    exports: streams.exports.open,
    live: streams.liveUsage.open,
    watchers: { usage: services.usage.watchers(), ...services.auth.access.watchers },
  };
}

const NOTHING = {
  ...{ connections: 0, exports: 0, live: 0 },
  watchers: { usage: 0, memberships: 0, sessions: 0 },
};

function released(server: TestServer): Promise<void> {
  const check = () => expect(heldBy(server)).toEqual(NOTHING);
  return vi.waitFor(check, { timeout: 60_000, interval: 2 });
}

export type Moment = 'sent' | 'headers' | 'first byte';

function broken(url: string, headers: http.OutgoingHttpHeaders, when: Moment): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(url, { headers, agent: false });
    const drop = () => {
      request.destroy();
      resolve();
    };
    request.on('error', () => resolve());
    request.on('close', () => resolve());
    if (when === 'sent') request.on('finish', () => setImmediate(drop));
    else {
      request.on('response', (response) => {
        response.on('error', () => resolve());
        if (when === 'headers') drop();
        else response.once('data', drop);
      });
    }
  });
}

/** Takes the headers and nothing more; `end` leaves, and says whether the server had cut it by then. */
function stalled(url: string, headers: http.OutgoingHttpHeaders) {
  return new Promise<{ end(): void }>((resolve, reject) => {
    const request = http.get(url, { headers, agent: false }, (response) => {
      response.pause();
      response.on('error', () => {});
      expect(response.statusCode).toBe(200);
      resolve({ end: () => request.destroy() });
    });
    request.on('error', reject);
  });
}

/** Ends every connection to the database, and lets in nobody until `heal`. */
export async function databaseFault(url: string) {
  const name = new URL(url).pathname.slice(1);
  const admin = new pg.Client(Object.assign(new URL(url), { pathname: '/postgres' }).href);
  await admin.connect();
  const open = (isOpen: boolean) =>
    admin.query(`alter database ${name} allow_connections ${isOpen}`);
  const cut = () =>
    admin.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1`, [
      name,
    ]);
  return {
    cut,
    async away() {
      await open(false);
      await cut();
    },
    heal: () => open(true),
    close: () => admin.end(),
  };
}

/** Fills the ledger, the account, the log and the conversations of a team; answers its statement. */
async function plant({ context, database }: TestServer, tenantId: string, userId: string) {
  const { pool } = database;
  await context.services.usage.ensurePartitions();
  await pool.query(
    `insert into u00.usage
       (tenant_id, period, resource_type, amount, occurred_at, idempotency_key, metadata)
     select $1, to_char(now() at time zone 'UTC', 'YYYY-MM'), 'images', 1, now(),
       repeat('k', 200) || n, jsonb_build_object('model', repeat('m', 150) || n)
     from generate_series(1, $2) n`,
    [tenantId, ROWS],
  );
  await plantOverage(pool, tenantId, 2 * ROWS, new Date());
  const { rows } = await pool.query<{ id: string }>(
    `insert into statements (tenant_id, kind, period, seq_from, seq_to, state, currency, amount_minor,
       carried_in_minor, micro, rows, sha256, previous_sha256, closed_at)
     values ($1, 'threshold', to_char(now() at time zone 'UTC', 'YYYY-MM'), 1, $2, 'paid', 'cny', 1, 0, 1,
       $2, '', '', now()) returning id`,
    [tenantId, 2 * ROWS],
  );
  await pool.query(
    `insert into audit_log (tenant_id, actor_kind, action, cause)
     select $1, 'system', 'member.left', repeat('c', 200) from generate_series(1, $2)`,
    [tenantId, ROWS],
  );
  const conversationId = randomUUID();
  await pool.query(
    `insert into conversations (id, tenant_id, user_id, title) values ($1, $2, $3, 'Long')`,
    [conversationId, tenantId, userId],
  );
  await pool.query(
    `insert into conversation_turns (conversation_id, who, kind, text, state)
     select $1, 'reader', 'text', repeat('t', 200), 'done' from generate_series(1, $2)`,
    [conversationId, ROWS],
  );
  return rows[0]!.id;
}
