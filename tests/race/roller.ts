import { openDatabase } from '../../src/db/client.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';

/** One process that rolls over what is due at an instant, of the database that is named, and ends. */
const [url, at] = process.argv.slice(2);
const database = openDatabase({ url: url!, max: 4 });
const clock = { now: () => new Date(at!) };
const usage = new UsageService({ database, clock, log: createLog('silent', false) });
await usage.allowances.rollOver();
await database.close();
