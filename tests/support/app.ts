import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProduct, type Product } from '../../scripts/start/product.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import type { StopOptions } from '../../src/server/index.ts';
import { createLog, type Logger } from '../../src/server/log.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export interface TestApp extends Product {
  url: string;
  /** The local Stripe's address. */
  stripeUrl: string;
  database: TestDatabase;
  /** Stops the product as a signal does; its database stays until `stop`. */
  leave(options: StopOptions): Promise<void>;
}

/**
 * Starts the whole product as `npm start` does: the app, the local Stripe and a database of its
 * own, on free ports, its files in a temporary folder. `env` adds variables to the defaults.
 * `stop` ends and removes all of it.
 */
export async function startTestApp(
  env: Record<string, string> = {},
  log?: Logger,
): Promise<TestApp> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-app-'));
  const database = await createTestDatabase({ max: 4 });
  const clear = async () => {
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const config = decideConfig(
      readEnv({
        PORT: '0',
        LOCAL_STRIPE_PORT: '0',
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        LOG_LEVEL: 'silent',
        STOP_GRACE_SECONDS: '3',
        // Stories ask for years within seconds of the machine's clock.
        STRIPE_CALLS_PER_MINUTE: '100000',
        ...env,
      }),
    );
    const product = await startProduct(config, log ?? createLog(config.logLevel, false));
    return {
      ...product,
      url: product.server.url,
      stripeUrl: product.localStripe?.url ?? '',
      database,
      leave: (options) => product.stop(options),
      stop: async () => {
        await product.stop();
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
