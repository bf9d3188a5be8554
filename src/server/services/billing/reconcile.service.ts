import { listDueSyncFailures } from '../../../db/repositories/billing/sync-failure.repository.ts';
import {
  countCustomers,
  listCustomers,
  SWEEP_START,
} from '../../../db/repositories/billing/tenant-billing.repository.ts';
import { writeSetting } from '../../../db/repositories/operations/setting.repository.ts';
import type { RunTrigger } from '../../../domain/accounts/reconcile-run.ts';
import { LAST_RECONCILE_SETTING } from './metrics.ts';
import { catchUpEvents, countMissingEvents } from './reconcile/catch-up.ts';
import { RunLog } from './reconcile/run-log.ts';
import { Sweep, type SweepResult } from './reconcile/sweep.ts';
import type { StripeEventService } from './stripe-event.service.ts';
import { syncCustomer, type SyncOutcome } from './sync/sync-customer.ts';
import type { SyncDeps } from './sync/sync-deps.ts';
import type { Subscriber } from '../stripe/subscribers.ts';
import {
  ImportedBefore,
  problemOf,
  type ImportOutcome,
  type ImportRow,
} from './reconcile/import-customers.ts';
import { listUnknownSubscribers, restoreTenantOf } from './reconcile/unknown-subscribers.ts';

const PAGE = 100;
/** How many failed customers are tried again at once; the others come a minute later. */
const RETRIES = 20;

/** What became of somebody who subscribes at Stripe and was unknown here. */
export interface Backfilled extends Subscriber {
  outcome: SyncOutcome | 'not_done';
}

export interface SweepOptions {
  trigger?: RunTrigger;
  ageMs?: number;
  onlyDue?: boolean;
  signal?: AbortSignal;
}

/** Closes the gaps that webhooks leave: lost ones, an endpoint that was off, a restored backup. */
export class ReconcileService {
  readonly #deps: SyncDeps & { events: Pick<StripeEventService, 'receive'> };

  constructor(deps: SyncDeps & { events: Pick<StripeEventService, 'receive'> }) {
    this.#deps = deps;
  }

  /** Fetches events that no webhook brought; answers how many. */
  catchUpEvents(): Promise<number> {
    return catchUpEvents(this.#deps);
  }

  /** What a catch-up and a sweep would have to do; changes nothing. */
  async preview(): Promise<{ events: number; customers: number }> {
    const events = await countMissingEvents(this.#deps);
    return { events, customers: await countCustomers(this.#deps.db) };
  }

  /**
   * Syncs every customer, invoices, refunds and disputes included, or those not read from Stripe for
   * `ageMs`. One that fails does not stop the sweep; an absent Stripe does: 503 `stripe_unavailable`.
   * `onlyDue` leaves out those whose failure waits for a later try. What it found is kept, as a run.
   */
  async sweep(options: SweepOptions = {}): Promise<SweepResult> {
    const { trigger = 'hand' } = options;
    const log = await RunLog.begin(this.#deps, trigger);
    const sweep = new Sweep(this.#deps, (id) => log.watch(id, () => this.#sync(id)));
    try {
      await this.#visitAll(sweep, options);
      const result = await sweep.end();
      const isStopped = options.signal?.aborted === true;
      await log.end(result, isStopped ? new Error('It was stopped.') : undefined);
      const at = this.#deps.clock.now();
      const setting = { at: at.toISOString() };
      if (!isStopped) await writeSetting(this.#deps.db, LAST_RECONCILE_SETTING, setting, at);
      return result;
    } catch (error) {
      await log.end(sweep.result, error);
      throw error;
    }
  }

  async #visitAll(sweep: Sweep, options: SweepOptions): Promise<void> {
    const { ageMs = 0, onlyDue = false, signal } = options;
    const { db, clock } = this.#deps;
    // Nobody is read twice: what this sweep syncs is newer than its beginning.
    const begun = clock.now();
    const syncedBefore = new Date(begun.getTime() - ageMs);
    const dueAt = onlyDue ? begun : undefined;
    let after = SWEEP_START;
    while (!signal?.aborted) {
      const page = await listCustomers(db, { after, syncedBefore, dueAt, limit: PAGE });
      for (const { customerId } of page) if (!signal?.aborted) await sweep.visit(customerId);
      after = page.at(-1) ?? after;
      if (page.length < PAGE) break;
    }
  }

  /**
   * Looks at those who subscribe at Stripe and are unknown here: who has a tenant here is adopted;
   * for who pays and has none an operator is told. Answers those that stay unknown and pay.
   */
  async meetStrangers(signal?: AbortSignal): Promise<string[]> {
    const unknown: string[] = [];
    for (const { customerId, isLive } of await listUnknownSubscribers(this.#deps)) {
      if (signal?.aborted) break;
      if ((await this.#sync(customerId)) === 'foreign' && isLive) unknown.push(customerId);
    }
    return unknown;
  }

  /**
   * Makes the tenants of strangers anew from Stripe: subscriptions, payments and plans, without people.
   * For a database that is empty or older than the account. With `dryRun` they are only listed.
   */
  async backfill({ dryRun }: { dryRun: boolean }): Promise<Backfilled[]> {
    const found = await listUnknownSubscribers(this.#deps);
    if (dryRun) return found.map((one) => ({ ...one, outcome: 'not_done' }));
    const done: Backfilled[] = [];
    for (const one of found) {
      await restoreTenantOf(this.#deps, one);
      done.push({ ...one, outcome: await this.#sync(one.customerId) });
    }
    return done;
  }

  /**
   * Gives customers that another program made at Stripe to tenants here: each that can be is marked
   * there, and synced. Answers each with what is wrong with it. With `dryRun` nothing is changed.
   */
  async importCustomers(
    rows: readonly ImportRow[],
    { dryRun }: { dryRun: boolean },
  ): Promise<ImportOutcome[]> {
    const outcomes: ImportOutcome[] = [];
    const before = new ImportedBefore();
    for (const row of rows) {
      let problem = (await problemOf(this.#deps, row)) ?? before.problemOf(row);
      if (problem === null && !dryRun) {
        await this.#deps.stripe.markCustomer(row.customerId, row.tenantId);
        const outcome = await this.#sync(row.customerId);
        if (outcome !== 'synced') problem = `It was marked, and could not be synced (${outcome}).`;
      }
      outcomes.push({ ...row, problem });
    }
    return outcomes;
  }

  /** Tries customers again that failed alone and whose next try is due. */
  async retryFailed(signal?: AbortSignal): Promise<SweepResult> {
    const { db, clock } = this.#deps;
    const sweep = new Sweep(this.#deps, (customerId) => this.#sync(customerId));
    for (const customerId of await listDueSyncFailures(db, clock.now(), RETRIES)) {
      if (!signal?.aborted) await sweep.visit(customerId);
    }
    return sweep.end();
  }

  #sync(customerId: string): Promise<SyncOutcome> {
    const actor = { kind: 'system', task: 'reconcile' } as const;
    return syncCustomer(this.#deps, customerId, { actor, invoices: 'newest' });
  }
}
