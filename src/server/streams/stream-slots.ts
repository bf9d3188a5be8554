import type { Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { BillingError } from '../../domain/errors.ts';
import { SharedPlaces } from './shared-places.ts';

/** A reader that takes nothing for so long is gone, whatever its socket says. */
export const IDLE_MS = 60_000;

/** Streams that may be open at once: of one tenant, in all processes, and of all together in this one. */
export interface StreamLimits {
  perTenant: number;
  total: number;
  /** Milliseconds without a byte being taken; a minute unless told. */
  idleMs?: number;
}

/** A place among the open streams; `release` gives it back, once, however often it is called. */
export interface StreamSlot {
  release(): void;
}

/** Where places of a tenant are shared with other processes; see `SharedPlaces`. */
interface Places {
  take(tenantId: string, max: number): Promise<(() => void) | undefined>;
}

/**
 * Counts the open streams of one kind, so that nobody can hold them all. A stream ends in many
 * ways (read to the end, hung up, stalled, the server stops), and each of them releases its slot.
 */
export class StreamSlots {
  readonly #kind: string;
  readonly #limits: StreamLimits;
  readonly #openByTenant = new Map<string, number>();
  readonly idleMs: number;
  readonly #places: Places | undefined;
  #open = 0;

  /** Without `places` this process is the only one. */
  constructor(kind: string, limits: StreamLimits, places?: Places) {
    this.#kind = kind;
    this.#limits = limits;
    this.#places = places;
    this.idleMs = limits.idleMs ?? IDLE_MS;
  }

  get open(): number {
    return this.#open;
  }

  /**
   * Throws 429 `rate_limited` when the tenant has its number open, here or elsewhere, 503 `busy` when this process has
   * all it may.
   */
  async take(tenantId: string): Promise<StreamSlot> {
    const own = this.#openByTenant.get(tenantId) ?? 0;
    const { perTenant, total } = this.#limits;
    if (own >= perTenant) throw this.#refusal();
    if (this.#open >= total) {
      throw new BillingError('busy', `Too many ${this.#kind} are open; try again in a moment.`, {
        retryAfterSeconds: 5,
      });
    }
    // Before it is known, so that those who ask at once are counted.
    this.#count(tenantId, 1);
    let giveBack: (() => void) | undefined;
    try {
      giveBack = await this.#places?.take(tenantId, perTenant);
      if (this.#places && !giveBack) throw this.#refusal();
    } catch (error) {
      this.#count(tenantId, -1);
      throw error;
    }
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#count(tenantId, -1);
        giveBack?.();
      },
    };
  }

  #refusal(): BillingError {
    const max = this.#limits.perTenant;
    return new BillingError(
      'rate_limited',
      `Your team has ${max} ${this.#kind} open already, which is as many as it may; close one and try again.`,
      { retryAfterSeconds: 5, data: { open: max, max } },
    );
  }

  #count(tenantId: string, change: 1 | -1): void {
    const own = (this.#openByTenant.get(tenantId) ?? 0) + change;
    this.#open += change;
    if (own === 0) this.#openByTenant.delete(tenantId);
    else this.#openByTenant.set(tenantId, own);
  }
}

/** The slots of each kind of stream. */
export interface Streams {
  exports: StreamSlots;
  liveUsage: StreamSlots;
}

/**
 * An export holds a database connection for as long as its reader takes; a live stream holds a
 * socket and a listener.
 */
export function createStreams(registry: Registry, pool: Pool): Streams {
  const shared = (kind: string, limits: StreamLimits) =>
    new StreamSlots(kind, limits, new SharedPlaces(pool, kind));
  const streams: Streams = {
    exports: shared('exports', { perTenant: 1, total: 3 }),
    liveUsage: shared('live streams', { perTenant: 20, total: 5_000 }),
  };
  new Gauge({
    name: 'squaretable_open_streams',
    help: 'Streams that are open in this process, by kind.',
    labelNames: ['kind'] as const,
    registers: [registry],
    collect() {
      this.set({ kind: 'export' }, streams.exports.open);
      this.set({ kind: 'live_usage' }, streams.liveUsage.open);
    },
  });
  return streams;
}

/** Who waits to be told, behind the streams: what a stream leaves behind is told for ever. */
export interface StreamWatchers {
  usage(): number;
  memberships(): number;
  sessions(): number;
}

/** Shows them beside the streams. */
export function registerWatchers(registry: Registry, watchers: StreamWatchers): void {
  new Gauge({
    name: 'squaretable_stream_watchers',
    help: 'What open streams watch in this process, by what they watch.',
    labelNames: ['kind'] as const,
    registers: [registry],
    collect() {
      this.set({ kind: 'usage' }, watchers.usage());
      this.set({ kind: 'membership' }, watchers.memberships());
      this.set({ kind: 'session' }, watchers.sessions());
    },
  });
}
