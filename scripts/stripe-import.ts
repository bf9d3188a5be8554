import { readFile } from 'node:fs/promises';
import './operator/env-file.ts';
import { parseImport } from '../src/server/services/billing/reconcile/import-customers.ts';
import { openBilling } from './operator/billing.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';

await runCommand({
  name: 'stripe:import',
  about:
    'Gives customers that are at Stripe already to tenants here. The file has a line for each: cus_…,TENANT_ID. Each is marked at Stripe, and its subscriptions and payments are read.',
  examples: [
    ['--from customers.csv --dry-run', 'says of each line whether it can be'],
    ['--from customers.csv', 'does those that can be'],
  ],
  flags: { from: { type: 'string', value: 'FILE', about: 'the list, as CSV', required: true } },
  writes: true,
  async run({ values, dryRun, progress }) {
    const rows = parseImport(await readFile(values.from, 'utf8'));
    if (rows.length === 0)
      throw new CommandUsageError(`There is no line with a customer in ${values.from}.`);
    const billing = await openBilling({ works: !dryRun });
    try {
      progress(`Looking at ${rows.length} customers …`);
      const outcomes = await billing.reconcile.importCustomers(rows, { dryRun });
      const wrong = outcomes.filter(({ problem }) => problem !== null);
      const verb = dryRun ? 'can be imported' : 'were imported';
      return {
        lines: [
          ...wrong.map(
            ({ row, customerId, tenantId, problem }) =>
              `row ${row}, ${plain(customerId)},${plain(tenantId)}: ${problem}`,
          ),
          `${outcomes.length - wrong.length} ${verb}, ${wrong.length} cannot be.`,
        ],
        data: { dryRun, outcomes },
        needsPerson: wrong.length > 0,
      };
    } finally {
      await billing.close();
    }
  },
});

/** Whatever stood in the file, as a terminal may show it. */
function plain(cell: string): string {
  return cell.replaceAll(/[\p{C}\uFFFD]+/gu, '?').slice(0, 60);
}
