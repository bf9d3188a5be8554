import type { Money } from '../money.ts';
import { MICRO_PER_CREDIT } from './credits.ts';

/**
 * Credits that are bought at once, in one of the pack's versions. A published version never changes:
 * who has begun to buy it gets it.
 */
export interface PackDefinition {
  readonly id: string;
  /** 1, 2, … in the order of publishing. */
  readonly version: number;
  readonly credits: number;
  /** Credits on top, which cost nothing: of what is given back they count last. */
  readonly bonus: number;
  readonly validDays: number;
  /** What it costs, once a currency; the first is the price's own at Stripe. */
  readonly amounts: readonly Money[];
  /** Whether it is sold from this version on. */
  readonly active: boolean;
}

/** What a pack is made of, in one line: two versions with the same line sell the same. */
export function packContents(pack: Omit<PackDefinition, 'id' | 'version' | 'active'>): string {
  const { credits, bonus, validDays, amounts } = pack;
  const costs = amounts.map(({ currency, amountMinor }) => `${currency}=${amountMinor}`);
  return [`credits=${credits}`, `bonus=${bonus}`, `days=${validDays}`, ...costs].join(' ');
}

export function packMicro({ credits, bonus }: Pick<PackDefinition, 'credits' | 'bonus'>): number {
  return (credits + bonus) * MICRO_PER_CREDIT;
}

/** Smallest first. */
export function bySize(
  a: Pick<PackDefinition, 'id' | 'credits' | 'bonus'>,
  b: Pick<PackDefinition, 'id' | 'credits' | 'bonus'>,
): number {
  return a.credits + a.bonus - (b.credits + b.bonus) || (a.id < b.id ? -1 : 1);
}
