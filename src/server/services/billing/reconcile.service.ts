import { listDueSyncFailures } from '../../../db/repositories/billing/sync-failure.repository.ts';
import {
  countCustomers,
  listCustomers,
  SWEEP_START,
} from '../../../db/repositories/billing/tenant-billing.repository.ts';
import { catchUpEvents, countMissingEvents } from './reconcile/catch-up.ts';
import { Sweep, type SweepResult } from './reconcile/sweep.ts';
import type { StripeEventService } from './stripe-event.service.ts';
import { syncCustomer } from './sync/sync-customer.ts';
import type { SyncDeps } from './sync/sync-deps.ts';

const PAGE = 100;
/** How many failed customers are tried again at once; the others come a minute later. */
const RETRIES = 20;

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
   * `onlyDue` leaves out those whose failure waits for a later try.
   */
  async sweep(
    options: { ageMs?: number; onlyDue?: boolean; signal?: AbortSignal } = {},
  ): Promise<SweepResult> {
    const { ageMs = 0, onlyDue = false, signal } = options;
    const { db, clock } = this.#deps;
    const sweep = this.#newSweep();
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
    return sweep.end();
  }

  /** Tries customers again that failed alone and whose next try is due. */
  async retryFailed(signal?: AbortSignal): Promise<SweepResult> {
    const { db, clock } = this.#deps;
    const sweep = this.#newSweep();
    for (const customerId of await listDueSyncFailures(db, clock.now(), RETRIES)) {
      if (!signal?.aborted) await sweep.visit(customerId);
    }
    return sweep.end();
  }

  #newSweep(): Sweep {
    const actor = { kind: 'system', task: 'reconcile' } as const;
    return new Sweep(this.#deps, (customerId) =>
      syncCustomer(this.#deps, customerId, { actor, invoices: 'newest' }),
    );
  }
}
