import './operator/env-file.ts';
import { findPurchase } from '../src/db/repositories/billing/credit-purchase.repository.ts';
import { ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';
import { typedId, typedMinor } from './operator/typed.ts';

await runCommand({
  name: 'credits:refund',
  about:
    'Gives a pack of credits back: what is unused of it, or a sum. Customers can do so by a button for seven days, an operator at any time.',
  examples: [
    ['--purchase ID --reason "…" --dry-run', 'says what was paid, and what went back already'],
    ['--purchase ID --reason "…"', 'gives back what is unused'],
    ['--purchase ID --amount-minor 300 --reason "…"', 'gives back 3.00, and takes its share'],
  ],
  flags: {
    purchase: {
      type: 'string',
      value: 'ID',
      about: 'of the table credit_purchases',
      required: true,
    },
    ...ACT_FLAGS,
    'amount-minor': {
      type: 'string',
      value: 'N',
      about: 'a sum in the smallest unit of the currency, in place of what is unused',
    },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const purchaseId = typedId('purchase', values.purchase);
    const amountMinor = typedMinor('amount-minor', values['amount-minor']);
    const wish = { act: 'refund_purchase', purchaseId, amountMinor } as const;
    return actForTenant({ values, dryRun }, wish, async ({ database: { db } }) => {
      const row = await findPurchase(db, purchaseId);
      if (row) return row.tenantId;
      throw new Error(`There is no purchase "${purchaseId}".`);
    });
  },
});
