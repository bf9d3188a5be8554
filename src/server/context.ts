import type { Clock } from '../domain/clock.ts';
import type { Database } from '../db/client.ts';
import type { Config } from './config/config.ts';
import { createBillingServices, type BillingServices } from './context-billing.ts';
import type { Jobs } from './jobs.ts';
import { systemClock } from './clock.ts';
import type { Logger } from './log.ts';
import type { StripeAccess } from './services/stripe/client.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { AuthService } from './services/auth.service.ts';
import { UsageReader } from './usage-reader.ts';
import { HealthService } from './services/health.service.ts';

/** What a process knows once it has decided its configuration and opened its connections. */
export interface Foundation {
  config: Config & { appUrl: string; jwtSecret: string };
  clock: Clock;
  log: Logger;
  database: Database;
  jobs: Jobs;
  /** The Stripe account, set up. */
  stripe: StripeAccess;
  /** Turns the clock; only there beside a local Stripe. Rejects with a RangeError when it would go back. */
  moveClock?: (instant: Date) => Promise<Date>;
}

/** The services, wired once. */
export interface Services extends BillingServices {
  auth: AuthService;
  health: HealthService;
}

export interface Context extends Foundation {
  /** Aborted when the process begins to stop: endless answers (server-sent events) end on it. */
  stopping: AbortSignal;
  metrics: Metrics;
  services: Services;
}

/** The composition root: the only place that knows which service needs which. */
export function createContext(foundation: Foundation, stopping: AbortSignal): Context {
  const { clock, config, database, log } = foundation;
  const { db } = database;
  const { jwtSecret } = config;
  const auth = new AuthService({ db, clock, realTime: systemClock, log, jwtSecret });
  const health = new HealthService({ pool: database.pool, jobs: foundation.jobs });
  const billing = createBillingServices(foundation, new UsageReader({ database, clock }));
  const services = { auth, health, ...billing };
  return { ...foundation, stopping, metrics: createMetrics(), services };
}
