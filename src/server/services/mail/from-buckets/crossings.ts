import type { Database, Db } from '../../../../db/client.ts';
import type { Bucket } from '../../../../db/repositories/usage/bucket.ts';
import { periodOf } from '../../../../domain/period.ts';
import { closeCrossing, listCrossings } from '../../../../db/repositories/usage/crossings.ts';
import type { Crossing } from '../../../../db/repositories/usage/crossings.ts';
import {
  closeOverageNotice,
  listOverageNotices,
  type OverageNotice,
} from '../../../../db/repositories/usage/credits/overage.ts';
import { queueMail } from '../queue-mail.ts';
import { AT_ONCE, inEachBucket, mailEach } from './each.ts';

/**
 * Writes the mails about limits and caps that were nearly or wholly used up, and about consents that are
 * over. Metering records a crossing with the usage that made it; whom to tell, and in which language, is known here. A crossing is closed
 * after its mail is in the outbox, which takes the same mail once: cut short anywhere, and by however
 * many processes at once, it is one mail.
 */
export function mailCrossings({ db, buckets }: Pick<Database, 'db' | 'buckets'>): Promise<void> {
  return inEachBucket(buckets, (bucket) => mailCrossingsOf(db, bucket));
}

async function mailCrossingsOf(db: Db, bucket: Bucket): Promise<void> {
  await mailEach(
    () => listCrossings(bucket, AT_ONCE),
    async (crossing) => {
      await queueCrossingMail(db, crossing);
      await closeCrossing(bucket, crossing);
    },
  );
  await mailEach(
    () => listOverageNotices(bucket, AT_ONCE),
    async (notice) => {
      await queueNoticeMail(db, notice);
      await closeOverageNotice(bucket, notice);
    },
  );
}

/**
 * Nobody is told when the account was deleted meanwhile, nor of a month that was over when work which was reported
 * late crossed its limit: there is nothing left of it to take care of.
 */
function queueCrossingMail(db: Db, crossing: Crossing): Promise<void> {
  const { tenantId, period, resourceType, percent, used, limit, crossedAt } = crossing;
  if (period < periodOf(crossedAt)) return Promise.resolve();
  const mail = {
    kind: 'usage_threshold' as const,
    subjectId: [tenantId, resourceType, period, percent, limit].join(':'),
    attempt: 0,
    data: { resourceType, period, percent, used, limit },
    now: crossedAt,
  };
  return db.transaction((tx) => queueMail(tx, tenantId, mail));
}

function queueNoticeMail(db: Db, notice: OverageNotice): Promise<void> {
  const { tenantId, ref, percent, period, capMinor, currency, reason, madeAt } = notice;
  const about = { subjectId: `${tenantId}:${ref}`, attempt: 0, now: madeAt };
  const mail =
    percent === 0
      ? { ...about, kind: 'overage_lapsed' as const, data: { reason, capMinor, currency } }
      : { ...about, kind: 'overage_cap' as const, data: { percent, period, capMinor, currency } };
  return db.transaction((tx) => queueMail(tx, tenantId, mail));
}
