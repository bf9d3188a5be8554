import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { createContext, type Context } from './context.ts';
import type { Foundation } from './foundation.ts';
import { registerSchedule } from './schedule.ts';

export interface Server {
  url: string;
  port: number;
  context: Context;
  /** Does what is due by the clock now: the periodic tasks. For after the clock was turned. */
  catchUp(): Promise<void>;
  /** Stops taking requests, lets those under way end (for 5 s), then the jobs. */
  stop(): Promise<void>;
}

/**
 * Starts the app over what `foundation` has opened (and the caller closes after `stop`).
 * Rejects with the system's error when the port is taken.
 */
export async function startServer(foundation: Foundation): Promise<Server> {
  const stopping = new AbortController();
  const context = createContext(foundation, stopping.signal);
  registerSchedule(context);
  const { usage, characters } = context.services;
  await usage.ensurePartitions();
  await characters.ensureStarters();
  usage.start();
  const server = createAdaptorServer({ fetch: createApp(context).fetch });
  await context.jobs.start();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(foundation.config.port, () => resolve());
    });
  } catch (error) {
    await context.jobs.stop();
    await usage.stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  void catchUpEvents(context);
  return {
    url: `http://localhost:${port}`,
    port,
    context,
    catchUp: () => context.jobs.runPeriodicTasks(stopping.signal),
    async stop() {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      const force = setTimeout(() => {
        if ('closeAllConnections' in server) server.closeAllConnections();
      }, 5_000);
      await closed;
      clearTimeout(force);
      await context.jobs.stop();
      await usage.stop();
    },
  };
}

/** Fetches what Stripe told while nobody listened. A Stripe that is away is asked again by the schedule. */
async function catchUpEvents({ services, log, stopping }: Context): Promise<void> {
  try {
    await services.reconcile.catchUpEvents();
    await services.stripeEvents.sweep();
  } catch (err) {
    if (!stopping.aborted) log.warn({ err }, 'events could not be fetched at start');
  }
}
