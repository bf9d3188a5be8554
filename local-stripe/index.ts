import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import type { MovableClock } from '../src/domain/clock.ts';
import { offsetClock } from './kernel/clock.ts';
import { apiServer } from './kernel/http.ts';
import { Kernel } from './kernel/kernel.ts';
import { resources } from './resources/index.ts';
import { validateRequest } from './schema/index.ts';

export interface LocalStripeOptions {
  /** 0 takes a free one. */
  port: number;
  /** Where the state is kept; null (the default) keeps it in memory only. */
  dataDir?: string | null;
  /** Shared with the app, so that turning it turns both. Default: real time that can be turned. */
  clock?: MovableClock;
  /** Hears what nobody is there to hear. Default: nothing. */
  log?: (message: string) => void;
  /** Makes the ids. Equal seeds and stories make equal ids; the default is a new one each time. */
  seed?: string;
}

export interface LocalStripe {
  url: string;
  port: number;
  clock: MovableClock;
  kernel: Kernel;
  close(): Promise<void>;
}

/** Starts one local Stripe on loopback. Many may run in one process. */
export async function startLocalStripe(options: LocalStripeOptions): Promise<LocalStripe> {
  if (process.env.NODE_ENV === 'production') {
    throw new Error('The local Stripe does not run with NODE_ENV=production.');
  }
  const kernel = new Kernel({
    resources,
    clock: options.clock ?? offsetClock(),
    seed: options.seed ?? crypto.randomUUID(),
    baseUrl: '',
    log: options.log ?? (() => {}),
  });
  const app = apiServer(kernel, validateRequest);
  const { port, close } = await listen(app, options.port);
  kernel.baseUrl = `http://127.0.0.1:${port}`;
  return { url: kernel.baseUrl, port, clock: kernel.clock, kernel, close };
}

async function listen(app: Hono, port: number): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (info) => {
      resolve({
        port: info.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
