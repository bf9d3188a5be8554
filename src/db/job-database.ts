import type { Db as QueueDatabase } from 'pg-boss';
import { openDatabase, type Database } from './client.ts';
import { startListener } from './listener.ts';

/** The queue's statements are few; some of them clean up a day's jobs. */
const ANSWER_WITHIN_MS = 30_000;

/** Connections of its pool; the listening one comes beside it. */
export const JOB_CONNECTIONS = 3;

/**
 * The job queue's way to the database: a pool and a listening connection of its own, opened as all
 * of ours are, so that none of them can end the process when it breaks.
 */
export class JobDatabase implements QueueDatabase {
  readonly #url: string;
  readonly #onError: (error: Error) => void;
  #database: Database | undefined;

  constructor(url: string, onError: (error: Error) => void) {
    this.#url = url;
    this.#onError = onError;
  }

  open(): void {
    this.#database ??= openDatabase({
      url: this.#url,
      max: JOB_CONNECTIONS,
      applicationName: 'squaretable-jobs',
      answerWithinMs: ANSWER_WITHIN_MS,
      onConnectionError: this.#onError,
    });
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
  }

  /** Throws before `open` and after `close`. */
  async executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    if (this.#database === undefined) throw new Error('The job queue is not started.');
    return this.#database.pool.query(text, values);
  }

  /** Resolves at once; the connection is made, and made again, in the background. */
  listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<{ close: () => Promise<void> }> {
    const listener = startListener({
      url: this.#url,
      applicationName: 'squaretable-jobs listen',
      channels: { [channel]: onNotification },
      onGap: () => {
        if (listener.connected) onReconnect();
      },
      onError: this.#onError,
    });
    return Promise.resolve({ close: () => listener.close() });
  }
}
