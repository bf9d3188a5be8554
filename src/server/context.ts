import type { Registry } from 'prom-client';
import { createBillingServices, type BillingServices } from './context/billing-services.ts';
import { createProductServices, type ProductServices } from './context/product-services.ts';
import { createOperators } from './context/operator-services.ts';
import type { Drain } from './drain.ts';
import type { Foundation } from './context/foundation.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createStreams, registerWatchers, type Streams } from './streams/stream-slots.ts';
import { LedgerVerificationService } from './services/usage/ledger/ledger-verification.service.ts';
import { registerBillingMetrics } from './services/billing/metrics.ts';
import { registerJobMetrics } from './services/operations/metrics.ts';
import type { Operators } from './services/operators/operators.ts';
import { mailCrossings } from './services/mail/from-buckets/crossings.ts';
import { PlanCatalogue } from './services/plans/plan-catalogue.ts';
import { UsageService } from './services/usage.service.ts';
import { createUsageMetrics, registerUsageReadings } from './services/usage/metrics.ts';

/** The services, wired once. */
export interface Services extends BillingServices, ProductServices {
  usage: UsageService;
  ledgerVerification: LedgerVerificationService;
  operators: Operators;
}

export interface Context extends Foundation {
  /** The stages in which the process leaves. */
  drain: Drain;
  metrics: Metrics;
  /** What is open of endless and long answers. */
  streams: Streams;
  services: Services;
}

/** The composition root: the only place that knows which service needs which. */
export function createContext(foundation: Foundation, drain: Drain): Context {
  const { clock, database, log } = foundation;
  const metrics = createMetrics();
  const ledgerVerification = new LedgerVerificationService({ database, clock, log });
  const plans = new PlanCatalogue(database.db);
  const usage = new UsageService({
    database,
    plans,
    clock,
    log,
    metrics: createUsageMetrics(metrics.registry),
  });
  registerReadings(metrics.registry, foundation, ledgerVerification);
  const product = createProductServices(foundation, usage, plans, metrics.registry);
  const billing = createBillingServices(foundation, usage, plans, {
    drain,
    registry: metrics.registry,
  });
  billing.mails.drawFrom(() => mailCrossings(database));
  billing.mails.drawFrom(() => product.auth.own.passwords.answerRequests());
  const services = { ...product, ...billing, usage, ledgerVerification };
  registerWatchers(metrics.registry, {
    usage: usage.watchers,
    memberships: () => product.auth.access.watchers.memberships,
    sessions: () => product.auth.access.watchers.sessions,
  });
  return {
    ...foundation,
    drain,
    metrics,
    streams: createStreams(metrics.registry, database.pool),
    services: { ...services, operators: createOperators(foundation, services) },
  };
}

/** The figures that are read from the database whenever somebody asks. */
function registerReadings(
  registry: Registry,
  { clock, database }: Foundation,
  ledgerVerification: LedgerVerificationService,
): void {
  const { buckets, db, pool } = database;
  const readVerification = () => ledgerVerification.getLast();
  registerBillingMetrics(registry, db, clock);
  registerJobMetrics(registry, pool);
  registerUsageReadings(registry, { buckets, clock, readVerification });
}
