import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/server/log.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import { wholeStory } from '../support/whole-story.ts';
import type { SessionView } from '../../src/domain/api.ts';

/** Stands in everything that people send, so that whatever of it is logged is found. */
const SECRET = 'planted7secret';
const PASSWORD = `password ${SECRET}`;

/** Every table with LOG_SECRETS_RUNS=all, as the long suite does; these always. */
const ALL = process.env['LOG_SECRETS_RUNS'] === 'all';
const SLICE = [
  ...['api_keys', 'audit_log', 'characters', 'conversation_turns', 'invitations'],
  ...['refresh_tokens', 'statements', 'users'],
];

/** Tables that nothing of the story puts a row into, each with what does. Nobody's words stand in them. */
const NOT_OF_PEOPLE: Record<string, string> = {
  alerts: 'what a verification or a sync finds',
  business_months: 'sums, once a month',
  credit_pack_prices: 'publishing packs',
  credit_packs: 'publishing packs',
  metering_buckets: 'spreading the metering',
  metering_copies: 'changes of tenants of other servers',
  metering_corrections: 'corrections on other servers',
  plan_announcements: 'publishing plans',
  plan_limits: 'publishing plans',
  plan_prices: 'publishing plans',
  plan_versions: 'publishing plans',
  rate_cards: 'publishing rates',
  reconcile_runs: 'the reconciler',
  remedies: 'money that nobody should have paid',
  settings: 'what the product notes of itself',
  sync_failures: 'a customer who cannot be read',
  trial_uses: 'subscriptions with a trial, by Stripe’s ids',
  'u00.bucket_migrations': 'migrations',
  'u00.usage_archives': 'archiving a month',
  'u00.usage_days': 'the end of a day',
  'u00.usage_member_totals': 'a member with a limit, by numbers',
};

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
  // A sequence counts on where a transaction is taken back.
  await pool.query(`create sequence refusals;
    create function planted() returns boolean language sql as
      $$ select nextval('public.refusals') < 0 $$`);
  const refusals = async () => {
    const { rows } = await pool.query<{ n: string }>(
      'select case when is_called then last_value else 0 end as n from refusals',
    );
    return Number(rows[0]!.n);
  };
  for (const [table, session] of sessions) {
    const before = await refusals();
    // Refuses every row from now on, and says which row it was: the worst of what can be told.
    await pool.query(`alter table ${table} add constraint planted check (planted()) not valid`);
    await wholeStory(app, session, { secret: SECRET, password: PASSWORD });
    await pool.query(`alter table ${table} drop constraint planted`);
    if ((await refusals()) > before) failed.add(table);
  }
  const { rows: secrets } = await pool.query<{ secret: string }>(
    `select password_hash as secret from users union select token_hash from refresh_tokens
     union select key_hash from api_keys union select token_hash from mailed_links`,
  );
  const text = lines.join('');
  expect(text).not.toContain(SECRET);
  for (const { secret } of secrets) expect(text).not.toContain(secret);
  // The story did fail where it should: what nobody saw fail proves nothing.
  const names = walked.map(({ name }) => name);
  expect([...failed].sort()).toEqual(names.filter((name) => !(name in NOT_OF_PEOPLE)).sort());
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining([...SLICE, ...Object.keys(NOT_OF_PEOPLE)]),
  );
}, 900_000);
