import { randomInt } from 'node:crypto';
import type { Pool } from 'pg';
import {
  givePlaceBack,
  keepPlaces,
  takePlace,
} from '../../db/repositories/operations/stream-place.repository.ts';

/** A place that nobody renews is free after 50 s, so that those of a process that died are. */
const RENEW_MS = 15_000;

const TRIES = 3;

/**
 * Numbered places of a tenant that all processes share, in the database: who finds it away gets none. Places are
 * taken and given back one after the other, so that a number means one stream of this process.
 */
export class SharedPlaces {
  readonly #pool: Pool;
  readonly #kind: string;
  readonly #holder = randomInt(1, 2 ** 31);
  /** By tenant; one that is being given back is held until that is done. */
  readonly #held = new Map<string, Set<string>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #renewal: NodeJS.Timeout | undefined;

  constructor(pool: Pool, kind: string) {
    this.#pool = pool;
    this.#kind = kind;
  }

  /** One of the tenant's `max`; answers how it is given back, `undefined` where all are taken. */
  take(tenantId: string, max: number): Promise<(() => void) | undefined> {
    return this.#inTurn(tenantId, async () => {
      const held = this.#held.get(tenantId) ?? new Set<string>();
      const all = Array.from({ length: max }, (_, n) => `stream:${this.#kind}:${tenantId}:${n}`);
      const wanted = all.filter((key) => !held.has(key));
      let key: string | undefined;
      // Another process may take the same one in the same moment.
      for (let tries = 0; key === undefined && tries < TRIES; tries += 1) {
        key = await takePlace(this.#pool, wanted, this.#holder);
      }
      if (key === undefined) return undefined;
      this.#held.set(tenantId, held.add(key));
      this.#renewal ??= setInterval(() => this.#renew(), RENEW_MS).unref();
      return () => void this.#inTurn(tenantId, () => this.#giveBack(tenantId, key));
    });
  }

  /** Where the database does not hear of it, the place is over by itself. */
  async #giveBack(tenantId: string, key: string): Promise<void> {
    await givePlaceBack(this.#pool, key, this.#holder).catch(() => undefined);
    const held = this.#held.get(tenantId);
    held?.delete(key);
    if (held?.size === 0) this.#held.delete(tenantId);
    if (this.#held.size > 0) return;
    clearInterval(this.#renewal);
    this.#renewal = undefined;
  }

  #renew(): void {
    const keys = [...this.#held.values()].flatMap((held) => [...held]);
    // Tried again with the next; while the database is away nobody else takes them either.
    keepPlaces(this.#pool, keys, this.#holder).catch(() => undefined);
  }

  #inTurn<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(tenantId) ?? Promise.resolve()).then(work, work);
    this.#turns.set(tenantId, turn);
    const over = () => {
      if (this.#turns.get(tenantId) === turn) this.#turns.delete(tenantId);
    };
    turn.then(over, over);
    return turn;
  }
}
