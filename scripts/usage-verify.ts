import './operator/env-file.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'usage:verify',
  about: 'Compares every counter with the ledger and the reservations, and prints each difference.',
  examples: [
    ['', 'looks'],
    ['--rebuild', 'and mends the counters from the ledger'],
    ['--rebuild --dry-run', 'says which those would be'],
  ],
  flags: { rebuild: { type: 'boolean', about: 'writes the counters anew where they differ' } },
  writes: true,
  async run({ values, dryRun }) {
    const rebuild = values.rebuild && !dryRun;
    const { periods, differences, rebuilt } = await withUsage(({ verification }) =>
      verification.verify({ rebuild }),
    );
    return {
      lines: [
        ...differences.map(
          (one) =>
            `${one.bucket} ${one.period} ${one.tenantId} ${one.resourceType}: used ${one.used}, ledger ${one.ledger}, ` +
            `days ${one.days}; held ${one.held}, reserved ${one.reserved}`,
        ),
        `${count(periods.length, 'month')} verified, ${count(differences.length, 'difference')}, ` +
          `${rebuilt} rebuilt.`,
      ],
      data: { periods, differences, rebuilt },
      needsPerson: differences.length !== rebuilt,
    };
  },
});

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
