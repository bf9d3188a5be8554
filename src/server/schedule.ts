import type { Context } from './context.ts';
import { mailEndings } from './services/mail/from-buckets/endings.ts';
import { forgetOld } from './services/operations/forget-old.ts';
import { verifyBusiness } from './services/operators/verify-business.ts';
import { announceToNewcomers } from './services/plans/announce.ts';
import { carryPublished } from './services/plans/publish-plans.ts';

/** The scheduled sweep leaves alone whom a webhook or a reader has had synced since the last one. */
const SWEEP_AGE_MS = 6 * 3600_000;

/**
 * Every periodic task of the product, in one list; before the jobs start. Cron expressions are UTC;
 * each task runs in one process at a time and tells its failures to the log.
 */
export function registerSchedule(context: Context): void {
  scheduleBilling(context);
  scheduleUsage(context);
  scheduleAccounts(context);
  scheduleBusiness(context);
  schedulePlans(context);
  scheduleForgetting(context);
}

/** With the workers of what billing owes. */
function scheduleBilling({
  jobs,
  services,
  log,
}: Pick<Context, 'jobs' | 'log' | 'services'>): void {
  const { stripeEvents, subscriptions, reconcile, mails, remedies, purchases, limits, statements } =
    services;
  stripeEvents.registerWorker();
  remedies.registerWorker(jobs);
  purchases.registerWorker(jobs);
  statements.registerWorker(jobs);
  jobs.every('remedy-sweep', '* * * * *', async (signal) => {
    await remedies.carryOutAll(signal);
  });
  jobs.every('purchase-sweep', '* * * * *', async (signal) => void (await purchases.sweep(signal)));
  jobs.every('top-ups', '* * * * *', async (signal) => void (await limits.beginTopUps(signal)));
  jobs.every('statement-close', '* * * * *', async (signal) => {
    await statements.closeDue(signal);
  });
  jobs.every(
    'statement-sweep',
    '* * * * *',
    async (signal) => void (await statements.sweep(signal)),
  );
  jobs.every('statement-verify', '53 3 * * *', async () => void (await statements.verify()));
  jobs.every('mail-send', '* * * * *', async (signal) => void (await mails.sendDue(signal)));
  jobs.every('intent-settle', '* * * * *', async (signal) => {
    await subscriptions.settleIntents(signal);
  });
  jobs.every('customer-contacts', '* * * * *', () => subscriptions.syncContacts());
  jobs.every('grace-expiry', '* * * * *', async () => void (await subscriptions.expireGrace()));
  jobs.every('stripe-event-sweep', '* * * * *', async () => void (await stripeEvents.sweep()));
  jobs.every(
    'stripe-event-catch-up',
    '*/10 * * * *',
    async () => void (await reconcile.catchUpEvents()),
  );
  jobs.every('reconcile', '17 */6 * * *', async (signal) => {
    const { synced, missing, failed } = await reconcile.sweep({
      trigger: 'schedule',
      ageMs: SWEEP_AGE_MS,
      onlyDue: true,
      signal,
    });
    log.info({ synced, missing: missing.length, failed: failed.length }, 'reconciled');
  });
  jobs.every(
    'unknown-tenants',
    '29 5 * * *',
    async (signal) => void (await reconcile.meetStrangers(signal)),
  );
  jobs.every(
    'reconcile-retry',
    '* * * * *',
    async (signal) => void (await reconcile.retryFailed(signal)),
  );
  jobs.every('stripe-event-prune', '41 4 * * *', async () => void (await stripeEvents.prune()));
}

function scheduleUsage({
  clock,
  database,
  jobs,
  services,
}: Pick<Context, 'clock' | 'database' | 'jobs' | 'services'>): void {
  const { usage, ledgerVerification } = services;
  // Admission releases what stands in its way by itself; this is for what nobody asks about.
  jobs.every('usage-expiry', '* * * * *', async () => void (await usage.expireReservations()));
  jobs.every('usage-pruning', '41 * * * *', async () => void (await usage.pruneReservations()));
  jobs.every('usage-partitions', '7 */6 * * *', () => usage.ensurePartitions());
  jobs.every(
    'usage-rollover',
    '11 * * * *',
    async (signal) => void (await usage.allowances.rollOver(signal)),
  );
  jobs.every('credits-ending', '23 * * * *', (signal) => mailEndings(database, clock, signal));
  jobs.every('usage-verify', '23 3 * * *', async () => void (await ledgerVerification.verify()));
}

function scheduleAccounts({ jobs, services }: Pick<Context, 'jobs' | 'services'>): void {
  jobs.every('session-prune', '23 3 * * *', () => services.auth.prune());
  jobs.every('operator-session-prune', '29 3 * * *', () => services.operators.access.prune());
}

/** The sums of the operators' page. */
function scheduleBusiness({
  jobs,
  services,
  database,
  clock,
  log,
}: Pick<Context, 'jobs' | 'services' | 'database' | 'clock' | 'log'>): void {
  jobs.every('business-fold', '* * * * *', () => services.operators.business.fold());
  jobs.every(
    'business-verify',
    '37 3 * * *',
    async () => void (await verifyBusiness({ db: database.db, clock, log })),
  );
}

/** Rows that are over. */
function scheduleForgetting({
  jobs,
  database,
  clock,
}: Pick<Context, 'jobs' | 'database' | 'clock'>) {
  jobs.every('forget-old', '47 3 * * *', () => forgetOld({ database, clock }));
}

/** What is published and has not reached everybody yet. */
function schedulePlans({ jobs, database, clock }: Pick<Context, 'jobs' | 'database' | 'clock'>) {
  const deps = { db: database.db, clock };
  jobs.every('plans-carry', '* * * * *', () => carryPublished(deps));
  jobs.every('plans-announce', '23 * * * *', () => announceToNewcomers(deps));
}
