import './operator/env-file.ts';
import { findPurchase } from '../src/db/repositories/billing/credit-purchase.repository.ts';
import { isUuid } from '../src/domain/ids.ts';
import { ACT_FLAGS } from './operator/carry-out.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

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
    const { purchase: purchaseId } = values;
    const amountMinor = readAmount(values['amount-minor']);
    const wish = { act: 'refund_purchase', purchaseId, amountMinor } as const;
    return actForTenant({ values, dryRun }, wish, async ({ database: { db } }) => {
      const row = isUuid(purchaseId) ? await findPurchase(db, purchaseId) : undefined;
      if (row) return row.tenantId;
      throw new Error(`There is no purchase "${purchaseId}".`);
    });
  },
});

function readAmount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const amount = Number(text);
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new Mistyped(`--amount-minor ${text}: it must be a whole number above 0.`);
}
