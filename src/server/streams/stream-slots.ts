import { Gauge, type Registry } from 'prom-client';
import { BillingError } from '../../domain/errors.ts';

/** A reader that takes nothing for so long is gone, whatever its socket says. */
export const IDLE_MS = 60_000;

/**
 * Streams that may be open at once in this process: of one tenant, and of all together. Each process counts its own, for
 * it is its sockets and its connections that it keeps: in a table of all of them those of a dead one would have to be
 * told from those of a slow one.
 */
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

/**
 * Counts the open streams of one kind, so that nobody can hold them all. A stream ends in many
 * ways (read to the end, hung up, stalled, the server stops), and each of them releases its slot.
 */
export class StreamSlots {
  readonly #kind: string;
  readonly #limits: StreamLimits;
  readonly #openByTenant = new Map<string, number>();
  readonly idleMs: number;
  #open = 0;

  constructor(kind: string, limits: StreamLimits) {
    this.#kind = kind;
    this.#limits = limits;
    this.idleMs = limits.idleMs ?? IDLE_MS;
  }

  get open(): number {
    return this.#open;
  }

  /** Throws 429 `rate_limited` when the tenant has its number open, 503 `busy` when all have. */
  take(tenantId: string): StreamSlot {
    const own = this.#openByTenant.get(tenantId) ?? 0;
    if (own >= this.#limits.perTenant) {
      throw new BillingError(
        'rate_limited',
        `Your team has ${own} ${this.#kind} open already, which is as many as it may; close one and try again.`,
        { retryAfterSeconds: 5, data: { open: own, max: this.#limits.perTenant } },
      );
    }
    if (this.#open >= this.#limits.total) {
      throw new BillingError('busy', `Too many ${this.#kind} are open; try again in a moment.`, {
        retryAfterSeconds: 5,
      });
    }
    this.#count(tenantId, own + 1, 1);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#count(tenantId, (this.#openByTenant.get(tenantId) ?? 1) - 1, -1);
      },
    };
  }

  #count(tenantId: string, own: number, change: 1 | -1): void {
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
export function createStreams(registry: Registry): Streams {
  const streams: Streams = {
    exports: new StreamSlots('exports', { perTenant: 1, total: 3 }),
    liveUsage: new StreamSlots('live streams', { perTenant: 20, total: 5_000 }),
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
