import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { findPurchase } from '../src/db/repositories/billing/credit-purchase.repository.ts';
import { formatMoney } from '../src/domain/money.ts';
import { isUuid } from '../src/domain/ids.ts';
import { openBilling } from './operator/billing.ts';
import { Mistyped, runCommand } from './operator/command.ts';

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
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
    'amount-minor': {
      type: 'string',
      value: 'N',
      about: 'a sum in the smallest unit of the currency, in place of what is unused',
    },
    by: { type: 'string', value: 'NAME', about: 'who gives it; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const { purchase: purchaseId, reason, by = userInfo().username } = values;
    const amountMinor = readAmount(values['amount-minor']);
    const billing = await openBilling({ works: !dryRun });
    try {
      const row = isUuid(purchaseId)
        ? await findPurchase(billing.database.db, purchaseId)
        : undefined;
      if (!row) throw new Error(`There is no purchase "${purchaseId}".`);
      const { state, currency, refundedMinor } = row;
      const paid = { amountMinor: row.amountMinor, currency };
      if (dryRun) {
        const back = { amountMinor: refundedMinor, currency };
        return {
          lines: [
            `The purchase is ${state}: ${formatMoney(paid, 'en')} for ${row.credits + row.bonus} credits, ${formatMoney(back, 'en')} of it went back.`,
          ],
          data: { purchaseId, state, paid, refundedMinor },
        };
      }
      const done = await billing.purchases.refundByOperator({
        ...{ purchaseId, reason, by },
        ...(amountMinor === undefined ? {} : { amountMinor }),
      });
      const sum = { amountMinor: done.refundMinor, currency };
      return {
        lines: [`${formatMoney(sum, 'en')} goes back, for ${done.revokedCredits} credits.`],
        data: { purchaseId, ...done },
      };
    } finally {
      await billing.close();
    }
  },
});

function readAmount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const amount = Number(text);
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new Mistyped(`--amount-minor ${text}: it must be a whole number above 0.`);
}
