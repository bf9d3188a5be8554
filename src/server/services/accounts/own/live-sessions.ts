import type { Db } from '../../../../db/client.ts';
import { isFamilyLive } from '../../../../db/repositories/accounts/refresh-token.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { Watchers } from '../../../streams/watchers.ts';

/** How long a session that was ended in another process may still be listened with. */
const LOOK_EVERY_MS = 30_000;

/**
 * For answers that stay open: they end with the session that asked for them, at once where it is ended
 * in this process, within half a minute elsewhere. `clock` is the real time.
 */
export class LiveSessions {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #lookEveryMs: number;
  readonly #watched = new Watchers<AbortController>();

  constructor(deps: { db: Db; clock: Clock; lookEveryMs?: number }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#lookEveryMs = deps.lookEveryMs ?? LOOK_EVERY_MS;
  }

  /** How many watch in this process. */
  get watchers(): number {
    return this.#watched.count;
  }

  /** Aborts with the session; never for a token of a version that named none. `stop` when done. */
  watch(sessionId: string | undefined): { ended: AbortSignal; stop(): void } {
    const end = new AbortController();
    if (sessionId === undefined) return { ended: end.signal, stop: () => undefined };
    const leave = this.#watched.add(sessionId, end);
    const look = () => {
      isFamilyLive(this.#db, sessionId, this.#clock.now()).then(
        (isLive) => isLive || end.abort(),
        // A database that is away has ended nobody's session.
        () => undefined,
      );
    };
    const timer = setInterval(look, this.#lookEveryMs).unref();
    // It may have ended after its token was made.
    look();
    return {
      ended: end.signal,
      stop: () => {
        clearInterval(timer);
        leave();
      },
    };
  }

  /** Sessions that have ended; call it when that is committed. */
  end(sessionIds: readonly string[]): void {
    for (const id of sessionIds) {
      for (const one of this.#watched.of(id)) one.abort();
    }
  }
}
