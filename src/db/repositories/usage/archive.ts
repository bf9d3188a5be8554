import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Period } from '../../../domain/period.ts';
import type { Bucket, BucketConnection } from './bucket.ts';
import { ensurePartition } from './periods.ts';

/** Every column of the ledger, in the order of the file. */
const COLUMNS =
  'tenant_id, period, id, resource_type, amount, idempotency_key, reservation_id, metadata, ' +
  'actor, reason, occurred_at, created_at';

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

/** Writes the month's rows as CSV with a header; nobody can add to it until the caller commits. */
export async function copyPartitionTo(
  bucket: BucketConnection,
  period: Period,
  ...target: [...NodeJS.ReadWriteStream[], Writable]
): Promise<number> {
  await bucket.client.query(`lock table ${partitionOf(bucket, period)} in share mode`);
  const copy = bucket.client.query(
    copyTo(
      `copy (select ${COLUMNS} from ${partitionOf(bucket, period)} order by tenant_id, created_at, id)
       to stdout with (format csv, header)`,
    ),
  );
  await pipeline([copy, ...target]);
  return copy.rowCount;
}

/** Takes the month out of the ledger and remembers where it went; its counters stay. */
export async function dropPartition(
  bucket: BucketConnection,
  record: ArchiveRecord,
): Promise<void> {
  // The parent is locked against everybody for this moment: rather fail than let calls pile up.
  await bucket.client.query(`set local lock_timeout = '2s'`);
  await bucket.client.query(
    `alter table ${bucket.schema}.usage detach partition ${partitionOf(bucket, record.period)}`,
  );
  await bucket.client.query(`drop table ${partitionOf(bucket, record.period)}`);
  await bucket.client.query(
    `insert into ${bucket.schema}.usage_archives (period, file, sha256, rows, archived_at)
     values ($1, $2, $3, $4, $5)`,
    [record.period, record.file, record.sha256, record.rows, record.archivedAt],
  );
}

/** Puts an archived month back from its CSV; answers how many rows came. */
export async function copyIntoPartition(
  bucket: BucketConnection,
  period: Period,
  source: Readable,
  ...through: NodeJS.ReadWriteStream[]
): Promise<number> {
  await ensurePartition(bucket, period);
  const copy = bucket.client.query(
    copyFrom(`copy ${bucket.schema}.usage (${COLUMNS}) from stdin with (format csv, header match)`),
  );
  await pipeline([source, ...through, copy]);
  await bucket.client.query(`delete from ${bucket.schema}.usage_archives where period = $1`, [
    period,
  ]);
  return copy.rowCount;
}
