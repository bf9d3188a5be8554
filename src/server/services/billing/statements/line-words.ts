import type { StatementLine } from '../../../../domain/billing/statement.ts';
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
