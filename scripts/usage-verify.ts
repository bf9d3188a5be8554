import { parseArgs } from 'node:util';
import './operator/env-file.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const USAGE =
  'npm run usage:verify                  prints where counters and ledger differ\n' +
  'npm run usage:verify -- --rebuild     and mends the counters from the ledger';

/**
 * `usage:verify [-- --rebuild]`: compares every counter with the ledger and the reservations,
 * prints each difference, and ends with exit code 1 when any is left.
 */
await runCommand(USAGE, async () => {
  const { values } = parseArgs({ options: { rebuild: { type: 'boolean', default: false } } });
  const { periods, differences, rebuilt } = await withUsage(({ verification }) =>
    verification.verify(values),
  );
  for (const one of differences) {
    console.log(
      `${one.period} ${one.tenantId} ${one.resourceType}: used ${one.used}, ledger ${one.ledger}, ` +
        `days ${one.days}; held ${one.held}, reserved ${one.reserved}`,
    );
  }
  console.log(
    `${count(periods.length, 'month')} verified, ${count(differences.length, 'difference')}, ` +
      `${rebuilt} rebuilt.`,
  );
  return differences.length === rebuilt;
});

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
