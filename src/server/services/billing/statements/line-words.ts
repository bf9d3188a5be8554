import type { StatementLine } from '../../../../domain/billing/statement.ts';
import { decimalAmount } from '../../../../domain/money.ts';
import { formatMonth } from '../../../../domain/period.ts';
import { RESOURCE_NAMES } from '../../../../domain/product.ts';

/** A line as it stands on the invoice of its statement; it is kept with the line when that is closed. */
export function describeLine(
  { period, resourceType, micro }: Pick<StatementLine, 'period' | 'resourceType' | 'micro'>,
  locale: string,
): string {
  const month = formatMonth(period, locale);
  const credits = micro / 1_000_000;
  return locale.startsWith('zh')
    ? `${month}超额用量：${RESOURCE_NAMES.zh[resourceType]}，${credits} 点数`
    : `Overage of ${month}: ${RESOURCE_NAMES.en[resourceType]}, ${credits} credits`;
}

/** What one line of an invoice bills together; of several parts it says what each comes to. */
export function describeParts(
  parts: readonly { description: string; amountMinor: number }[],
  currency: string,
): string {
  if (parts.length === 1) return parts[0]!.description;
  return parts
    .map(({ description, amountMinor }) => {
      const amount = decimalAmount({ amountMinor, currency });
      return `${description} (${amount} ${currency.toUpperCase()})`;
    })
    .join('; ');
}
