import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { REASON_FLAG } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

await runCommand({
  name: 'reconcile',
  about:
    'Fetches the events that no webhook brought, and syncs every customer with Stripe, or one tenant, now.',
  examples: [
    ['', 'does it'],
    ['--dry-run', 'says how many events are missing and how many customers would be synced'],
    ['--tenant ID_OR_EMAIL --reason "…"', 'brings one tenant to what Stripe says'],
  ],
  flags: {
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'this one alone' },
    reason: {
      ...{ ...REASON_FLAG, with: 'tenant' },
      about: 'of a tenant’s; stays in the audit log',
    },
    by: {
      ...{ type: 'string', value: 'NAME', with: 'tenant' },
      about: 'who does it; else this machine’s user',
    },
  },
  writes: true,
  async run({ values: { tenant, reason, by }, dryRun, progress }) {
    if (tenant !== undefined) {
      if (!reason) throw new CommandUsageError('Say --reason TEXT.');
      const values = { reason, by };
      return actForTenant({ values, dryRun }, { act: 'sync' }, tenant);
    }
    const billing = await openBilling({ works: !dryRun });
    try {
      if (dryRun) {
        const { events, customers } = await billing.reconcile.preview();
        return {
          lines: [`${events} events would be fetched, ${customers} customers synced.`],
          data: { wouldFetch: events, wouldSync: customers },
        };
      }
      progress('Asking Stripe for events …');
      const fetched = await billing.reconcile.catchUpEvents();
      const handled = await billing.events.drain();
      progress('Syncing every customer …');
      const { synced, missing, failed } = await billing.reconcile.sweep();
      progress('Looking for customers that are unknown here …');
      const unknown = await billing.reconcile.meetStrangers();
      await billing.remedies.carryOutAll();
      return {
        lines: [
          `${fetched} events that no webhook brought were fetched, ${handled} handled.`,
          `${synced} customers are as Stripe has them.`,
          ...unknown.map((id) => `${id} pays at Stripe for a tenant that is unknown here.`),
          ...(unknown.length > 0 ? ['npm run stripe:backfill makes their tenants anew.'] : []),
          ...missing.map((id) => `Stripe has no customer ${id}.`),
          ...failed.map(({ customerId, error }) => `${customerId}: ${error}`),
        ],
        data: { fetched, handled, synced, missing, failed, unknown },
        needsPerson: failed.length + missing.length + unknown.length > 0,
      };
    } finally {
      await billing.close();
    }
  },
});
