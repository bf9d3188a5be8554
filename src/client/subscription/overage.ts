import type { CreditsView } from '../../domain/billing/credits.ts';
import {
  CAP_MINOR_MAX,
  type OveragePrice,
  type OverageView,
} from '../../domain/billing/overage.ts';
import { formatUnitPrice, minorDigits, type Money } from '../../domain/money.ts';
import type { ResourceType } from '../../domain/quota.ts';

/** What a credit costs, with all of its decimals: `¥0.12`, `$0.018`. */
export function creditPrice({ currency, minorPerCredit }: OveragePrice, language: string): string {
  return formatUnitPrice(minorPerCredit, currency, language);
}

/** The cap that somebody typed, in minor units; null for what is none. */
export function capOf(typed: string, currency: string): number | null {
  const digits = minorDigits(currency);
  const text = typed.trim().replace(',', '.');
  const pattern = digits === 0 ? /^\d{1,9}$/ : new RegExp(`^\\d{1,9}(\\.\\d{1,${digits}})?$`);
  if (!pattern.test(text)) return null;
  const minor = Math.round(Number(text) * 10 ** digits);
  return minor > 0 && minor <= CAP_MINOR_MAX ? minor : null;
}

/** As it is typed: `50` or `50.5`. */
export function typedCap({ amountMinor, currency }: Money): string {
  return String(amountMinor / 10 ** minorDigits(currency));
}

export type OverageState =
  | 'not_sold'
  | 'off'
  | 'price_rose'
  | 'ruled_out'
  | 'uncollected'
  | 'suspended'
  | 'trialing'
  | 'past_due'
  | 'reached'
  | 'unpaid'
  | 'on';

/**
 * What is said of it first. `left` is what the next call could take of each resource, as admission counts
 * it: less than one call's price may be left under a cap that is not reached to the cent. Where it is the
 * reader's own limit that leaves nothing, overage has nothing to do with it.
 */
export function overageState(
  overage: OverageView,
  left?: Pick<CreditsView, 'spendable' | 'memberLeft'>,
): OverageState {
  const { price, paused, enabled, lapsed, suspended, capMinor, usedMinor } = overage;
  if (!price) return 'not_sold';
  if (suspended) return enabled ? 'suspended' : 'uncollected';
  if (paused) return paused;
  if (!enabled && lapsed === 'spending_rule') return 'ruled_out';
  if (!enabled) return lapsed === 'price' ? 'price_rose' : 'off';
  const isOver = (resource: ResourceType) =>
    left?.spendable[resource] === 0 && left.memberLeft[resource] !== 0;
  const isChatOver = isOver('messages') || isOver('llm_tokens');
  if (usedMinor >= (capMinor ?? 0)) return 'reached';
  if (!isChatOver) return 'on';
  return isHeldByTrust(overage) ? 'unpaid' : 'reached';
}

/** What may be unpaid at once leaves less than the cap does. */
function isHeldByTrust({ capMinor, usedMinor, exposureMinor, unpaidMinor }: OverageView): boolean {
  return exposureMinor !== null && exposureMinor - unpaidMinor < (capMinor ?? 0) - usedMinor;
}
