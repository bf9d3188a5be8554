import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf, type Person } from '../../../../tests/support/team.ts';

/** What belongs to a person and not to a team: it may tell of all of theirs. */
const PERSONAL = ['/api/auth/teams', '/api/auth/me/export.json'];

interface Side {
  mark: string;
  tenantId: string;
  /** The person of both teams, here. */
  token: string;
  /** Of what only this team has. */
  ids: string[];
}

let server: TestServer;
let operations: { method: string; path: string }[];
let one: Side;
let two: Side;

beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { security?: object[] }>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security = [] }]) => security.some((one) => 'accessToken' in one))
      .map(([method]) => ({ method: method.toUpperCase(), path })),
  );
  const both = await server.signUp('in-both');
  one = await side('mark-one', both);
  two = await side('mark-two', both);
});
afterAll(() => server?.stop());

/** A team with the person in it as an owner, and something of each kind that carries its mark. */
async function side(mark: string, both: Person): Promise<Side> {
  const people = teamsOf(server);
  const owner = await people.owner(`${mark}-owner`);
  const member = await people.join(owner, `${mark}-member`);
  const there = await people.admit(owner, both, 'owner');
  const made = async (path: string, body: object, by = there) =>
    (await by.call.post<{ id: string }>(path, body)).body.id;
  const character = { name: `${mark} character`, description: '', greeting: 'Hello' };
  const ids = [
    await made('/api/characters', character),
    await made('/api/conversations', { title: `${mark} talk` }),
    await made('/api/api-keys', { name: `${mark} key` }),
    await made('/api/invitations', { email: `${mark}-guest@example.com`, role: 'member' }),
    await made('/api/conversations', { title: `${mark} talk of another` }, member),
    member.session.user.id,
    owner.session.user.id,
    randomUUID(),
  ];
  const { accessToken, tenant } = there.session;
  return { mark, tenantId: tenant.id, token: accessToken, ids };
}

async function send(token: string, method: string, path: string) {
  const response = await fetch(server.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return { status: response.status, text: '' };
  }
  return { status: response.status, text: await response.text() };
}

/** Every row that any table has of a team, in the main schema and in the buckets. */
async function rowsOf(tenantId: string): Promise<string> {
  const { pool } = server.database;
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where column_name = 'tenant_id' and table_type = 'BASE TABLE'
       and (table_schema = 'public' or table_schema ~ '^u\\d\\d$') and table_name <> 'mail_outbox'
     order by 1`,
  );
  const contents = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(
      `select t::text as row from ${name} t where tenant_id = $1 order by 1`,
      [tenantId],
    );
    contents.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return contents.join('\n');
}

describe('13 a person of two teams sees and changes in each only what is its own', () => {
  test('whatever is read in one has nothing of the other in it', async () => {
    const marked: string[] = [];
    const reads = operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'));
    expect(reads.length).toBeGreaterThan(15);
    for (const { path } of reads.filter(({ path }) => !PERSONAL.includes(path))) {
      for (const [here, other] of [
        [one, two],
        [two, one],
      ] as const) {
        const { status, text } = await send(here.token, 'GET', path);
        expect([path, status < 500 || status === 503]).toEqual([path, true]);
        expect([path, text.includes(other.mark)]).toEqual([path, false]);
        expect([path, other.ids.filter((id) => text.includes(id))]).toEqual([path, []]);
        if (text.includes(here.mark)) marked.push(path);
      }
    }
    for (const path of [
      ...['/api/api-keys', '/api/characters', '/api/conversations', '/api/members'],
      ...['/api/invitations', '/api/auth/me', '/api/tenant/audit', '/api/tenant/audit.csv'],
    ]) {
      expect(marked.filter((one) => one === path)).toHaveLength(2);
    }
  });

  test('whatever is asked for by an id of the other is not there', async () => {
    const before = await rowsOf(one.tenantId);
    const named = operations.filter(({ path }) => path.includes('{'));
    expect(named.length).toBeGreaterThan(15);
    for (const { method, path } of named) {
      for (const id of one.ids) {
        const { status, text } = await send(two.token, method, path.replace(/\{\w+\}/, id));
        expect([method, path, status >= 400 && (status < 500 || status === 503)]).toEqual([
          ...[method, path, true],
        ]);
        expect([method, path, text.includes(one.mark)]).toEqual([method, path, false]);
      }
    }
    expect(await rowsOf(one.tenantId)).toBe(before);
  });

  test('whatever is done in one leaves every row of the other as it was', async () => {
    const before = await rowsOf(one.tenantId);
    const acts = operations.filter(({ method, path }) => method !== 'GET' && !path.includes('{'));
    expect(acts.length).toBeGreaterThan(10);
    for (const { method, path } of acts) {
      const { status } = await send(two.token, method, path);
      expect([method, path, status < 500 || status === 503]).toEqual([method, path, true]);
    }
    expect(await rowsOf(one.tenantId)).toBe(before);
  });
});
