import type { Logger } from '../../log.ts';
import { Watchers } from '../../streams/watchers.ts';

/** The shortest time between two announcements: people look at them, nothing is counted by them. */
const EVERY_MS = 200;

/** Tenants of one notification: PostgreSQL takes 8,000 bytes, an id is 36 and a comma. */
const TENANTS_MAX = 200;

export type LiveListener = () => void;

/**
 * Tells whoever watches a tenant's usage that it moved, in whichever process it moved. Changes are
 * gathered and sent outside the transactions that make them: a NOTIFY inside would make commits
 * wait for each other. One that gets lost with a dying process is made up by the next.
 */
export class LiveUsage {
  readonly #notify: (payload: string) => Promise<unknown>;
  readonly #log: Logger;
  readonly #watched = new Watchers<LiveListener>();
  #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { notify: (payload: string) => Promise<unknown>; log: Logger }) {
    this.#notify = deps.notify;
    this.#log = deps.log;
  }

  /** Notes that a tenant's usage moved in this process. */
  changed(tenantId: string): void {
    this.#changed.add(tenantId);
    this.#timer ??= setTimeout(() => void this.flush(), EVERY_MS).unref();
  }

  /** Sends what has gathered. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const tenants = [...this.#changed];
    this.#changed = new Set();
    try {
      for (let from = 0; from < tenants.length; from += TENANTS_MAX) {
        await this.#notify(tenants.slice(from, from + TENANTS_MAX).join(','));
      }
    } catch (err) {
      this.#log.debug({ err }, 'live usage was not told');
    }
  }

  /** A notification from some process, this one among them. */
  heard(payload: string): void {
    for (const tenantId of payload.split(',')) this.wake(tenantId);
  }

  wake(tenantId: string): void {
    for (const listener of this.#watched.of(tenantId)) listener();
  }

  /** After a gap nobody knows what was missed. */
  wakeAll(): void {
    for (const listener of this.#watched.all()) listener();
  }

  /** How many watch in this process. */
  get watchers(): number {
    return this.#watched.count;
  }

  /** Calls `listener` whenever the tenant's usage may have moved; returns how to stop. */
  watch(tenantId: string, listener: LiveListener): () => void {
    return this.#watched.add(tenantId, listener);
  }
}
