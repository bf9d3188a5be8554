import { startProduct } from '../../scripts/start/product.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createLog } from '../../src/server/log.ts';

/** The product in a process of its own, for tests that kill it. Tells its parent when it is ready. */
const config = decideConfig(readEnv());
await startProduct(config, createLog(config.logLevel, false));
process.send?.('ready');
