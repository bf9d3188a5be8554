import { LRUCache } from 'lru-cache';
import type { Database } from '../../../../db/client.ts';
import { orUnavailable } from '../batching/failures.ts';
import { Batcher } from '../batching/batcher.ts';
import { findPlaces, type Place } from '../../../../db/repositories/usage/buckets/placement.ts';
import { isUuid } from '../../../../domain/ids.ts';

const TENANTS_MAX = 100_000;
const LOOK_UPS = { batchesMax: () => 2, callsMax: 1_000, waitingMax: 10_000 };

/**
 * Where this process believes each tenant's metering to lie. Nothing rests on it being right: a
 * bucket says when a tenant is not in it, and then the main tables are asked. While nobody has made
 * more than the first bucket there is nothing to look up.
 */
export class BucketDirectory {
  readonly #database: Pick<Database, 'pool' | 'buckets'>;
  readonly #known = new LRUCache<string, number>({ max: TENANTS_MAX });
  readonly #lookUps: Batcher<string, number>;
  #several = false;

  constructor(deps: { database: Pick<Database, 'pool' | 'buckets'> }) {
    this.#database = deps.database;
    this.#lookUps = new Batcher({
      ...LOOK_UPS,
      run: orUnavailable(async (tenantIds: string[]) => {
        const places = await this.read(tenantIds);
        return tenantIds.map((id) => places.get(id.toLowerCase())?.bucket ?? 0);
      }),
    });
  }

  /** The bucket to ask first; `undefined` when that has to be looked up. */
  guess(tenantId: string): number | undefined {
    return this.#several ? this.#known.get(tenantId) : 0;
  }

  /** Looks a bucket up, together with others who ask now. The first for a tenant nobody knows. */
  lookUp(tenantId: string): Promise<number> {
    return this.#lookUps.submit(tenantId, tenantId);
  }

  /** Asks the main tables, and remembers. Answers by lower-case id, without tenants nobody knows. */
  async read(tenantIds: readonly string[]): Promise<Map<string, Place>> {
    const ids = tenantIds.filter((id) => isUuid(id));
    if (ids.length === 0) return new Map();
    const places = await findPlaces(this.#database.pool, ids);
    for (const [id, { bucket }] of places) this.#learn(id, bucket);
    return places;
  }

  /** A tenant was moved; the payload is its id and the number of its bucket. */
  heard(payload: string): void {
    const [tenantId = '', bucket] = payload.split(' ');
    this.#learn(tenantId, Number(bucket));
  }

  /**
   * After a gap nobody knows what was missed; asks how many buckets there are by now. What is known stays: it
   * is right for nearly all, and while the main database is away there is nobody else to ask where they are.
   */
  async refresh(): Promise<void> {
    if ((await this.#database.buckets.list()).length > 1) this.#several = true;
  }

  #learn(tenantId: string, bucket: number): void {
    if (bucket !== 0) this.#several = true;
    if (this.#several) this.#known.set(tenantId, bucket);
  }
}
