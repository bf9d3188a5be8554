import type pg from 'pg';
import { isDiskFull, isUnanswered } from '../database-error.ts';

export interface GuardOptions {
  /** How long a statement may take that names no `query_timeout` of its own. */
  answerWithinMs: number;
  onError: (error: Error) => void;
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
  const { answerWithinMs, onDiskFull } = options;
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = ((statement: string | object, ...rest: unknown[]) => {
    if (typeof statement === 'object' && 'submit' in statement) return query(statement, ...rest);
    const config = typeof statement === 'string' ? { text: statement } : statement;
    const limited = { query_timeout: answerWithinMs, ...config };
    // The pool's own `query` passes a callback.
    const answer = query(limited, ...rest.map((one) => listening(one, onDiskFull)));
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        // `end` cuts a connection whose statement is under way; `release` then drops it.
        if (isDiskFull(error)) onDiskFull();
        if (isUnanswered(error)) (client as unknown as pg.Client).end().catch(() => {});
      });
    }
    return answer;
  }) as typeof client.query;
}

type Callback = (error: unknown, ...rest: unknown[]) => void;

function listening(argument: unknown, onDiskFull: () => void): unknown {
  if (typeof argument !== 'function') return argument;
  const callback = argument as Callback;
  const listener: Callback = (error, ...rest) => {
    if (isDiskFull(error)) onDiskFull();
    callback(error, ...rest);
  };
  return listener;
}
