import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Period } from '../../../../domain/period.ts';
import type { Bucket, BucketConnection } from '../bucket.ts';
import { ensurePartition } from '../periods.ts';

/** Every column of the ledger, in the order of the file. Older files have the first of these alone. */
const COLUMNS = [
  ...['tenant_id', 'period', 'id', 'resource_type', 'amount', 'idempotency_key', 'reservation_id'],
  ...['metadata', 'actor', 'reason', 'occurred_at', 'created_at', 'draw_seq', 'draw_count'],
  'reverses_id',
];

/** The same, the resource as text: each bucket has a type of its own for it. */
const asText = (columns: readonly string[], type = 'text') =>
  columns.map((name) => (name === 'resource_type' ? `resource_type::${type}` : name)).join(', ');

export interface ArchiveRecord {
  period: Period;
  file: string;
  /** Of the compressed file, hex. */
  sha256: string;
  rows: number;
  archivedAt: Date;
}

/** A `Period` is digits and a hyphen, so it is safe in a name. */
const partitionOf = ({ schema }: BucketConnection, period: Period) =>
  `${schema}.usage_${period.replace('-', '_')}`;

/** Whether the month has a partition of its own. */
export async function hasPartition(bucket: BucketConnection, period: Period): Promise<boolean> {
  const { rows } = await bucket.client.query<{ there: boolean }>(
    `select to_regclass($1) is not null as there`,
    [partitionOf(bucket, period)],
  );
  return rows[0]!.there;
}

export async function countOpenReservations(
  bucket: BucketConnection,
  period: Period,
): Promise<number> {
  const { rows } = await bucket.client.query<{ count: string }>(
    `select count(*) from ${bucket.schema}.usage_reservations where period = $1 and state = 'open'`,
    [period],
  );
  return Number(rows[0]!.count);
}

export async function findArchive(
  bucket: Bucket,
  period: Period,
): Promise<ArchiveRecord | undefined> {
  const { rows } = await bucket.client.query<Omit<ArchiveRecord, 'rows'> & { rows: string }>({
    text: `select period, file, sha256, rows, archived_at as "archivedAt"
           from ${bucket.schema}.usage_archives where period = $1`,
    values: [period],
  });
  return rows[0] && { ...rows[0], rows: Number(rows[0].rows) };
}

/**
 * Writes the month's rows of these buckets as one CSV with a header; nobody can add to them until the
 * caller commits.
 */
export async function copyPartitionsTo(
  buckets: readonly BucketConnection[],
  period: Period,
  ...target: [...NodeJS.ReadWriteStream[], Writable]
): Promise<number> {
  const { client } = buckets[0]!;
  const partitions = buckets.map((bucket) => partitionOf(bucket, period));
  await client.query(`lock table ${partitions.join(', ')} in share mode`);
  const rows = partitions.map((partition) => `select ${asText(COLUMNS)} from ${partition}`);
  const copy = client.query(
    copyTo(
      `copy (${rows.join(' union all ')} order by tenant_id, created_at, id)
       to stdout with (format csv, header)`,
    ),
  );
  await pipeline([copy, ...target]);
  return copy.rowCount;
}

/** Takes the month out of these buckets' ledgers; its counters stay. */
export async function dropPartitions(
  buckets: readonly BucketConnection[],
  period: Period,
): Promise<void> {
  const { client } = buckets[0]!;
  // The parents are locked against everybody for this moment: rather fail than let calls pile up.
  await client.query(`set local lock_timeout = '2s'`);
  const parents = buckets.map(({ schema }) => `${schema}.usage`);
  await client.query(
    `lock table ${parents.map((name) => `only ${name}`).join(', ')} in access exclusive mode`,
  );
  for (const bucket of buckets) {
    const partition = partitionOf(bucket, period);
    await client.query(`alter table ${bucket.schema}.usage detach partition ${partition}`);
    await client.query(`drop table ${partition}`);
  }
}

/** Remembers where a month went. */
export async function insertArchive(
  { schema, client }: BucketConnection,
  record: ArchiveRecord,
): Promise<void> {
  await client.query(
    `insert into ${schema}.usage_archives (period, file, sha256, rows, archived_at)
     values ($1, $2, $3, $4, $5)`,
    [record.period, record.file, record.sha256, record.rows, record.archivedAt],
  );
}

/**
 * Puts an archived month back from its CSV, each row where its tenant is by now; answers how many rows
 * came. The first bucket takes what is of tenants nobody knows. `header` is its first line.
 */
export async function copyIntoPartitions(
  buckets: readonly BucketConnection[],
  period: Period,
  header: string,
  source: Readable,
  ...through: NodeJS.ReadWriteStream[]
): Promise<number> {
  const { client, schema: first } = buckets[0]!;
  await client.query(`create temp table restored_usage (like ${first}.usage) on commit drop`);
  const names = header.split(',');
  const columns = COLUMNS.filter((name) => names.includes(name));
  const copy = client.query(
    copyFrom(
      `copy restored_usage (${columns.join(', ')}) from stdin with (format csv, header match)`,
    ),
  );
  await pipeline([source, ...through, copy]);

  for (const [number, bucket] of buckets.entries()) {
    await ensurePartition(bucket, period);
    await client.query(
      `insert into ${bucket.schema}.usage (${columns.join(', ')})
       select ${asText(columns, `text::${bucket.schema}.resource_type`)}
       from restored_usage r
       where $1 = coalesce((select t.usage_bucket from tenants t where t.id = r.tenant_id), 0)`,
      [number],
    );
    await client.query(`delete from ${bucket.schema}.usage_archives where period = $1`, [period]);
  }
  return copy.rowCount;
}
