import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProduct } from '../../scripts/start/product.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createLog } from '../../src/server/log.ts';

/** The whole product as `npm start` runs it, over the benchmark's database. */
const [databaseUrl, token, modelUrl] = process.argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), 'squaretable-bench-app-'));
const config = decideConfig(
  readEnv({
    PORT: '0',
    LOCAL_STRIPE_PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    USAGE_INGEST_TOKEN: token,
    LLM_BASE_URL: modelUrl,
    LOG_LEVEL: 'warn',
  }),
);
const product = await startProduct(config, createLog(config.logLevel, false));
process.once('SIGTERM', () => {
  void product.stop().finally(() => {
    rmSync(dataDir, { recursive: true, force: true });
    process.exit(0);
  });
});
// What is kept, not what waits to be collected.
process.on('message', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send!(heapUsed + external);
});
process.send!(product.server.port);
