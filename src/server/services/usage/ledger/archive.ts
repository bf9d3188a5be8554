import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { databaseCode } from '../../../../db/database-error.ts';
import { renameDurably, toDisk } from '../../../../db/durable-file.ts';
import {
  copyIntoPartitions,
  copyPartitionsTo,
  countOpenReservations,
  dropPartitions,
  findArchive,
  hasPartition,
  insertArchive,
} from '../../../../db/repositories/usage/ledger/archive.ts';
import type { BucketConnection } from '../../../../db/repositories/usage/bucket.ts';
import { listDifferences } from '../../../../db/repositories/usage/verify.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';

/** PostgreSQL’s answer when a lock was not had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

export interface Archived {
  period: Period;
  file: string;
  rows: number;
  sha256: string;
}

/**
 * Writes the month to `<folder>/usage-YYYY-MM.csv.gz` and takes it out of the ledger, of all buckets
 * at once, in the caller's transaction: the file is complete and on the disk before the rows are gone. 400 for a
 * month that is not over, does not balance, has open reservations or has no ledger here.
 */
export async function archivePeriod(
  buckets: readonly BucketConnection[],
  { period, folder, now }: { period: Period; folder: string; now: Date },
): Promise<Archived> {
  const written = await findArchivable(buckets, period, now);
  const file = path.resolve(folder, `usage-${period}.csv.gz`);
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.new`;
  try {
    const digest = hashing();
    const target = createWriteStream(unfinished);
    const rows = await copyPartitionsTo(written, period, createGzip(), digest.through, target);
    await toDisk(unfinished);
    const archived = { period, file, rows, sha256: digest.hex() };
    await dropPartitions(written, period).catch((cause: unknown) => {
      if (databaseCode(cause) !== LOCK_NOT_AVAILABLE) throw cause;
      throw refused(
        `The ledger is being read (a long export, a backup): ${period} stays where it is. Try again later.`,
        cause,
      );
    });
    for (const bucket of buckets) await insertArchive(bucket, { ...archived, archivedAt: now });
    await renameDurably(unfinished, file);
    return archived;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** The buckets that have rows of the month. 400 where it cannot be archived. */
export async function findArchivable(
  buckets: readonly BucketConnection[],
  period: Period,
  now: Date,
): Promise<BucketConnection[]> {
  if (period >= periodOf(now)) {
    throw refused(`${period} is not over; only past months can be archived.`);
  }
  const before = await findArchive(buckets[0]!, period);
  if (before) throw refused(`${period} was archived to ${before.file} already.`);
  const written: BucketConnection[] = [];
  for (const bucket of buckets) if (await hasPartition(bucket, period)) written.push(bucket);
  if (written.length === 0) throw refused(`There is no ledger of ${period}.`);
  for (const bucket of buckets) await assertBalanced(bucket, period);
  return written;
}

async function assertBalanced(bucket: BucketConnection, period: Period): Promise<void> {
  const open = await countOpenReservations(bucket, period);
  if (open > 0) {
    throw refused(`${period} has ${open} open reservations; they expire within a day.`);
  }
  const differences = await listDifferences(bucket, period);
  if (differences.length === 0) return;
  throw refused(
    `${period} does not balance: npm run usage:verify shows where, and with -- --rebuild mends it. Archive it then.`,
  );
}

/**
 * Puts the month back from its file, each tenant's rows into its bucket, in the caller's transaction.
 * 400 when it was not archived, or when the file is not the one that was written: its checksum and its
 * number of rows must agree.
 */
export async function restorePeriod(
  buckets: readonly BucketConnection[],
  period: Period,
  elsewhere?: string,
): Promise<Archived> {
  const record = await getArchive(buckets, period);
  const file = elsewhere ? path.resolve(elsewhere) : record.file;
  const digest = hashing();
  const handle = await open(file).catch((cause: NodeJS.ErrnoException) => {
    throw refused(`${file} cannot be opened (${cause.code}).`, cause);
  });
  const source = handle.createReadStream();
  const unpacked = [digest.through, createGunzip()] as const;
  const unreadable = (cause: Error): never => {
    throw refused(`${file} cannot be read as the archive of ${period}: ${cause.message}`, cause);
  };
  const header = await firstLine(file).catch(unreadable);
  const rows = await copyIntoPartitions(buckets, period, header, source, ...unpacked).catch(
    unreadable,
  );
  if (digest.hex() !== record.sha256 || rows !== record.rows) {
    throw refused(`${file} is not the file that was written for ${period}: its checksum differs.`);
  }
  return { period, file, rows, sha256: record.sha256 };
}

/** What was noted of a month that was archived. 400 when it was not. */
export async function getArchive(
  buckets: readonly BucketConnection[],
  period: Period,
): Promise<Omit<Archived, 'period'>> {
  const record = await findArchive(buckets[0]!, period);
  if (!record) throw refused(`${period} was not archived.`);
  return record;
}

async function firstLine(file: string): Promise<string> {
  const text = createGunzip();
  // A failure ends the loop with it; stopping early is none.
  pipeline(createReadStream(file), text).catch(() => undefined);
  let seen = '';
  for await (const chunk of text) {
    seen += (chunk as Buffer).toString('utf8');
    if (seen.includes('\n')) break;
  }
  return seen.split('\n')[0]!;
}

/** Adds up what flows through it. */
function hashing() {
  const hash = createHash('sha256');
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  let hex: string | undefined;
  return { through, hex: () => (hex ??= hash.digest('hex')) };
}

function refused(message: string, cause?: unknown): BillingError {
  return new BillingError('invalid_request', message, { cause });
}
