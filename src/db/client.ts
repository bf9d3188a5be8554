import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { BucketNodes, nodeUrl } from './buckets/nodes.ts';
import { fairly } from './connections/fair-transactions.ts';
import { guardConnections } from './connections/guard.ts';
import * as schema from './schema/index.ts';

export type Schema = typeof schema;

/** The database outside a transaction. */
export type Db = NodePgDatabase<Schema> & { $client: pg.Pool };

/** A transaction under way. Functions that must run inside one take this. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0];

/** What most repository functions take: they run alone or as part of the caller's transaction. */
export type DbOrTx = Db | Tx;

export interface Database {
  db: Db;
  /** For what speaks to `pg` itself: the hot path, LISTEN, COPY, the job queue. */
  pool: pg.Pool;
  /** For what needs a connection of its own. */
  url: string;
  /** The servers that buckets of metering lie on. */
  buckets: BucketNodes;
  /** False for a while after a statement found a server's disk full: the main one's, or that of `node`. */
  hasRoom(node?: string): boolean;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  max?: number;
  applicationName?: string;
  /**
   * How long one statement may take until it rejects as if the database were away; 5 s unless told.
   * Together with the wait for a connection a single read is answered within 10 s.
   */
  answerWithinMs?: number;
  /** Told of errors of connections; the pool replaces those by itself. */
  onConnectionError?: (error: Error) => void;
}

/** How long a caller waits for a connection, a free one or a new one. */
const CONNECT_WITHIN_MS = 4_000;

const ANSWER_WITHIN_MS = 5_000;

/** What writes beside the requests finds a full disk again within this time, if it is still full. */
const NO_ROOM_FOR_MS = 60_000;

/** Connections of a pool whose opener names no other number, at most. */
export const POOL_CONNECTIONS = 10;

/** Connections of a process that may be held while Stripe is asked: a pool beside the first. */
export const HELD_CONNECTIONS = 8;

/** Connections of one process to a server that holds buckets and nothing else, at most. */
export const NODE_CONNECTIONS = 8;

/** What of a pool's connections the requests of one tenant may hold at once in transactions. */
const TENANT_SHARE = 0.4;

/** Makes the pool and Drizzle over it. Connects only when first used. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url } = options;
  const fullAt = new Map<string | undefined, number>();
  const noteFull = (node?: string) => () => void fullAt.set(node, performance.now());
  const pool = openPool(options, noteFull());
  const buckets = new BucketNodes({
    main: pool,
    open: (node) =>
      openPool(
        { ...options, url: nodeUrl(url, node), max: NODE_CONNECTIONS },
        noteFull(node),
        node,
      ),
  });
  const db = drizzle(pool, { schema, casing: 'snake_case' });
  const share = Math.ceil(pool.options.max * TENANT_SHARE);
  db.transaction = fairly(db.transaction.bind(db), { share, waitMs: CONNECT_WITHIN_MS });
  const hasRoom = (node?: string) =>
    performance.now() - (fullAt.get(node) ?? Number.NEGATIVE_INFINITY) > NO_ROOM_FOR_MS;
  const close = async () => void (await Promise.all([pool.end(), buckets.close()]));
  return { db, pool, url, buckets, hasRoom, close };
}

function openPool(options: DatabaseOptions, onDiskFull: () => void, node?: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? POOL_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    idleTimeoutMillis: 30_000,
    application_name: options.applicationName ?? 'squaretable',
  });
  guardConnections(pool, {
    answerWithinMs: options.answerWithinMs ?? ANSWER_WITHIN_MS,
    onError: options.onConnectionError ?? (() => {}),
    onDiskFull,
    node,
  });
  return pool;
}

const isTransaction = (handle: DbOrTx): handle is Tx => 'rollback' in handle;

/** Runs `work` in the caller's transaction where there is one, else in one of its own. */
export function inTransaction<T>(handle: DbOrTx, work: (tx: Tx) => Promise<T>): Promise<T> {
  return isTransaction(handle) ? work(handle) : handle.transaction(work);
}
