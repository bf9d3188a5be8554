import { tmpdir } from 'node:os';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeUrl } from '../../src/db/buckets/nodes.ts';
import { CITUS_URL } from '../support/citus.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** The bucket that each fault is about, and its worker. */
const NUMBER = 1;
let database: TestDatabase;
let worker: string;
let name: string;
beforeAll(async () => {
  if (CITUS_URL === undefined) return;
  database = await createTestDatabase();
  worker = (await database.buckets.list()).find(({ number }) => number === NUMBER)!.node!;
  name = new URL(database.url).pathname.slice(1);
});
afterAll(() => database?.drop());

const onCluster = test.skipIf(CITUS_URL === undefined);

/** What `npm run doctor` says of servers, buckets and the cluster; not of how safe a test's disk is. */
async function doctor(): Promise<string[]> {
  const { said } = await runOperatorCommand('doctor', [], {
    DATABASE_URL: database.url,
    DATA_DIR: tmpdir(),
    LOCAL_STRIPE_PORT: '1',
  });
  return said
    .split('\n')
    .filter((line) => /^\S (Server .* with |Bucket|Citus)/.test(line))
    .filter((line) => !line.includes('commits_not_durable'));
}

const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values);

/** On the worker, in its administrative database. */
async function onWorker(database_: string, text: string): Promise<void> {
  const url = Object.assign(new URL(nodeUrl(CITUS_URL!, worker)), { pathname: `/${database_}` });
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const dropThere = () =>
  vi.waitFor(() => onWorker('postgres', `drop database if exists ${name} with (force)`), {
    timeout: 60_000,
    interval: 500,
  });

onCluster('14.5 doctor on a cluster: all is well', async () => {
  const said = await doctor();
  expect(said.filter((line) => !line.startsWith('✓'))).toEqual([]);
  expect(said.join('\n')).toMatch(new RegExp(`✓ Server ${worker} with .*u01`));
  expect(said.at(-1)).toMatch(/^✓ Citus \d+/);
});

onCluster('14.5 doctor on a cluster: a bucket that is noted to lie elsewhere', async () => {
  await sql(`update metering_buckets set node = 'nowhere:5432' where number = $1`, [NUMBER]);
  expect(await doctor()).toEqual([
    `✗ Bucket u01: metering_buckets says that u01 lies on nowhere:5432; Citus has it on ${worker}. [bucket_misplaced]`,
  ]);
  await sql('update metering_buckets set node = null where number = $1', [NUMBER]);
});

onCluster('14.5 doctor on a cluster: a bucket that is torn apart', async () => {
  const place = (isThere: boolean) =>
    sql(
      `update pg_dist_placement set groupid = (
         select groupid from pg_dist_node
         where noderole = 'primary' and shouldhaveshards
           and (nodename || ':' || nodeport = $1) = $2
         limit 1)
       where shardid = (select shardid from pg_dist_shard where logicalrelid = 'u01.usage_days'::regclass)`,
      [worker, isThere],
    );
  await place(false);
  const said = await doctor();
  await place(true);
  expect(said.join('\n')).toMatch(
    /✗ Bucket u01: The tables of u01 lie on \S+ and \S+\. \[bucket_misplaced\]/,
  );
  expect(said.join('\n')).not.toContain('bucket_server_incomplete');
});

onCluster('14.5 doctor on a cluster: a worker whose database is gone, or made anew', async () => {
  const found = async () => (await doctor()).filter((line) => line.includes(worker)).join('\n');
  await dropThere();
  expect(await found()).toMatch(
    /: It has no database of the name in DATABASE_URL\. \[bucket_server_away\]$/,
  );
  await onWorker('postgres', `create database ${name}`);
  expect(await found()).toMatch(
    /: Its database has no extension citus\. \[bucket_server_incomplete\]$/,
  );
  await onWorker(name, 'create extension citus');
  expect(await found()).toMatch(
    /: It lacks (\d+) of the \1 tables of u01, the first u01\.\w+_\d+\..* \[bucket_server_incomplete\]$/,
  );
});
