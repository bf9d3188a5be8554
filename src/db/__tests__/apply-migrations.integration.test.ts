import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { isMigrated, migrateDatabase, planMigration } from '../migrate.ts';

/** Before metering was moved, which takes locks on everything that calls use. */
const BEFORE = 13;
/** Before keys were found by themselves, with an index that is built ahead. */
const KEYS_BY_KEY = 56;

let database: TestDatabase;
let other: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
});
afterEach(async () => {
  await other.end();
  await database.pool.query('drop schema public cascade; create schema public');
  await database.pool.query('drop schema if exists u00 cascade; drop schema drizzle cascade');
});
afterAll(() => database.drop());

async function begin(statement: string, before = BEFORE): Promise<void> {
  await migrateDatabase(database.url, { upTo: before });
  other = new pg.Client(database.url);
  await other.connect();
  await other.query('begin');
  await other.query(statement);
}

/** Until the migration waits for a lock; what it takes, others then wait for. */
async function migrationWaits(): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity
       where application_name = 'squaretable migrate' and datname = current_database()
         and wait_event_type = 'Lock' and wait_event <> 'advisory'`,
    );
    expect(rows).toHaveLength(1);
  }, 60_000);
}

/** Until it asks for one table alone, longer than an autovacuum stays for. */
async function asksAside(table: string): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity
       where application_name = 'squaretable migrate' and datname = current_database()
         and query = 'lock table ' || $1 || ' in access exclusive mode'`,
      [table],
    );
    expect(rows).toHaveLength(1);
  }, 60_000);
}

test('11 a migration that finds a table busy lets everybody through, and comes again', async () => {
  await begin('lock table tenants in access share mode');
  const migrating = migrateDatabase(database.url);
  await migrationWaits();
  // Stands behind the migration, which gives way though the table stays busy.
  await database.pool.query('select from tenants');
  expect(await isMigrated(database.pool)).toBe(false);
  await asksAside('tenants');
  await other.query('commit');
  await migrating;
  expect(await isMigrated(database.pool)).toBe(true);
});

test('11 who holds what a migration wants, and wants what it holds, goes on', async () => {
  await begin('lock table usage_totals in row exclusive mode');
  const migrating = migrateDatabase(database.url);
  await migrationWaits();
  await other.query('select from tenants');
  await other.query('commit');
  await migrating;
  expect(await isMigrated(database.pool)).toBe(true);
});

test('11 a migration that dies in the middle leaves whole steps, and the next one goes on', async () => {
  await begin('lock table usage_totals in row exclusive mode');
  const migrating = migrateDatabase(database.url);
  const died = expect(migrating).rejects.toThrow();
  await migrationWaits();
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'squaretable migrate' and datname = current_database()`,
  );
  await died;
  const { newest, applied } = await planMigration(database.url);
  expect(newest).toBe('0012_fill_usage_tenants');
  expect(applied[0]).toBe('0013_metering_apart');
  await other.query('commit');
  await migrateDatabase(database.url);
  expect(await isMigrated(database.pool)).toBe(true);
});

const isKeyIndexValid = async () => {
  const { rows } = await database.pool.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index
     where indexrelid = to_regclass('u00.usage_idempotency_key_tenant_id_pk')`,
  );
  return rows[0]?.valid;
};

test('11.1 an index is built ahead while keys are written, and one that was cut short anew', async () => {
  const write = (key: string) => `insert into u00.usage_idempotency
    (tenant_id, key, fingerprint, accepted, used) values (gen_random_uuid(), '${key}', 1, true, 1)`;
  await begin(write('under way'), KEYS_BY_KEY);
  const starts = [migrateDatabase(database.url), migrateDatabase(database.url)];
  const ends = Promise.allSettled(starts);
  // It waits for whoever writes, and nobody for it.
  await vi.waitFor(async () => expect(await isKeyIndexValid()).toBe(false), 60_000);
  await migrationWaits();
  await database.pool.query(write('meanwhile'));
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'squaretable migrate' and datname = current_database()
       and query like 'create%index%'`,
  );
  await vi.waitFor(async () => expect(await isKeyIndexValid()).toBe(false), 60_000);
  await other.query('commit');
  expect((await ends).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await isKeyIndexValid()).toBe(true);
  expect(await isMigrated(database.pool)).toBe(true);
  const { rows } = await database.pool.query('select key from u00.usage_idempotency order by key');
  expect(rows).toEqual([{ key: 'meanwhile' }, { key: 'under way' }]);
});
