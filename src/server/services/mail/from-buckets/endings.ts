import type { Database, Db } from '../../../../db/client.ts';
import type { Bucket } from '../../../../db/repositories/usage/bucket.ts';
import {
  closeEnding,
  listEndings,
  type Ending,
} from '../../../../db/repositories/usage/credits/endings.ts';
import { findMailAbout } from '../../../../db/repositories/mail-outbox.repository.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { queueMail } from '../queue-mail.ts';
import { AT_ONCE, inEachBucket, mailEach } from './each.ts';

const AHEAD_MS = 7 * 86_400_000;

/**
 * Writes to the owner of every grant that ends within seven days and has a credit left at least, whatever it
 * was made for, once an end: one that moved is told of anew. It is marked after its mail is in the outbox, which
 * takes the same mail once.
 */
export function mailEndings(
  { db, buckets }: Pick<Database, 'db' | 'buckets'>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const now = clock.now();
  return inEachBucket(buckets, (bucket) => mailEndingsOf(db, bucket, now, signal));
}

async function mailEndingsOf(
  db: Db,
  bucket: Bucket,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = new Date(now.getTime() + AHEAD_MS);
  await mailEach(
    async () => (signal?.aborted ? [] : listEndings(bucket, { now, until, max: AT_ONCE })),
    async (ending) => {
      await queueEndingMail(db, ending, now);
      await closeEnding(bucket, ending, now);
    },
  );
}

/**
 * What a purchase was granted is named by it, as the version before named it, which may run beside this one. Where
 * the owner was told of another end, its own tells the mails apart.
 */
function queueEndingMail(db: Db, ending: Ending, now: Date): Promise<void> {
  const { tenantId, grantId, origin, originRef, leftMicro } = ending;
  const [kind, about] = ['credits_ending' as const, origin === 'purchase' ? originRef : grantId];
  const expiresAt = ending.expiresAt.toISOString();
  const data = { credits: Math.floor(leftMicro / MICRO_PER_CREDIT), expiresAt };
  return db.transaction(async (tx) => {
    const told = await findMailAbout(tx, kind, about);
    const isSame = told === undefined || told['expiresAt'] === expiresAt;
    const subjectId = isSame ? about : `${about}:${expiresAt}`;
    await queueMail(tx, tenantId, { kind, subjectId, attempt: 0, data, now });
  });
}
