import pg from 'pg';
import { buildAhead } from './ahead.ts';
import { nodeUrl } from './nodes.ts';
import { bucketSchema, migrateBucket, newestBucketMigration } from '../buckets.ts';
import { SetUpError } from '../../domain/errors.ts';

/** Brings the buckets that have servers of their own up to this version. */
export async function migrateServers(client: pg.ClientBase, url: string): Promise<void> {
  const { rows } = await client.query<{ number: number; node: string }>(
    `select number, node from metering_buckets
     where node is not null and (migrated_to is null or migrated_to < $1) order by 1`,
    [newestBucketMigration()],
  );
  for (const { number, node } of rows) {
    const schema = bucketSchema(number);
    await withServer(url, node, async (there) => {
      await buildAhead(there, schema);
      await inTransaction(there, () => migrateBucket(there, schema));
    });
    await client.query('update metering_buckets set migrated_to = $2 where number = $1', [
      ...[number, newestBucketMigration()],
    ]);
  }
}

/** Works over a connection to the server `node`. Throws one sentence when it cannot be had. */
export async function withServer(
  url: string,
  node: string,
  work: (there: pg.Client) => Promise<unknown>,
): Promise<void> {
  const there = new pg.Client({
    connectionString: nodeUrl(url, node),
    application_name: 'squaretable migrate',
    connectionTimeoutMillis: 4_000,
  });
  there.on('error', () => undefined);
  try {
    await there.connect();
  } catch (cause) {
    throw new SetUpError(
      `The server ${node} of the buckets cannot be used: ${(cause as Error).message}. Start it, or correct its address, and run this again.`,
      { cause },
    );
  }
  try {
    await work(there);
  } finally {
    await there.end();
  }
}

export async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await client.query('set local client_min_messages = warning');
    const done = await work();
    await client.query('commit');
    return done;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
