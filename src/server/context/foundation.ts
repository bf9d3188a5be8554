import type { Database } from '../../db/client.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Config } from '../config/config.ts';
import type { Jobs } from '../jobs.ts';
import type { Logger } from '../log.ts';
import type { Trace } from '../services/operations/tracing/trace.ts';
import type { StripeAccess } from '../services/stripe/client/client.ts';

/** What a process knows once it has decided its configuration and opened its connections. */
export interface Foundation {
  config: Config & { appUrl: string; jwtSecret: string };
  clock: Clock;
  log: Logger;
  trace: Trace;
  database: Database;
  /** The same database over connections that may be held while Stripe is asked. */
  lockDatabase: Database;
  jobs: Jobs;
  /** The Stripe account, set up. */
  stripe: StripeAccess;
  /** Turns the clock; only there beside a local Stripe. Rejects with a RangeError when it would go back. */
  moveClock?: (instant: Date) => Promise<Date>;
}
