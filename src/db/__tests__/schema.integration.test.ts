import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { DEFAULT_BUCKET, migrateBucket } from '../buckets.ts';
import { dumpSchema, dumpSchemas } from '../dump-schema.ts';
import { isMigrated, migrateDatabase, planMigration } from '../migrate.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('the migrations give the committed schema.sql; run `npm run db:dump` after a new one', async () => {
  const committed = readFileSync(resolve(import.meta.dirname, '../schema.sql'), 'utf8');
  expect(await dumpSchemas(database.pool)).toBe(committed);
});

test('migrating twice, and from three processes at once, changes nothing', async () => {
  const before = await dumpSchemas(database.pool);
  await Promise.all([1, 2, 3].map(() => migrateDatabase(database.url)));
  expect(await dumpSchemas(database.pool)).toBe(before);
  expect(await isMigrated(database.pool)).toBe(true);
});

test('no index knows a column that moves with every call, or each move would write all indexes of its table', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select i.relname || ': ' || a.attname as name
     from pg_depend d
     join pg_class i on i.oid = d.objid and i.relkind = 'i'
     join pg_class t on t.oid = d.refobjid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and t.relnamespace = $1::regnamespace
       and (t.relname::text, a.attname::text) in (('usage_totals', 'used'), ('usage_totals', 'held'),
         ('usage_totals', 'beyond'), ('usage_totals', 'held_beyond'), ('usage_totals', 'day_used'),
         ('usage_member_totals', 'used'), ('usage_member_totals', 'held'),
         ('credit_accounts', 'head_left'), ('credit_accounts', 'overage_left'),
         ('credit_accounts', 'last_seq'), ('credit_grants', 'held_micro'),
         ('overage_periods', 'used_micro'), ('overage_periods', 'held_micro'))`,
    [DEFAULT_BUCKET],
  );
  expect(rows).toEqual([]);
});

describe('14.9 a database whose history is another', () => {
  const edit = () =>
    database.pool.query(
      `update drizzle.__drizzle_migrations set hash = 'edited' where id = (
         select id from drizzle.__drizzle_migrations order by created_at offset 2 limit 1)`,
    );

  test('is refused in one sentence, and left as it is', async () => {
    await edit();
    await expect(migrateDatabase(database.url)).rejects.toThrow(
      /^The migration 0002_cover_usage_days is not the one that this database applied \(edited there/,
    );
    expect((await planMigration(database.url)).drift).toContain('0002_cover_usage_days');
  });

  test('is taken for ours when that is asked for and its tables are ours', async () => {
    await edit();
    await database.pool.query('create table foreign_to_us (id int)');
    await expect(migrateDatabase(database.url, { adopt: true })).rejects.toThrow(
      /not those of this version.*"create table foreign_to_us \("/,
    );
    expect((await planMigration(database.url)).drift).toBeDefined();
    await database.pool.query('drop table foreign_to_us');
    const { applied } = await migrateDatabase(database.url, { adopt: true });
    expect(applied).toEqual([]);
    expect((await planMigration(database.url)).drift).toBeUndefined();
  });
});

test('14.10 a migration says what it did', async () => {
  const { newest } = await planMigration(database.url);
  await database.pool.query(
    `delete from drizzle.__drizzle_migrations where created_at = (
       select max(created_at) from drizzle.__drizzle_migrations)`,
  );
  expect(await planMigration(database.url)).toMatchObject({ applied: [newest] });
  expect((await planMigration(database.url)).newest).not.toBe(newest);
});

test('11.1 the text that moved metering into its bucket makes another bucket alike', async () => {
  const client = await database.pool.connect();
  await client.query('begin');
  await migrateBucket(client, 'u01');
  await client.query('commit');
  client.release();
  const first = await dumpSchema(database.pool, DEFAULT_BUCKET);
  const second = await dumpSchema(database.pool, 'u01');
  expect(second.replaceAll('u01', DEFAULT_BUCKET)).toBe(first);
  expect(first).toContain('usage_admit');
});
