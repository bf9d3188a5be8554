import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { createContext, type Context } from './context.ts';
import { Drain } from './drain.ts';
import { PresetResponse } from './middleware/preset-headers.ts';
import type { Foundation } from './context/foundation.ts';
import { registerSchedule } from './schedule.ts';

export interface Server {
  url: string;
  port: number;
  context: Context;
  /** Does what is due by the clock now: the periodic tasks. For after the clock was turned. */
  catchUp(): Promise<void>;
  /**
   * Leaves by the stages of `Drain`, then ends the jobs. With `pause` everything is served for
   * `DRAIN_SECONDS` first, for those before it to notice.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Ends the waiting of a stop that is under way. */
  hurry(): void;
}

export interface StopOptions {
  pause?: boolean;
}

/**
 * Longer than proxies keep an idle connection (nginx and most load balancers 60 s): when they reuse
 * one, it is still open.
 */
const KEEP_ALIVE_MS = 75_000;

/**
 * Starts the app over what `foundation` has opened (and the caller closes after `stop`).
 * Rejects with the system's error when the port is taken.
 */
export async function startServer(foundation: Foundation): Promise<Server> {
  const { host, port } = foundation.config;
  const drain = new Drain();
  const context = createContext(foundation, drain);
  registerSchedule(context);
  const { usage, characters } = context.services;
  await usage.ensurePartitions();
  await characters.ensureStarters();
  usage.start();
  const server = createHttpServer(context);
  await context.jobs.start();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host }, () => resolve());
    });
  } catch (error) {
    await context.jobs.stop();
    await usage.stop();
    throw error;
  }
  const listening = server.address() as AddressInfo;
  void drain.during(catchUpEvents(context));
  return {
    url: addressOf(host, listening.port),
    port: listening.port,
    context,
    catchUp: () => drain.during(context.jobs.runPeriodicTasks(drain.closed)),
    async stop({ pause = false } = {}) {
      const { drainSeconds, stopGraceSeconds } = foundation.config;
      await drain.stop(server, {
        pauseSeconds: pause ? drainSeconds : 0,
        graceSeconds: stopGraceSeconds,
      });
      if (drain.works > 0) context.log.warn({ works: drain.works }, 'work was left at a stop');
      await context.jobs.stop();
      await usage.stop();
    },
    hurry: () => drain.hurry(),
  };
}

/**
 * The app as a server that does not listen yet. Its connections and answers are watched by the
 * context's `Drain`, and so is each request's work, which goes on when its client hangs up.
 */
export function createHttpServer(context: Context): HttpServer {
  const { drain } = context;
  const app = createApp(context);
  // Nothing else than HTTP/1.1 was asked for.
  const server = createAdaptorServer({
    fetch(request, env) {
      const answer = app.fetch(request, env);
      return answer instanceof Promise ? drain.during(answer) : answer;
    },
    // Where HTTP/1.0 names none: the checks of some load balancers.
    hostname: 'localhost',
    serverOptions: { ServerResponse: PresetResponse },
  }) as HttpServer;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  drain.watch(server);
  return server;
}

/** Where this machine finds what listens at `host`; on its own interface under the name `loopback`. */
export function addressOf(
  host: string | undefined,
  port: number,
  loopback: 'localhost' | '127.0.0.1' = 'localhost',
): string {
  if (host === undefined || /^(127\.0\.0\.1|0\.0\.0\.0|::)$/.test(host)) {
    return `http://${loopback}:${port}`;
  }
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Fetches what Stripe told while nobody listened. A Stripe that is away is asked again by the schedule. */
async function catchUpEvents({ services, log, drain }: Context): Promise<void> {
  try {
    await services.reconcile.catchUpEvents();
    if (!drain.begun.aborted) await services.stripeEvents.sweep();
  } catch (err) {
    if (!drain.begun.aborted) log.warn({ err }, 'events could not be fetched at start');
  }
}
