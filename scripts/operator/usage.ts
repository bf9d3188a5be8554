import path from 'node:path';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { decideForCommand, type Config } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { stripeAccessOf } from '../../src/server/services/stripe/client/client.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { SpreadService } from '../../src/server/services/usage/spread/spread.service.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { systemClock } from '../../src/server/clock.ts';
import { clockOf } from './clock.ts';
import { reachDatabase } from './database.ts';

export interface OperatorUsage {
  config: Config;
  database: Database;
  clock: Clock;
  usage: UsageService;
  verification: LedgerVerificationService;
  spread: SpreadService;
  /** Where archives go unless told. */
  archiveFolder: string;
}

/** Metering and its verification for an operator's command; the app need not run. */
export async function withUsage<T>(work: (usage: OperatorUsage) => Promise<T>): Promise<T> {
  const config = decideForCommand(readEnv());
  const clock = await clockOf(stripeAccessOf(config.stripe, undefined)).catch(() => systemClock);
  const reached = await reachDatabase(config.database);
  const database = openDatabase({ url: reached.url, max: 2, answerWithinMs: 3_600_000 });
  try {
    const deps = { database, clock, log: createLog('silent', false) };
    const usage = new UsageService(deps);
    const verification = new LedgerVerificationService(deps);
    const spread = new SpreadService(deps);
    const archiveFolder = path.join(config.dataDir, 'archive');
    const done = await work({
      config,
      database,
      clock,
      usage,
      verification,
      spread,
      archiveFolder,
    });
    await usage.stop();
    return done;
  } finally {
    await database.close();
    await reached.close();
  }
}
