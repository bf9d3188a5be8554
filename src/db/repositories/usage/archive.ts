import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Period } from '../../../domain/period.ts';
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
const partitionOf = (period: Period) => `usage_${period.replace('-', '_')}`;

/** Whether the month has a partition of its own. */
export async function hasPartition(client: pg.ClientBase, period: Period): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass($1) is not null as there`,
    [partitionOf(period)],
  );
  return rows[0]!.there;
}

export async function countOpenReservations(
  client: pg.ClientBase,
  period: Period,
): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from usage_reservations where period = $1 and state = 'open'`,
    [period],
  );
  return Number(rows[0]!.count);
}

export async function findArchive(
  client: pg.ClientBase,
  period: Period,
): Promise<ArchiveRecord | undefined> {
  const { rows } = await client.query<Omit<ArchiveRecord, 'rows'> & { rows: string }>(
    `select period, file, sha256, rows, archived_at as "archivedAt"
     from usage_archives where period = $1`,
    [period],
  );
  return rows[0] && { ...rows[0], rows: Number(rows[0].rows) };
}

/** Writes the month's rows as CSV with a header; nobody can add to it until the caller commits. */
export async function copyPartitionTo(
  client: pg.ClientBase,
  period: Period,
  ...target: [...NodeJS.ReadWriteStream[], Writable]
): Promise<number> {
  await client.query(`lock table ${partitionOf(period)} in share mode`);
  const copy = client.query(
    copyTo(
      `copy (select ${COLUMNS} from ${partitionOf(period)} order by tenant_id, id)
       to stdout with (format csv, header)`,
    ),
  );
  await pipeline([copy, ...target]);
  return copy.rowCount;
}

/** Takes the month out of the ledger and remembers where it went; its counters stay. */
export async function dropPartition(client: pg.ClientBase, record: ArchiveRecord): Promise<void> {
  // The parent is locked against everybody for this moment: rather fail than let calls pile up.
  await client.query(`set local lock_timeout = '2s'`);
  await client.query(`alter table usage detach partition ${partitionOf(record.period)}`);
  await client.query(`drop table ${partitionOf(record.period)}`);
  await client.query(
    `insert into usage_archives (period, file, sha256, rows, archived_at)
     values ($1, $2, $3, $4, $5)`,
    [record.period, record.file, record.sha256, record.rows, record.archivedAt],
  );
}

/** Puts an archived month back from its CSV; answers how many rows came. */
export async function copyIntoPartition(
  client: pg.ClientBase,
  period: Period,
  source: Readable,
  ...through: NodeJS.ReadWriteStream[]
): Promise<number> {
  await ensurePartition(client, period);
  const copy = client.query(
    copyFrom(`copy usage (${COLUMNS}) from stdin with (format csv, header match)`),
  );
  await pipeline([source, ...through, copy]);
  await client.query(`delete from usage_archives where period = $1`, [period]);
  return copy.rowCount;
}
