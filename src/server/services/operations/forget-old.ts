import {
  forgetAlerts,
  forgetApiKeys,
  forgetEvents,
  forgetExpiredCheckouts,
  forgetLinkMails,
} from '../../../db/repositories/operations/forget.repository.ts';
import type { Db } from '../../../db/client.ts';
import type { Clock } from '../../../domain/clock.ts';
import { keptSince } from '../../../domain/accounts/retention.ts';

/**
 * Forgets rows that are over and of which nobody asks any more, so that only what is kept on purpose
 * grows with use (docs/adr/0077). Sessions, invitations, holds and reconciler's runs are forgotten where
 * they are made.
 */
export async function forgetOld({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const now = clock.now();
  await forgetApiKeys(db, keptSince('apiKeys', now));
  await forgetExpiredCheckouts(db, keptSince('expiredCheckouts', now));
  await forgetLinkMails(db, keptSince('linkMails', now));
  await forgetEvents(db, keptSince('events', now));
  await forgetAlerts(db, keptSince('alerts', now));
}
