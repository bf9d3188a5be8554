import { setTimeout } from 'node:timers/promises';
import { BillingError } from '../../../domain/errors.ts';
import type { Logger } from '../../log.ts';

/** Pauses before what the database did not take is tried again; the last one over and over. */
const RETRY_AFTER_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/** How long a process that stops waits for what is still to be written. */
const LAST_TRY_WITHIN_MS = 3_000;

/**
 * Retries writes of what is owed, for as long as the process lives. What a dying process leaves is
 * settled when its hold expires, by the progress that was written before.
 */
export class WriteRetries {
  readonly #log: Logger;
  readonly #underWay = new Set<Promise<void>>();
  readonly #hurry = new AbortController();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Settlements that wait for the database. */
  get count(): number {
    return this.#underWay.size;
  }

  /**
   * Runs `write` until it succeeds. Rejects when it is refused for good, by an error under 500, and
   * when the process stops before it could be written.
   */
  untilWritten(write: () => Promise<unknown>, what: object): Promise<void> {
    const written = this.#keepTrying(write, what).finally(() => this.#underWay.delete(written));
    this.#underWay.add(written);
    return written;
  }

  /** Hurries what waits to one more try each. */
  async stop(): Promise<void> {
    this.#hurry.abort();
    const all = Promise.allSettled(this.#underWay);
    await Promise.race([all, setTimeout(LAST_TRY_WITHIN_MS, undefined, { ref: false })]);
    if (this.#underWay.size > 0) {
      this.#log.error({ left: this.#underWay.size }, 'left to the expiry of their holds');
    }
  }

  async #keepTrying(write: () => Promise<unknown>, what: object): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const last = this.#hurry.signal.aborted;
      try {
        await write();
        return;
      } catch (err) {
        const final = err instanceof BillingError && err.status < 500;
        if (final || last) {
          this.#log.error({ err, ...what }, 'what was used could not be written');
          throw err;
        }
        this.#log.warn({ err, ...what }, 'what was used is not written yet; trying again');
      }
      const pauseMs = RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length - 1)];
      const options = { ref: false, signal: this.#hurry.signal };
      await setTimeout(pauseMs, undefined, options).catch(() => undefined);
    }
  }
}
