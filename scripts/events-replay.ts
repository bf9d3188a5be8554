import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { runCommand } from './operator/command.ts';

const USAGE = 'npm run events:replay [-- evt_… …]   those that were given up, or those named';

/** `events:replay [evt_… …]`: works on the events that were given up, or on those named, again. */
await runCommand(USAGE, async () => {
  const ids = process.argv.slice(2);
  const billing = await openBilling();
  try {
    const outcomes = await billing.events.replay(ids.length > 0 ? ids : undefined);
    for (const { id, error } of outcomes) console.log(error ? `${id}: ${error}` : `${id}: done`);
    const failed = outcomes.filter((one) => one.error !== null).length;
    console.log(`${outcomes.length - failed} handled, ${failed} failed.`);
    return failed === 0;
  } finally {
    await billing.close();
  }
});
