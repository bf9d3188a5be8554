import { Jobs } from '../../src/server/jobs.ts';
import { createLog } from '../../src/server/log.ts';

/** A process that takes a periodic task up and never ends it, for tests that kill it. */
const jobs = new Jobs({ databaseUrl: process.argv[2]!, log: createLog('silent', false) });
jobs.every('lease', '0 0 1 1 *', async () => {
  process.send!('taken');
  await new Promise(() => undefined);
});
await jobs.start();
await jobs.send('lease', {});
