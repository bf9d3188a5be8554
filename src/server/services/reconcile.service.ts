import { z } from 'zod';
import { findSetting, writeSetting } from '../../db/repositories/setting.repository.ts';
import { listCustomers } from '../../db/repositories/tenant-billing.repository.ts';
import { errorText } from '../error-text.ts';
import { isStripeUnavailable } from './stripe/errors.ts';
import type { StripeEventService } from './stripe-event.service.ts';
import { syncCustomer, type SyncDeps } from './subscription/sync-customer.ts';

const CURSOR = 'stripe.events.cursor';
const cursor = z.object({ until: z.iso.datetime() });

/** How far back a first catch-up looks; the sweep covers what lies before. */
const FIRST_REACH_MS = 24 * 3600_000;
/** Stripe lists an event some time after it made it. */
const OVERLAP_MS = 10 * 60_000;
const PAGE = 100;

export interface SweepResult {
  synced: number;
  /** Customers that Stripe does not know. */
  missing: string[];
  failed: { customerId: string; error: string }[];
}

/** Closes the gaps that webhooks leave: lost ones, an endpoint that was off, a restored backup. */
export class ReconcileService {
  readonly #deps: SyncDeps & { events: Pick<StripeEventService, 'receive'> };
  readonly #livemode: boolean;

  constructor(deps: SyncDeps & { events: Pick<StripeEventService, 'receive'>; livemode: boolean }) {
    this.#deps = deps;
    this.#livemode = deps.livemode;
  }

  /**
   * Fetches the events since the last time and puts those that never arrived into the inbox, where
   * they are handled as if they had. Answers how many were missing.
   */
  async catchUpEvents(): Promise<number> {
    const { db, clock, stripe, events } = this.#deps;
    const now = clock.now();
    const kept = cursor.safeParse(await findSetting(db, CURSOR)).data;
    const from = kept ? Date.parse(kept.until) - OVERLAP_MS : now.getTime() - FIRST_REACH_MS;
    let missing = 0;
    for (const event of await stripe.listEventsSince(new Date(from))) {
      if (event.livemode === this.#livemode && (await events.receive(event))) missing += 1;
    }
    await writeSetting(db, CURSOR, { until: now.toISOString() }, now);
    if (missing > 0)
      this.#deps.log.info({ missing }, 'events fetched that no webhook had brought yet');
    return missing;
  }

  /**
   * Syncs every customer, invoices included, or those not read from Stripe for `ageMs`. One that
   * fails does not stop the walk; an absent Stripe does: 503 `stripe_unavailable`.
   */
  async sweep(options: { ageMs?: number; signal?: AbortSignal } = {}): Promise<SweepResult> {
    const { ageMs = 0, signal } = options;
    const result: SweepResult = { synced: 0, missing: [], failed: [] };
    // Nobody is read twice: what this walk syncs is newer than its beginning.
    const syncedBefore = new Date(this.#deps.clock.now().getTime() - ageMs);
    let afterId = '';
    while (!signal?.aborted) {
      const walk = { afterId, syncedBefore, limit: PAGE };
      const page = await listCustomers(this.#deps.db, walk);
      for (const customerId of page) {
        if (!signal?.aborted) await this.#syncOne(customerId, result);
      }
      afterId = page.at(-1) ?? afterId;
      if (page.length < PAGE) break;
    }
    return result;
  }

  async #syncOne(customerId: string, result: SweepResult): Promise<void> {
    try {
      const outcome = await syncCustomer(this.#deps, customerId, {
        actor: { kind: 'system', task: 'reconcile' },
        invoices: 'newest',
      });
      if (outcome === 'missing') result.missing.push(customerId);
      else result.synced += 1;
    } catch (error) {
      if (isStripeUnavailable(error)) throw error;
      this.#deps.log.error({ err: error, customerId }, 'customer not reconciled');
      result.failed.push({ customerId, error: errorText(error) });
    }
  }
}
