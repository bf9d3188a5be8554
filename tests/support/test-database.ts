import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import {
  CITUS_URL,
  createCitusDatabase,
  createEmptyCitusDatabase,
  dropCitusDatabase,
} from './citus.ts';
import { TEMPLATE } from './postgres.global.ts';

export interface TestDatabase extends Database {
  url: string;
  /** Ends every connection to it and removes it; `close` does the same. */
  drop(): Promise<void>;
}

/**
 * A fresh, migrated, empty database for one test file: a clone of the run's template (one without
 * tables when told). Call it in `beforeAll` and `drop()` in `afterAll`.
 */
export async function createTestDatabase(
  options: { max?: number; migrated?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  if (CITUS_URL !== undefined) {
    const url =
      options.migrated === false
        ? await createEmptyCitusDatabase(name)
        : await createCitusDatabase(name, Number(process.env.BUCKETS ?? 1));
    return opened(url, options.max, () => dropCitusDatabase(name));
  }
  const adminUrl = inject('postgresUrl');
  // Cloning waits for nobody else to be connected to the template, and nobody ever is.
  const template = options.migrated === false ? 'template0' : TEMPLATE;
  await administer(adminUrl, `create database ${name} template ${template}`);
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  return opened(url, options.max, () =>
    administer(adminUrl, `drop database if exists ${name} with (force)`),
  );
}

function opened(url: string, max = 10, remove: () => Promise<void>): TestDatabase {
  const database = openDatabase({ url, max });
  const drop = async () => {
    await database.close();
    await remove();
  };
  return { ...database, url, drop, close: drop };
}

/** More connections to a database that somebody else made and removes. */
export function shareDatabase(url: string): TestDatabase {
  const database = openDatabase({ url, max: 10 });
  return { ...database, drop: () => database.close() };
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
