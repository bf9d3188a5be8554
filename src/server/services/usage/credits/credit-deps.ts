import type { Database } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Entitlements } from '../entitlements.ts';
import type { LiveUsage } from '../live-usage.ts';
import type { UsageQueues } from '../routing/queues.ts';
import type { UsageRouter } from '../routing/router.ts';

/** What credits are read and changed with. */
export interface CreditDeps {
  db: Database['db'];
  buckets: Database['buckets'];
  router: UsageRouter;
  queues: Pick<UsageQueues, 'overages'>;
  entitlements: Entitlements;
  live: Pick<LiveUsage, 'changed'>;
  clock: Clock;
}
