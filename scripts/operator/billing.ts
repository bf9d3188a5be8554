import pretty from 'pino-pretty';
import { HELD_CONNECTIONS, openDatabase, type Database } from '../../src/db/client.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { assertStripeSet, decideForCommand, type Config } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { Jobs } from '../../src/server/jobs.ts';
import { noTrace } from '../../src/server/services/operations/tracing/trace.ts';
import { createLog } from '../../src/server/log.ts';
import { PlanCatalogue } from '../../src/server/services/plans/plan-catalogue.ts';
import { PriceCatalogue } from '../../src/server/services/stripe/catalogue.ts';
import {
  createStripeClient,
  stripeAccessOf,
  type StripeAccess,
} from '../../src/server/services/stripe/client/client.ts';
import { PurchaseService } from '../../src/server/services/billing/purchase.service.ts';
import { ReconcileService } from '../../src/server/services/billing/reconcile.service.ts';
import { RemedyService } from '../../src/server/services/billing/remedy.service.ts';
import { OperatorLog } from '../../src/server/services/operators/log.ts';
import { TenantActs } from '../../src/server/services/operators/tenant-acts.ts';
import { SubscriptionService } from '../../src/server/services/subscription.service.ts';
import { StatementInvoices } from '../../src/server/services/stripe/invoices/statement-invoices.ts';
import { StatementService } from '../../src/server/services/billing/statement.service.ts';
import { StripeService } from '../../src/server/services/stripe.service.ts';
import { StripeEventService } from '../../src/server/services/billing/stripe-event.service.ts';
import { HeldConnections } from '../../src/server/services/billing/locks/held-connections.ts';
import { KeyedQueue } from '../../src/server/services/billing/locks/keyed-queue.ts';
import { PackCatalogue } from '../../src/server/services/stripe/packs/pack-catalogue.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { Drain } from '../../src/server/drain.ts';
import { clockOf } from './clock.ts';
import { reachDatabase } from './database.ts';

export interface OperatorBilling {
  config: Config;
  access: StripeAccess;
  database: Database;
  clock: Clock;
  events: StripeEventService;
  reconcile: ReconcileService;
  remedies: RemedyService;
  purchases: PurchaseService;
  statements: StatementService;
  /** What the operator's page does for one tenant. */
  acts: TenantActs;
  close(): Promise<void>;
}

/**
 * What an operator's command needs of billing: the database, Stripe and the queue, no HTTP. Without
 * `works` the queue is not begun: for who only looks.
 */
export async function openBilling({ works }: { works: boolean }): Promise<OperatorBilling> {
  const config = decideForCommand(readEnv());
  assertStripeSet(config);
  // On stderr, beside the answer: `--json` is for programs.
  const beside = pretty({
    ...{ destination: 2, sync: true },
    ...{ colorize: process.stderr.isTTY === true, ignore: 'pid,hostname' },
  });
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel, false, beside);
  const access = stripeAccessOf(config.stripe, undefined);
  // Before anything is opened that would have to be closed again.
  const clock = await clockOf(access);
  const reached = await reachDatabase(config.database);
  const database = openDatabase({ url: reached.url });
  const { db } = database;
  const client = createStripeClient(access);
  const stripe = new StripeService({
    stripe: client,
    portalConfiguration: undefined,
    environment: config.environment,
    checkoutSettings: config.checkoutSettings,
  });
  const catalogue = new PriceCatalogue({ stripe: client, access, db, clock, log });
  const lockDatabase = openDatabase({
    url: reached.url,
    max: HELD_CONNECTIONS,
    answerWithinMs: 20_000,
  });
  const jobs = new Jobs({ databaseUrl: reached.url, log });
  const sync = {
    db,
    held: new HeldConnections(lockDatabase.db),
    queue: new KeyedQueue(),
    clock,
    log,
    trace: noTrace,
    stripe,
    catalogue,
    plans: new PlanCatalogue(db),
    graceDays: config.pastDueGraceDays,
    policies: config.policies,
    jobs,
  };
  const events = new StripeEventService(sync);
  const remedies = new RemedyService(sync);
  const usage = new UsageService({ database, clock, log });
  const { credits } = usage;
  // Nobody is sent to pay from here.
  const appUrl = config.appUrl ?? '';
  const selling = { ...sync, usage, appUrl, trialDays: config.trialDays, drain: new Drain() };
  const packs = new PackCatalogue({ stripe: client, access, db, clock, log });
  const purchases = new PurchaseService({ ...selling, credits, packs });
  const statements = new StatementService({
    ...sync,
    router: usage.router,
    buckets: database.buckets,
    invoices: new StatementInvoices({ stripe: client, environment: config.environment }),
  });
  const acts = new TenantActs({
    ...{ db, clock, usage, credits, purchases, statements, remedies },
    subscriptions: new SubscriptionService(selling, statements),
    log: new OperatorLog({ db, clock }),
  });
  if (works) {
    events.registerWorker();
    remedies.registerWorker(jobs);
    purchases.registerWorker(jobs);
    statements.registerWorker(jobs);
    await jobs.start();
  }
  return {
    config,
    access,
    database,
    clock,
    events,
    remedies,
    purchases,
    statements,
    acts,
    reconcile: new ReconcileService({ ...sync, events }),
    close: async () => {
      await jobs.stop();
      await usage.stop();
      await lockDatabase.close();
      await database.close();
      await reached.close();
    },
  };
}
