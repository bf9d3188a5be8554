import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { examine } from '../../scripts/operator/examine.ts';
import { LISTENER_NAME } from '../../src/db/listener.ts';
import { readEnv } from '../../src/server/config/env.ts';
import type { FaultName } from '../../src/server/services/operations/doctor/faults.ts';
import { PROCESS_CONNECTIONS } from '../../src/server/services/operations/doctor/servers.ts';
import { startTestApp } from '../support/app.ts';
import { healthyInstallation, type Installation } from '../support/healthy-installation.ts';

let installation: Installation;
beforeAll(async () => void (installation = await healthyInstallation()));
afterAll(() => installation?.close());

const mended: (() => unknown)[] = [];
afterEach(async () => {
  for (const mend of mended.splice(0).reverse()) await mend();
});

const sql = (text: string) => installation.database.pool.query(text);

async function faults(change: Record<string, string> = {}) {
  const found = await examine(readEnv({ ...installation.env, ...change }));
  return found.flatMap(({ fault }) => fault ?? []);
}

/** The installation seen by a role that may open so many connections. */
async function roleOf(places: number): Promise<Record<string, string>> {
  await sql(`create role modest login password 'modest' connection limit ${places}`);
  await sql('grant squaretable to modest');
  mended.push(() => sql('drop role modest'));
  const url = new URL(installation.database.url);
  return { DATABASE_URL: Object.assign(url, { username: 'modest', password: 'modest' }).href };
}

/** What a process of the product, or somebody else, has open. */
async function connected(name: string, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const client = new pg.Client({
      connectionString: installation.database.url,
      application_name: name,
    });
    await client.connect();
    mended.push(() => client.end());
  }
}

test.each<[what: string, places: number, processes: number, others: number, FaultName[]]>([
  ['room for one and a release', 46, 0, 0, []],
  ['the same, which runs', 46, 1, 0, []],
  ['none for a release', 45, 1, 0, ['connections_scarce']],
  ['none for a release, with what others have', 47, 1, 2, ['connections_scarce']],
  ['none for the two that run', 45, 2, 0, ['connections_too_few']],
  ['none for one', 22, 0, 0, ['connections_too_few']],
])('14.5 connections: %s', async (_what, places, processes, others, expected) => {
  const change = await roleOf(places);
  await connected(LISTENER_NAME, processes);
  await connected('psql', others);
  const found = await faults(change);
  expect(found.map(({ name }) => name)).toEqual(expected);
  for (const { name, isDoubt, what } of found) {
    expect(isDoubt).toBe(name === 'connections_scarce');
    expect(what).toContain(`${PROCESS_CONNECTIONS} each; it has ${places} for them`);
  }
});

test('14.5 a process opens no more than is counted, and is counted once', async () => {
  const app = await startTestApp();
  try {
    const { rows } = await app.database.pool.query<{ name: string; n: number }>(
      `select application_name as name, count(*)::int as n from pg_stat_activity
       where datname = current_database() and application_name like '%listen' group by 1 order by 1`,
    );
    expect(rows).toEqual([
      { name: LISTENER_NAME, n: 1 },
      { name: 'squaretable-jobs listen', n: 1 },
    ]);
    const { database, lockDatabase } = app.server.context;
    const pools = [database, lockDatabase].map(({ pool }) => pool.options.max);
    expect(pools).toEqual([10, 8]);
    // Beside these three for the jobs.
    expect(PROCESS_CONNECTIONS).toBe(10 + 8 + 3 + 2);
  } finally {
    await app.stop();
  }
});

test.each([
  ['fsync', 'alter system set fsync = off', 'alter system reset fsync'],
  ['full_page_writes', 'alter system set full_page_writes = off', 'alter system reset all'],
  [
    'synchronous_commit',
    'alter database squaretable set synchronous_commit = off',
    'alter database squaretable reset synchronous_commit',
  ],
])('14.5 %s that is off is found', async (name, plant, mend) => {
  await sql(plant);
  await sql('select pg_reload_conf()');
  mended.push(async () => {
    await sql(mend);
    await sql('select pg_reload_conf()');
  });
  await expect
    .poll(() => faults())
    .toMatchObject([{ name: 'commits_not_durable', isDoubt: false }]);
  const [found] = await faults();
  expect(found!.what).toBe(`Off there: ${name}.`);
});

test('14.5 each of these is gone when it is mended', async () => {
  await expect.poll(() => faults()).toEqual([]);
});
