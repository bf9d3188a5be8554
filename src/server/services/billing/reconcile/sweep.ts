import type { Db } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlert,
} from '../../../../db/repositories/operations/alert.repository.ts';
import {
  forgetSyncFailure,
  noteSyncFailure,
  postponeSync,
} from '../../../../db/repositories/billing/sync-failure.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { errorText } from '../../../log/error-text.ts';
import type { Logger } from '../../../log.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { StripeService } from '../../stripe.service.ts';

export interface SweepResult {
  synced: number;
  /** Customers that Stripe does not know. */
  missing: string[];
  failed: { customerId: string; error: string }[];
}

/** As many failures in a row may be an outage: Stripe itself is asked. */
const SUSPICIOUS_IN_A_ROW = 3;
/** From this many tries in a row on an operator is told. */
const ALERT_AFTER_ATTEMPTS = 5;
const FIRST_RETRY_MS = 60_000;
const RETRY_MS_MAX = 6 * 3600_000;
const ALERT = 'customer_not_synced';

/**
 * Syncs customers one after the other. One for whom Stripe fails is noted and tried again later,
 * and does not stop the sweep. Several in a row, or all there are, may mean that Stripe is away: a
 * bare call decides, and an outage is nobody's failure but ends the sweep (503 `stripe_unavailable`).
 */
export class Sweep {
  readonly #deps: { db: Db; clock: Clock; log: Logger; stripe: StripeService };
  readonly #sync: (customerId: string) => Promise<string>;
  /** Failures since the last success that may yet turn out to be an outage. */
  #suspicious: { customerId: string; error: unknown }[] = [];
  readonly result: SweepResult = { synced: 0, missing: [], failed: [] };

  constructor(
    deps: { db: Db; clock: Clock; log: Logger; stripe: StripeService },
    sync: (customerId: string) => Promise<string>,
  ) {
    this.#deps = deps;
    this.#sync = sync;
  }

  async visit(customerId: string): Promise<void> {
    try {
      const outcome = await this.#sync(customerId);
      await this.#succeeded(customerId);
      if (outcome === 'missing') this.result.missing.push(customerId);
      else this.result.synced += 1;
    } catch (error) {
      if (!isStripeUnavailable(error)) return this.#fail(customerId, error);
      this.#suspicious.push({ customerId, error });
      if (this.#suspicious.length >= SUSPICIOUS_IN_A_ROW) await this.#judge();
      return;
    }
    // Stripe answered, so the ones before were alone with their trouble.
    await this.#blame();
  }

  /** After the last customer. */
  async end(): Promise<SweepResult> {
    if (this.#suspicious.length > 0) await this.#judge();
    return this.result;
  }

  async #judge(): Promise<void> {
    await this.#deps.stripe.assertReachable();
    await this.#blame();
  }

  async #blame(): Promise<void> {
    for (const one of this.#suspicious.splice(0)) await this.#fail(one.customerId, one.error);
  }

  async #succeeded(customerId: string): Promise<void> {
    const { db, clock } = this.#deps;
    if (await forgetSyncFailure(db, customerId)) {
      await resolveAlert(db, ALERT, customerId, clock.now());
    }
  }

  async #fail(customerId: string, reason: unknown): Promise<void> {
    const { db, clock, log } = this.#deps;
    log.error({ err: reason, customerId }, 'customer not reconciled; tried again later');
    const error = errorText(reason);
    const now = clock.now();
    const attempts = await noteSyncFailure(db, { customerId, error, now });
    await postponeSync(db, customerId, new Date(now.getTime() + retryDelayMs(attempts)));
    this.result.failed.push({ customerId, error });
    if (attempts < ALERT_AFTER_ATTEMPTS) return;
    await raiseAlert(db, {
      tenantId: null,
      kind: ALERT,
      subjectId: customerId,
      message: `The customer could not be read from Stripe ${attempts} times in a row (${error}); what we show of it is old.`,
      details: { attempts, error },
      now,
    });
  }
}

/** A minute, then twice as long each time, up to six hours. */
export function retryDelayMs(attempts: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), RETRY_MS_MAX);
}
