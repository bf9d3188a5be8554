import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { runCommand } from './operator/command.ts';

await runCommand({
  name: 'reconcile',
  about: 'Fetches the events that no webhook brought, and syncs every customer with Stripe, now.',
  examples: [
    ['', 'does it'],
    ['--dry-run', 'says how many events are missing and how many customers would be synced'],
  ],
  writes: true,
  async run({ dryRun, progress }) {
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
