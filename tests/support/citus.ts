import pg from 'pg';
import { bucketSchema, migrateBucket } from '../../src/db/buckets.ts';
import { distributeBucket } from '../../src/db/buckets/citus.ts';
import { databaseCode } from '../../src/db/database-error.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { makeBuckets } from './buckets.ts';

/**
 * The coordinator of a cluster with Citus, a database of it in which its workers are known, and a user
 * who may make databases on all of them; where it is set tests make their databases there.
 */
export const CITUS_URL = process.env.CITUS_URL;

const databaseUrl = (url: string, name: string) =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;

/** Makes a migrated database with `buckets` buckets that is distributed over the cluster. */
export async function createCitusDatabase(name: string, buckets: number): Promise<string> {
  const url = await createEmptyCitusDatabase(name);
  await migrateDatabase(url);
  await makeBuckets(url, buckets);
  return url;
}

/** The same without tables: one that knows its workers. */
export async function createEmptyCitusDatabase(name: string): Promise<string> {
  const nodes = await nodesOf(CITUS_URL!);
  for (const node of nodes) {
    await ask(node.url, `create database ${name}`);
    await ask(databaseUrl(node.url, name), 'create extension citus');
  }
  const [{ host, port }, ...workers] = nodes as [Node, ...Node[]];
  const url = databaseUrl(CITUS_URL!, name);
  await ask(url, `select citus_set_coordinator_host('${host}', ${port})`);
  for (const worker of workers) {
    await ask(url, `select citus_add_node('${worker.host}', ${worker.port})`);
  }
  return url;
}

/** Makes the buckets up to `count` as the version made them that knows so many migrations. */
export async function makeEarlierBuckets(
  url: string,
  count: number,
  migrations: number,
): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    for (let number = 1; number < count; number += 1) {
      const schema = bucketSchema(number);
      await client.query('begin');
      await client.query('insert into metering_buckets (number) values ($1)', [number]);
      await migrateBucket(client, schema, migrations - 1);
      await client.query('set local search_path to default');
      if (!(await distributeBucket(client, schema))) throw new Error('There is no worker.');
      await client.query('commit');
    }
  } finally {
    await client.end();
  }
}

export async function dropCitusDatabase(name: string): Promise<void> {
  for (const { url } of await nodesOf(CITUS_URL!)) {
    for (let left = DROPS_MAX; left > 0; left -= 1) {
      const dropped = ask(url, `drop database if exists ${name} with (force)`);
      if (await dropped.then(() => true, unlessInUse(left))) break;
    }
  }
}

/** The server waits some seconds each time; a daemon of Citus may be back before it looks. */
const DROPS_MAX = 10;

const unlessInUse = (left: number) => (error: unknown) => {
  if (left === 1 || databaseCode(error) !== '55006') throw error;
  return false;
};

interface Node {
  host: string;
  port: number;
  url: string;
}

/** The coordinator first. */
async function nodesOf(url: string): Promise<Node[]> {
  const rows = await ask<{ host: string; port: number }>(
    url,
    `select nodename as host, nodeport as port from pg_dist_node
     where noderole = 'primary' order by groupid`,
  );
  return rows.map(({ host, port }) => {
    const node = Object.assign(new URL(url), { hostname: host, port: String(port) });
    return { host, port, url: node.href };
  });
}

async function ask<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}
