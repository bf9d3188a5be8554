import type { BrokenRule } from '../../../../domain/billing/spending/judge.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { formatMoney } from '../../../../domain/money.ts';

/** 403 `spending_rule`, which says which rule a purchase, or a cap of overage, breaks, and until when. */
export function ruleBroken(broken: BrokenRule, by: 'purchase' | 'cap'): BillingError {
  const { freeAt, ...rest } = broken;
  return new BillingError('spending_rule', sentenceOf(broken, by), {
    data: { by, ...rest, freeAt: freeAt?.toISOString() ?? null },
  });
}

function sentenceOf(broken: BrokenRule, by: 'purchase' | 'cap'): string {
  const { rule, currency, maxMinor, spentMinor, overageMinor, leftMinor, freeAt } = broken;
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency }, 'en');
  if (rule === 'currency') {
    return `The team’s spending rule is in ${currency.toUpperCase()}: nothing is spent in another currency while it holds.`;
  }
  if (by === 'cap' && rule !== 'month') {
    return 'The team’s spending rule allows nothing, and so no overage.';
  }
  const max = money(maxMinor!);
  if (rule === 'single') {
    return `The team’s spending rule allows ${max} a purchase at most. Choose a smaller pack.`;
  }
  const cap = overageMinor > 0 ? `, and ${money(overageMinor)} are kept for overage` : '';
  const spent = `The team’s spending rule allows ${max} a ${rule}, of which ${money(spentMinor)} are spent or about to be paid${cap}.`;
  if (by === 'cap')
    return `${spent} Overage counts with its whole cap, which can be ${money(leftMinor!)} at most.`;
  const never = capIsInTheWay(broken)
    ? 'With the cap of overage no month has as much left.'
    : 'This pack costs more than that.';
  return `${spent} ${freeAt ? `It is free again from ${freeAt.toISOString()} on.` : never}`;
}

const capIsInTheWay = ({ overageMinor, maxMinor }: BrokenRule) =>
  overageMinor > 0 && overageMinor <= maxMinor!;
