import type pg from 'pg';
import {
  listBucketNodes,
  separateIds,
  type BucketNode,
} from '../repositories/usage/buckets/nodes.ts';

/** Where a bucket is asked. */
export interface BucketPlace {
  number: number;
  /** `host:port` of its server; null in the main database. */
  node: string | null;
  pool: pg.Pool;
  /** Through this its tables are made: with Citus the main database, which has all nodes follow. */
  maker: pg.Pool;
  byCitus: boolean;
}

export interface BucketNodesDeps {
  main: pg.Pool;
  /** A pool to the same database, user and password of another server, `host:port`. */
  open: (node: string) => pg.Pool;
}

/** The same database, user and password on the server `node`, `host:port`. */
export function nodeUrl(url: string, node: string): string {
  const other = new URL(url);
  other.host = node;
  return other.href;
}

/** A bucket that was moved to another server is asked there after so long at the latest. */
const FRESH_MS = 5_000;

/**
 * The servers that buckets lie on, each with a small pool that is opened when first needed. Where a
 * bucket lies is read from the main database now and then, beside the calls; while that is away the
 * servers are asked where they were.
 */
export class BucketNodes {
  readonly #main: pg.Pool;
  readonly #open: BucketNodesDeps['open'];
  readonly #pools = new Map<string, pg.Pool>();
  readonly #separated = new Map<string, Promise<void>>();
  #known = new Map<number, BucketNode>();
  #reading: Promise<BucketNode[]> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor({ main, open }: BucketNodesDeps) {
    this.#main = main;
    this.#open = open;
  }

  /** Where the bucket of this number is asked now. */
  async of(number: number): Promise<BucketPlace> {
    if (!this.#known.has(number)) await this.#read();
    else if (performance.now() - this.#readAt > FRESH_MS) this.#read().catch(() => undefined);
    return this.#placeOf(this.known(number));
  }

  /** The bucket of this number and its server, as far as this process knows. */
  known(number: number): BucketNode {
    return this.#known.get(number) ?? { number, node: null, byCitus: false };
  }

  /** Every bucket that exists now, rising. */
  async list(): Promise<BucketNode[]> {
    return this.#read();
  }

  /** The pool to a server, `host:port`. */
  pool(node: string): pg.Pool {
    let pool = this.#pools.get(node);
    if (pool === undefined) this.#pools.set(node, (pool = this.#open(node)));
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
    this.#pools.clear();
  }

  async #placeOf({ number, node, byCitus }: BucketNode): Promise<BucketPlace> {
    if (node === null) {
      return { number, node, byCitus, pool: this.#main, maker: this.#main };
    }
    const pool = this.pool(node);
    if (byCitus) await this.#separateIds(number, node, pool);
    return { number, node, byCitus, pool, maker: byCitus ? this.#main : pool };
  }

  #separateIds(number: number, node: string, pool: pg.Pool): Promise<void> {
    const key = `${number} ${node}`;
    let done = this.#separated.get(key);
    if (done === undefined) {
      done = separateIds(pool, number);
      this.#separated.set(key, done);
      done.catch(() => this.#separated.delete(key));
    }
    return done;
  }

  /** Those who ask at once read once. */
  #read(): Promise<BucketNode[]> {
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<BucketNode[]> {
    const found = await listBucketNodes(this.#main);
    this.#known = new Map(found.map((one) => [one.number, one]));
    this.#readAt = performance.now();
    return found;
  }
}
