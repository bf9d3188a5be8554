import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { runCommand } from './operator/command.ts';

await runCommand({
  name: 'stripe:backfill',
  about:
    'Makes tenants anew whose customers subscribe at Stripe and are unknown here: subscriptions, payments and plans, without people. For a database that is empty, or older than the account.',
  examples: [
    ['--dry-run', 'lists whom it would make anew'],
    ['', 'does it'],
  ],
  writes: true,
  async run({ dryRun, progress }) {
    const billing = await openBilling({ works: !dryRun });
    try {
      progress('Asking Stripe who subscribes …');
      const found = await billing.reconcile.backfill({ dryRun });
      const failed = found.filter(({ outcome }) => outcome !== 'synced' && outcome !== 'not_done');
      const verb = dryRun ? 'would be made anew' : 'were made anew';
      return {
        lines: [
          ...found.map(({ customerId, tenantId, name, isLive, outcome }) =>
            `${customerId}  tenant ${tenantId}  ${isLive ? 'pays' : 'paid once'}  ${name ?? ''}  ${dryRun ? '' : outcome}`.trimEnd(),
          ),
          `${found.length - failed.length} tenants ${verb}, ${failed.length} failed.`,
        ],
        data: { dryRun, found },
        needsPerson: failed.length > 0,
      };
    } finally {
      await billing.close();
    }
  },
});
