import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { dumpSchema } from '../dump-schema.ts';
import { isMigrated, migrateDatabase } from '../migrate.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('the migrations give the committed schema.sql; run `npm run db:dump` after a new one', async () => {
  const committed = readFileSync(resolve(import.meta.dirname, '../schema.sql'), 'utf8');
  expect(await dumpSchema(database.pool)).toBe(committed);
});

test('migrating twice, and from three processes at once, changes nothing', async () => {
  const before = await dumpSchema(database.pool);
  await Promise.all([1, 2, 3].map(() => migrateDatabase(database.url)));
  expect(await dumpSchema(database.pool)).toBe(before);
  expect(await isMigrated(database.pool)).toBe(true);
});
