import { openDatabase, type Database } from '../../src/db/client.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { createMovableClock, systemClock } from '../../src/server/clock.ts';
import { decideConfig, type Config } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { Jobs } from '../../src/server/jobs.ts';
import { createLog } from '../../src/server/log.ts';
import { PriceCatalogue } from '../../src/server/services/stripe/catalogue.ts';
import {
  createStripeClient,
  stripeAccessOf,
  type StripeAccess,
} from '../../src/server/services/stripe/client.ts';
import { ReconcileService } from '../../src/server/services/reconcile.service.ts';
import { StripeService } from '../../src/server/services/stripe.service.ts';
import { StripeEventService } from '../../src/server/services/stripe-event.service.ts';
import { Turns } from '../../src/server/services/subscription/turns.ts';
import { reachDatabase } from './database.ts';

export interface OperatorBilling {
  config: Config;
  access: StripeAccess;
  database: Database;
  events: StripeEventService;
  reconcile: ReconcileService;
  close(): Promise<void>;
}

/** What an operator's command needs of billing: the database, Stripe and the queue, no HTTP. */
export async function openBilling(): Promise<OperatorBilling> {
  const config = decideConfig(readEnv());
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel, true);
  const reached = await reachDatabase(config.database);
  const database = openDatabase({ url: reached.url });
  const { db } = database;
  const access = stripeAccessOf(config.stripe, undefined);
  const client = createStripeClient(access);
  const stripe = new StripeService({ stripe: client, portalConfiguration: undefined });
  const clock = await clockOf(access);
  const catalogue = new PriceCatalogue({ stripe: client, access, db, clock, log });
  const lockDatabase = openDatabase({ url: reached.url, max: 8 });
  const sync = {
    db,
    lockDb: lockDatabase.db,
    turns: new Turns(),
    clock,
    log,
    stripe,
    catalogue,
    graceDays: config.pastDueGraceDays,
  };
  const jobs = new Jobs({ databaseUrl: reached.url, log });
  const events = new StripeEventService({ ...sync, jobs });
  events.registerWorker();
  await jobs.start();
  const { livemode } = access;
  return {
    config,
    access,
    database,
    events,
    reconcile: new ReconcileService({ ...sync, events, livemode }),
    close: async () => {
      await jobs.stop();
      await lockDatabase.close();
      await database.close();
      await reached.close();
    },
  };
}

/** A local Stripe has a time of its own, which the app beside it shares. */
async function clockOf({ apiBase }: StripeAccess): Promise<Clock> {
  if (!apiBase) return systemClock;
  const clock = createMovableClock();
  const state = await fetch(new URL('/_control/state', apiBase)).catch(() => undefined);
  if (!state?.ok) {
    throw new Error(`The local Stripe does not answer at ${apiBase.origin}; is npm start running?`);
  }
  const { now } = (await state.json()) as { now: number };
  const there = new Date(now * 1000);
  if (there > clock.now()) clock.moveTo(there);
  return clock;
}

/** Runs a command; what goes wrong is one sentence and exit code 1. */
export async function runCommand(command: () => Promise<boolean>): Promise<void> {
  try {
    if (!(await command())) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
