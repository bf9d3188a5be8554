import {
  forgetAlerts,
  forgetApiKeys,
  forgetEvents,
  forgetExpiredCheckouts,
  forgetLinkMails,
  forgetUnpaidPurchases,
} from '../../../db/repositories/operations/forget.repository.ts';
import type { Database } from '../../../db/client.ts';
import { bucketOf, type Bucket } from '../../../db/repositories/usage/bucket.ts';
import { forgetAgreements, forgetNotices } from '../../../db/repositories/usage/credits/forget.ts';
import type { Clock } from '../../../domain/clock.ts';
import { keptSince } from '../../../domain/accounts/retention.ts';

const AT_ONCE = 5_000;

/**
 * Forgets rows that are over and of which nobody asks any more, so that only what is kept on purpose
 * grows with use (docs/adr/0077). Sessions, invitations, holds and reconciler's runs are forgotten where they
 * are made.
 */
export async function forgetOld({
  database,
  clock,
}: {
  database: Pick<Database, 'db' | 'buckets'>;
  clock: Clock;
}): Promise<void> {
  const { db, buckets } = database;
  const now = clock.now();
  await forgetApiKeys(db, keptSince('apiKeys', now));
  await forgetExpiredCheckouts(db, keptSince('expiredCheckouts', now));
  await forgetUnpaidPurchases(db, keptSince('unpaidPurchases', now));
  await forgetLinkMails(db, keptSince('linkMails', now));
  await forgetEvents(db, keptSince('events', now));
  await forgetAlerts(db, keptSince('alerts', now));
  const failed: unknown[] = [];
  for (const { number } of await buckets.list()) {
    await buckets
      .of(number)
      .then(({ pool }) => forgetOfBucket(bucketOf(pool, number), now))
      .catch((error: unknown) => failed.push(error));
  }
  if (failed.length > 0) throw failed[0];
}

/** What stands beside the usage; a bucket that is away keeps its own until tomorrow. */
async function forgetOfBucket(bucket: Bucket, now: Date): Promise<void> {
  const before = keptSince('unusedAgreements', now);
  for (let last = AT_ONCE; last === AT_ONCE;) {
    last = await forgetAgreements(bucket, before, AT_ONCE);
  }
  await forgetNotices(bucket, keptSince('overageNotices', now));
}
