import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { runCommand } from './operator/command.ts';

/** `reconcile`: fetches lost events and syncs every customer with Stripe, now. */
await runCommand('npm run reconcile', async () => {
  const billing = await openBilling();
  try {
    const missing = await billing.reconcile.catchUpEvents();
    const handled = await billing.events.drain();
    const sweep = await billing.reconcile.sweep();
    await billing.remedies.carryOutAll();
    console.log(`${missing} events that no webhook brought were fetched, ${handled} handled.`);
    console.log(`${sweep.synced} customers are as Stripe has them.`);
    for (const id of sweep.missing) console.log(`Stripe has no customer ${id}.`);
    for (const { customerId, error } of sweep.failed) console.log(`${customerId}: ${error}`);
    return sweep.failed.length === 0 && sweep.missing.length === 0;
  } finally {
    await billing.close();
  }
});
