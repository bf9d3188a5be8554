import pg from 'pg';

export interface Listener {
  /** False from the moment the connection breaks until every channel is listened to again. */
  readonly connected: boolean;
  close(): Promise<void>;
}

export interface ListenerOptions {
  url: string;
  /** Told of each notification, by channel. */
  channels: Record<string, (payload: string) => void>;
  /** Notifications may have been missed until now: whoever keeps copies drops them. */
  onGap: () => void;
  onError?: (error: Error) => void;
}

const RETRY_MS = 500;

/**
 * Hears PostgreSQL's notifications on a connection of its own, and connects again when it breaks.
 * Never throws: while there is no connection, `connected` is false.
 */
export function startListener(options: ListenerOptions): Listener {
  let client: pg.Client | undefined;
  let connected = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const reconnect = (error?: Error) => {
    if (closed || timer !== undefined) return;
    connected = false;
    if (error !== undefined) options.onError?.(error);
    options.onGap();
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, RETRY_MS).unref();
  };

  const connect = async () => {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: 'squaretable listen',
      keepAlive: true,
    });
    next.on('error', reconnect);
    next.on('end', () => reconnect());
    next.on('notification', ({ channel, payload }) => options.channels[channel]?.(payload ?? ''));
    client = next;
    try {
      await next.connect();
      for (const channel of Object.keys(options.channels)) {
        await next.query(`listen ${pg.escapeIdentifier(channel)}`);
      }
      if (closed) return;
      options.onGap();
      connected = true;
    } catch (error) {
      reconnect(error as Error);
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
