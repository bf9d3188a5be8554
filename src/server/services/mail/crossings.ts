import type { Db } from '../../../db/client.ts';
import { insertMail } from '../../../db/repositories/mail-outbox.repository.ts';
import { findBillingContact } from '../../../db/repositories/tenant-billing.repository.ts';
import { bucketOf } from '../../../db/repositories/usage/bucket.ts';
import { closeCrossing, listCrossings } from '../../../db/repositories/usage/crossings.ts';
import type { Crossing } from '../../../db/repositories/usage/crossings.ts';

const AT_ONCE = 100;

/**
 * Writes the mails about limits that were nearly or wholly used up. Metering records a crossing with
 * the usage that made it; whom to tell, and in which language, is known here. A crossing is closed
 * after its mail is in the outbox, which takes the same mail once: cut short anywhere, and by however
 * many processes at once, it is one mail.
 */
export async function mailCrossings(db: Db): Promise<void> {
  const bucket = bucketOf(db.$client);
  for (let found = AT_ONCE; found === AT_ONCE;) {
    const crossings = await listCrossings(bucket, AT_ONCE);
    found = crossings.length;
    for (const crossing of crossings) {
      await insertCrossingMail(db, crossing);
      await closeCrossing(bucket, crossing);
    }
  }
}

async function insertCrossingMail(db: Db, crossing: Crossing): Promise<void> {
  const { tenantId, period, resourceType, percent, used, limit, crossedAt } = crossing;
  const owner = await findBillingContact(db, tenantId);
  // The account was deleted meanwhile.
  if (!owner) return;
  await insertMail(db, {
    tenantId,
    kind: 'usage_threshold',
    subjectId: [tenantId, resourceType, period, percent, limit].join(':'),
    recipient: owner.email,
    locale: owner.locale,
    timeZone: owner.timeZone,
    data: { resourceType, period, percent, used, limit },
    createdAt: crossedAt,
  });
}
