import type { Db } from '../../../db/client.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Logger } from '../../log.ts';
import type { PlanCatalogue } from '../plans/plan-catalogue.ts';
import type { Entitlements } from './entitlements.ts';
import type { LiveUsage } from './live-usage.ts';
import type { UsageMetrics } from './metrics.ts';
import type { UsageQueues } from './routing/queues.ts';
import type { UsageRouter } from './routing/router.ts';

/** What metering is made of; each verb of it takes these. */
export interface MeteringDeps {
  /** The main database: who the people are. */
  db: Db;
  router: UsageRouter;
  queues: UsageQueues;
  entitlements: Entitlements;
  plans: PlanCatalogue;
  live: LiveUsage;
  clock: Clock;
  log: Logger;
  metrics: UsageMetrics | undefined;
}
