import type { Money } from '../../domain/money.ts';

/** A sentence of the catalogue and what stands in its holes. */
export interface RuleSentence {
  key: `credits.rule.${'currency' | 'single' | Period | `${Period}Never` | 'cap' | 'capNone'}`;
  values: Record<string, string>;
}

type Period = 'day' | 'month';

interface Formats {
  money(money: Money): string;
  moment(instant: string): string;
}

/**
 * Which spending rule is in the way and when that is over, from the details of 403 `spending_rule`; null
 * for details that say nothing of it.
 */
export function brokenRule(details: Record<string, unknown>, f: Formats): RuleSentence | null {
  const { rule, by, currency, freeAt } = details;
  if (typeof currency !== 'string') return null;
  if (rule === 'currency') {
    return { key: 'credits.rule.currency', values: { currency: currency.toUpperCase() } };
  }
  if (by === 'cap' && rule !== 'month') return { key: 'credits.rule.capNone', values: {} };
  const money = (name: string) => {
    const amountMinor = details[name];
    return typeof amountMinor === 'number' ? f.money({ amountMinor, currency }) : '';
  };
  const values = {
    ...{ max: money('maxMinor'), spent: money('spentMinor') },
    ...{ overage: money('overageMinor'), left: money('leftMinor') },
  };
  if (by === 'cap') return { key: 'credits.rule.cap', values };
  if (rule === 'single') return { key: 'credits.rule.single', values };
  if (rule !== 'day' && rule !== 'month') return null;
  if (typeof freeAt === 'string') {
    return { key: `credits.rule.${rule}`, values: { ...values, until: f.moment(freeAt) } };
  }
  return { key: `credits.rule.${rule}Never`, values };
}
