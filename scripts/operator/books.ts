import path from 'node:path';
import { openDatabase } from '../../src/db/client.ts';
import { systemClock } from '../../src/server/clock.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageBooksService } from '../../src/server/services/usage-books.service.ts';
import { reachDatabase } from './database.ts';

/** The books of metering for an operator's command, and where archives go unless told. */
export async function withBooks<T>(
  work: (books: UsageBooksService, archiveFolder: string) => Promise<T>,
): Promise<T> {
  const config = decideConfig(readEnv());
  const reached = await reachDatabase(config.database);
  const database = openDatabase({ url: reached.url, max: 2 });
  try {
    const log = createLog('silent', false);
    const books = new UsageBooksService({ database, clock: systemClock, log });
    return await work(books, path.join(config.dataDir, 'archive'));
  } finally {
    await database.close();
    await reached.close();
  }
}
