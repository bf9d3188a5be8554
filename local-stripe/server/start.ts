// What the rooms keep: their entries of the store's open interface.
import '../billing/kinds.ts';
import '../checkout/kinds.ts';
import '../portal/kinds.ts';
import '../resources/kinds.ts';
import '../schema/vocabulary.ts';
import { controlRoutes } from '../control/routes.ts';
import { offsetClock } from '../kernel/clock.ts';
import type { MovableClock } from '../kernel/clock.ts';
import { lockDataDir } from '../kernel/data-dir-lock.ts';
import { Dispatcher } from '../kernel/deliveries/dispatcher.ts';
import { apiServer } from '../kernel/http.ts';
import { Journal, loadJournal } from '../kernel/journal.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { LocalStripe } from '../kernel/local-stripe.ts';
import { Timekeeper } from '../kernel/timekeeper.ts';
import { notFound } from '../pages/visitor.ts';
import { pageServer } from '../pages/server.ts';
import { customerOf } from '../resources/customer-of.ts';
import { resources } from '../resources/index.ts';
import { refusedArea } from '../resources/refused.ts';
import { ownClocks } from '../resources/test-clocks.ts';
import { webhookReceivers } from '../resources/webhook-endpoints.ts';
import { emptyValue, strictSelfCheck, validateRequest } from '../schema/index.ts';
import { listen } from './listen.ts';

export interface LocalStripeOptions {
  /** 0 takes a free one. */
  port: number;
  /** Where the state is kept; null (the default) keeps it in memory only. */
  dataDir?: string | null;
  /** Shared with the app, so that turning it turns both. Default: real time that can be turned. */
  clock?: MovableClock;
  /** Hears what nobody is there to hear. Default: nothing. */
  log?: (message: string) => void;
  /** Refuses to answer or record what the SDK's types do not know. For tests. */
  checkResponses?: boolean;
  /** Awaited before an advance answers: lets the app beside it do what fell due there too. */
  afterAdvance?: () => Promise<void>;
  /** How pages and invoices call whoever sells; default `Test shop`. */
  businessName?: string;
  /** What that name and those of products are on Chinese pages, such as `{ 'Test shop': '测试商店' }`. */
  chineseNames?: Readonly<Record<string, string>>;
  /** Makes the ids. Equal seeds and stories make equal ids; the default is a new one each time. */
  seed?: string;
  /** For tests: freezes stored objects, so that changing one in place throws. */
  freezesObjects?: boolean;
}

/**
 * Starts one local Stripe on loopback. Many may run in one process. Throws an error of one sentence
 * when it may not run here, the port is taken or the state cannot be read.
 */
export async function startLocalStripe(options: LocalStripeOptions): Promise<LocalStripe> {
  if (process.env.NODE_ENV === 'production') {
    throw new Error('The local Stripe does not run with NODE_ENV=production.');
  }
  const dataDir = options.dataDir ?? null;
  const clock = options.clock ?? offsetClock();
  const aheadMs = () => clock.now().getTime() - Date.now();
  const kernel = new Kernel({
    resources,
    clocks: ownClocks,
    endpoints: webhookReceivers,
    clock,
    seed: options.seed ?? crypto.randomUUID(),
    baseUrl: '',
    freezesObjects: options.freezesObjects ?? false,
    refusedArea,
    log: options.log ?? (() => {}),
    ...(options.businessName === undefined ? {} : { businessName: options.businessName }),
    ...(options.chineseNames === undefined ? {} : { chineseNames: options.chineseNames }),
    ...(options.checkResponses === true ? { check: strictSelfCheck } : {}),
  });
  const unlock = dataDir === null ? () => {} : lockDataDir(dataDir);
  let journal: Journal | null = null;
  try {
    if (dataDir !== null) {
      const saved = loadJournal(kernel, dataDir).aheadMs;
      // A clock shared with the app starts at real time like any other: the state knows better.
      if (saved > aheadMs() + 1000) clock.moveTo(new Date(Date.now() + saved));
      journal = new Journal(kernel, dataDir, aheadMs);
    }
    const dispatcher = new Dispatcher(kernel);
    const timekeeper = new Timekeeper(kernel, dispatcher);
    const app = apiServer(kernel, {
      parseParams: validateRequest,
      emptyValue,
      catchUp: () => timekeeper.catchUpBriefly(),
      customerOf,
    });
    // Pages and control panel work on what is made below; no request comes before it is there.
    const running = (): LocalStripe => local;
    app.route('/', controlRoutes(running));
    app.route('/', pageServer(running));
    app.notFound((c) => notFound(c));
    const server = await listen(app, options.port);
    kernel.baseUrl = `http://127.0.0.1:${server.port}`;
    dispatcher.resume();
    timekeeper.resume();
    const local: LocalStripe = {
      url: kernel.baseUrl,
      port: server.port,
      clock: kernel.clock,
      kernel,
      dispatcher,
      fetch: app.fetch,
      advanceTo: async (unixSeconds) => {
        await timekeeper.advanceTo(unixSeconds);
        journal?.saveTime();
        await options.afterAdvance?.();
        await timekeeper.settled();
        return kernel.now();
      },
      settled: () => timekeeper.settled(),
      catchUp: async () => timekeeper.catchUpBriefly(),
      reset: async () => {
        await timekeeper.settled();
        kernel.reset();
        journal?.reset();
      },
      close: async () => {
        await server.close();
        await timekeeper.close();
        await dispatcher.close();
        journal?.close();
        unlock();
      },
    };
    return local;
  } catch (error) {
    journal?.close();
    unlock();
    throw error;
  }
}
