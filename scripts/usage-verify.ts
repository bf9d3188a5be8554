import { parseArgs } from 'node:util';
import { runCommand } from './operator/billing.ts';
import { withBooks } from './operator/books.ts';

/**
 * `usage:verify [-- --rebuild]`: compares every counter with the ledger and the reservations,
 * prints each difference, and ends with exit code 1 when any is left.
 */
await runCommand(async () => {
  const { values } = parseArgs({ options: { rebuild: { type: 'boolean', default: false } } });
  const { periods, differences, rebuilt } = await withBooks((books) => books.verify(values));
  for (const one of differences) {
    console.log(
      `${one.period} ${one.tenantId} ${one.resourceType}: used ${one.used}, ledger ${one.ledger}, ` +
        `days ${one.days}; held ${one.held}, reserved ${one.reserved}`,
    );
  }
  console.log(
    `${periods.length} months verified, ${differences.length} differences, ${rebuilt} rebuilt.`,
  );
  return differences.length === rebuilt;
});
