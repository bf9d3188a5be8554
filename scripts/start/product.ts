import type { LocalStripe } from 'local-stripe';
import { HELD_CONNECTIONS, openDatabase } from '../../src/db/client.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { PLANS_FILE, readPacksFile } from '../../src/db/catalogue/plans-file.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import type { MovableClock } from '../../src/domain/clock.ts';
import { PLANS } from '../../src/domain/plans.ts';
import { PRODUCT_NAME, soldName, soldPackName } from '../../src/domain/product.ts';
import { createMovableClock, systemClock } from '../../src/server/clock.ts';
import { configWarnings, type Config } from '../../src/server/config/config.ts';
import { ensureLocalSecrets } from '../../src/server/config/local-secrets.ts';
import type { Foundation } from '../../src/server/context/foundation.ts';
import { addressOf, startServer, type Server, type StopOptions } from '../../src/server/index.ts';
import { Jobs } from '../../src/server/jobs.ts';
import type { Logger } from '../../src/server/log.ts';
import { noTrace, type Trace } from '../../src/server/services/operations/tracing/trace.ts';
import { stripeAccessOf } from '../../src/server/services/stripe/client/client.ts';
import { setUpLocalStripe } from '../../src/server/services/stripe/setup/setup.ts';

export interface Product {
  server: Server;
  localStripe: LocalStripe | undefined;
  databaseUrl: string;
  usageIngestToken: string;
  /** Stops everything that was started, last first. Calling it again waits for the same stop. */
  stop(options?: StopOptions): Promise<void>;
}

/**
 * Starts everything that `config` asks for: the bundled PostgreSQL, the local Stripe, the app.
 * When a part does not start, those before it are stopped and the part's error is thrown; so they are
 * when `signal` is aborted before all are there.
 */
export async function startProduct(
  config: Config,
  log: Logger,
  signal?: AbortSignal,
): Promise<Product> {
  const started: Started = [];
  let isStopping = false;
  // While everything stops, connections end in whichever way they were.
  const onConnectionError = (err: Error) => {
    if (!isStopping) log.warn({ err }, 'a database connection broke');
  };
  const stopAll = async (options: StopOptions = {}) => {
    isStopping = true;
    for (const stop of started.splice(0).reverse()) {
      await stop(options).catch((err: unknown) => log.error({ err }, 'stopping'));
    }
  };
  let server: Server | undefined;
  for (const warning of configWarnings(config)) log.warn(warning);
  try {
    const trace = await traceOf(config);
    started.push(() => trace.close());
    const secrets = await ensureLocalSecrets(config.dataDir);
    const databaseUrl = await startDatabase(config, log, started, signal);
    signal?.throwIfAborted();
    const database = openDatabase({
      url: databaseUrl,
      onConnectionError,
    });
    started.push(() => database.close());
    const lockDatabase = openDatabase({
      url: databaseUrl,
      max: HELD_CONNECTIONS,
      // Longer than a lock is waited for.
      answerWithinMs: 20_000,
      applicationName: 'squaretable-billing',
      onConnectionError,
    });
    started.push(() => lockDatabase.close());
    // Its address is needed before it listens.
    const port = config.port === 0 ? await freePort() : config.port;
    // In production the time is the time, also of a rehearsal.
    const turns = config.stripe.kind !== 'live' && !config.production;
    const movable = turns ? createMovableClock() : undefined;
    const localStripe =
      config.stripe.kind === 'local' && movable
        ? await startStripe(config, config.stripe.port, movable, log, async () => server?.catchUp())
        : undefined;
    if (localStripe) started.push(() => localStripe.close());
    signal?.throwIfAborted();

    const access = stripeAccessOf(
      config.stripe,
      localStripe ? new URL(localStripe.url) : undefined,
    );
    const clock = movable ?? systemClock;
    const stripe =
      config.stripe.kind === 'live'
        ? access
        : await setUpLocalStripe(access, {
            webhookUrl: `${addressOf(config.host, port, '127.0.0.1')}/webhooks/stripe`,
            db: database.db,
            clock,
            automaticTax: config.checkoutSettings.automaticTax,
          });

    signal?.throwIfAborted();
    const usageIngestToken = config.usageIngestToken ?? secrets.usageIngestToken;
    const foundation: Foundation = {
      config: {
        ...config,
        port,
        usageIngestToken,
        appUrl: config.appUrl ?? addressOf(config.host, port),
        jwtSecret: config.jwtSecret ?? secrets.jwtSecret,
      },
      clock,
      log,
      trace,
      database,
      lockDatabase,
      jobs: new Jobs({ databaseUrl, log }),
      stripe,
      ...(movable ? { moveClock: turnClock(movable, localStripe) } : {}),
    };
    server = await startServer(foundation);
    started.push((options) => server!.stop(options));
    let stopping: Promise<void> | undefined;
    return {
      server,
      localStripe,
      databaseUrl,
      usageIngestToken,
      stop: (options) => (stopping ??= stopAll(options)),
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** What the local Stripe's pages call us in Chinese. */
const CHINESE_NAMES = Object.fromEntries([
  [PRODUCT_NAME.en, PRODUCT_NAME.zh],
  ...PLANS.map((plan) => [soldName(plan, 'en'), soldName(plan, 'zh')]),
  ...(readPacksFile(PLANS_FILE) ?? []).map(({ credits, bonus }) => [
    soldPackName(credits + bonus, 'en'),
    soldPackName(credits + bonus, 'zh'),
  ]),
]) as Record<string, string>;

/** Loaded only where it is wanted: the product depends on it for development alone. */
async function startStripe(
  config: Config,
  port: number,
  clock: MovableClock,
  log: Logger,
  afterAdvance: () => Promise<void>,
): Promise<LocalStripe> {
  const { startLocalStripe } = await import('local-stripe');
  return startLocalStripe({
    port,
    dataDir: config.dataDir,
    clock,
    businessName: PRODUCT_NAME.en,
    chineseNames: CHINESE_NAMES,
    log: (message) => log.warn(message),
    afterAdvance,
  });
}

/** Turns the one clock: through the local Stripe where it is ours, so that what falls due is done. */
function turnClock(clock: MovableClock, localStripe: LocalStripe | undefined) {
  return async (instant: Date): Promise<Date> => {
    if (instant < clock.now()) {
      throw new RangeError(`The clock cannot go back to ${instant.toISOString()}.`);
    }
    if (localStripe) await localStripe.advanceTo(Math.floor(instant.getTime() / 1000));
    else clock.moveTo(instant);
    return clock.now();
  };
}

/** What makes traces is loaded only where they are asked for. */
async function traceOf({ traces }: Config): Promise<Trace> {
  if (!traces) return noTrace;
  const { openTrace } = await import('../../src/server/services/operations/tracing/otlp.ts');
  return openTrace(traces);
}

type Started = ((options: StopOptions) => Promise<unknown>)[];

async function startDatabase(
  config: Config,
  log: Logger,
  started: Started,
  signal: AbortSignal | undefined,
): Promise<string> {
  const url = await databaseUrl(config, log, started, signal);
  signal?.throwIfAborted();
  await migrateDatabase(url);
  return url;
}

async function databaseUrl(
  config: Config,
  log: Logger,
  started: Started,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (config.database.kind === 'url') return config.database.url;
  const postgres = await startEmbeddedPostgres({
    dataDir: config.database.dataDir,
    onCrash: (sentence) => log.error(sentence),
    ...(signal ? { signal } : {}),
  });
  started.push(() => postgres.stop());
  return postgres.url();
}
