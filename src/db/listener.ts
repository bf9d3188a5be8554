import pg from 'pg';

export interface Listener {
  /** False from the moment the connection breaks until every channel is listened to again. */
  readonly connected: boolean;
  close(): Promise<void>;
}

export interface ListenerOptions {
  url: string;
  applicationName?: string;
  /** Told of each notification, by channel. */
  channels: Record<string, (payload: string) => void>;
  /**
   * Notifications may have been missed until now: whoever keeps copies drops them. Called when the
   * connection is lost, and with `connected` true when it is there.
   */
  onGap: () => void;
  onError?: (error: Error) => void;
}

/** What the database calls the one that each process has for the changes of others. */
export const LISTENER_NAME = 'squaretable listen';

const RETRY_MS = 500;
const CONNECT_WITHIN_MS = 4_000;

/**
 * Hears PostgreSQL's notifications on a connection of its own, and connects again when it breaks.
 * Never throws: while there is no connection, `connected` is false.
 */
export function startListener(options: ListenerOptions): Listener {
  let client: pg.Client | undefined;
  let connected = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const lose = (lost: pg.Client, error?: Error) => {
    // Of a connection that breaks one hears more than once, and perhaps when the next is there.
    if (closed || client !== lost) return;
    client = undefined;
    connected = false;
    void lost.end().catch(() => undefined);
    if (error !== undefined) options.onError?.(error);
    options.onGap();
    timer = setTimeout(() => void connect(), RETRY_MS).unref();
  };

  const connect = async () => {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: options.applicationName ?? LISTENER_NAME,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: CONNECT_WITHIN_MS,
      keepAlive: true,
    });
    next.on('error', (error) => lose(next, error));
    next.on('end', () => lose(next));
    next.on('notification', ({ channel, payload }) => options.channels[channel]?.(payload ?? ''));
    client = next;
    try {
      await next.connect();
      for (const channel of Object.keys(options.channels)) {
        await next.query(`listen ${pg.escapeIdentifier(channel)}`);
      }
      if (closed || client !== next) return;
      connected = true;
      options.onGap();
    } catch (error) {
      lose(next, error as Error);
    }
  };

  void connect();
  return {
    get connected() {
      return connected;
    },
    async close() {
      closed = true;
      connected = false;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
