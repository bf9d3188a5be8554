import type pg from 'pg';
import { isDiskFull, isUnanswered, markNode } from '../database-error.ts';

export interface GuardOptions {
  /** How long a statement may take that names no `query_timeout` of its own. */
  answerWithinMs: number;
  onError: (error: Error) => void;
  /** `host:port` of a server that holds buckets and nothing else: its errors are known by it (`nodeOf`). */
  node?: string | undefined;
  /** Told of each statement for which the server's disk had no room. */
  onDiskFull: () => void;
}

/**
 * Keeps a broken connection from ending the process or from being lost to the pool.
 *
 * The pool listens for errors of connections that lie idle in it, and takes its listener off those
 * that it lends: an error event on one of them would be nobody's and end the process. Here each
 * connection has a listener from its first to its last moment. One that breaks while it is lent
 * goes back at once, for whoever holds it may never come to give it back (a transaction whose
 * `begin` failed does not); its holder learns from its next statement, and its own giving back is
 * then nothing. A connection that left a statement unanswered is closed: what is asked on it next
 * would wait behind that statement.
 */
export function guardConnections(pool: pg.Pool, options: GuardOptions): void {
  const { onError } = options;
  if (options.node !== undefined) markFailedConnecting(pool, options.node);
  const lent = new WeakSet<pg.PoolClient>();
  pool.on('acquire', (client) => lent.add(client));
  pool.on('release', (_error, client) => lent.delete(client));
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      if (!lent.has(client)) return;
      client.release(error);
      client.release = () => {};
      onError(error);
    });
    watchStatements(client, options);
  });
  pool.on('error', onError);
}

/**
 * Each statement has a limit of time, its own or `answerWithinMs`. Streams (COPY, cursors) have
 * none: they take as long as their reader.
 */
function watchStatements(client: pg.PoolClient, options: GuardOptions): void {
  const { answerWithinMs } = options;
  const onFailure = (error: unknown) => {
    if (options.node !== undefined) markNode(error, options.node);
    if (isDiskFull(error)) options.onDiskFull();
  };
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = ((statement: string | object, ...rest: unknown[]) => {
    if (typeof statement === 'object' && 'submit' in statement) return query(statement, ...rest);
    const config = typeof statement === 'string' ? { text: statement } : statement;
    const limited = { query_timeout: answerWithinMs, ...config };
    // The pool's own `query` passes a callback.
    const answer = query(limited, ...rest.map((one) => listening(one, onFailure)));
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        // `end` cuts a connection whose statement is under way; `release` then drops it.
        onFailure(error);
        if (isUnanswered(error)) (client as unknown as pg.Client).end().catch(() => {});
      });
    }
    return answer;
  }) as typeof client.query;
}

/** The pool's own `query` connects with a callback, everybody else with a promise. */
function markFailedConnecting(pool: pg.Pool, node: string): void {
  const connect = pool.connect.bind(pool) as (...args: unknown[]) => unknown;
  const onFailure = (error: unknown) => markNode(error, node);
  pool.connect = ((...args: unknown[]) => {
    const lent = connect(...args.map((one) => listening(one, onFailure)));
    if (lent instanceof Promise) lent.catch(onFailure);
    return lent;
  }) as typeof pool.connect;
}

type Callback = (error: unknown, ...rest: unknown[]) => void;

function listening(argument: unknown, onFailure: (error: unknown) => void): unknown {
  if (typeof argument !== 'function') return argument;
  const callback = argument as Callback;
  const listener: Callback = (error, ...rest) => {
    if (error) onFailure(error);
    callback(error, ...rest);
  };
  return listener;
}
