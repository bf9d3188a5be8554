import { chargedOf, type Money } from '../money.ts';
import type { Period } from '../period.ts';
import type { ResourceType } from '../quota.ts';

/**
 * Why a statement was closed: the debt grew, a month is over, the subscription ended, or work of a
 * closed month was settled after that.
 */
export const STATEMENT_KINDS = ['threshold', 'month', 'final', 'late'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

/**
 * `closed` and not invoiced yet; `carried` to the next one, being too little; `invoicing` while its
 * invoice is made; `open` while that waits for money, `failed` once a payment did; `written_off` by
 * staff, or where no next one comes.
 */
export const STATEMENT_STATES = [
  'closed',
  'carried',
  'invoicing',
  'open',
  'paid',
  'failed',
  'uncollectible',
  'void',
  'written_off',
] as const;
export type StatementState = (typeof STATEMENT_STATES)[number];

/** What of an account's use beyond quota and credits one statement bills together. */
export interface LineKey {
  /** The month of the work. */
  period: Period;
  resourceType: ResourceType;
  /** µcr a unit. */
  rateMicro: number;
  /** Minor units of money a credit, with up to twelve decimals. */
  minorPerCredit: string;
}

export interface DrawnSum extends LineKey {
  units: number;
  /** Negative where more came back than was drawn. */
  micro: number;
}

export interface StatementLine extends DrawnSum {
  /** What earlier statements billed under the same key, whatever became of them. */
  microBefore: number;
  amountMinor: number;
}

const PRICE = /^(\d{1,8})(?:\.(\d{1,12}))?$/;
const PRICE_ONE = 10n ** 12n;
const MICRO_ONE = 10n ** 6n;

/** What so many µcr cost: rounded down, once. Exact: prices have twelve decimals, as Stripe's have. */
export function minorOf(micro: number, minorPerCredit: string): number {
  const [, whole, decimals = ''] = PRICE.exec(minorPerCredit) ?? [];
  if (whole === undefined) throw new Error(`"${minorPerCredit}" is no price of a credit.`);
  const price = BigInt(whole) * PRICE_ONE + BigInt(decimals.padEnd(12, '0'));
  return Number((BigInt(micro) * price) / (MICRO_ONE * PRICE_ONE));
}

/**
 * The line of what was drawn since the last statement: what the whole costs so far, less what was
 * billed for it, so that the statements of a month add up to the whole, rounded down once. Negative
 * when usage was taken back after it was billed.
 */
export function lineOf(drawn: DrawnSum, microBefore: number): StatementLine {
  const { minorPerCredit, micro } = drawn;
  const amountMinor =
    minorOf(microBefore + micro, minorPerCredit) - minorOf(microBefore, minorPerCredit);
  return { ...drawn, microBefore, amountMinor };
}

export const lineKey = (key: LineKey) =>
  [key.period, key.resourceType, key.rateMicro, plainPrice(key.minorPerCredit)].join(' ');

/** Without the zeros behind: 10.000000000000 is 10. */
export function plainPrice(minorPerCredit: string): string {
  return minorPerCredit.includes('.') ? minorPerCredit.replace(/\.?0+$/, '') : minorPerCredit;
}

/** Lines in the one order in which they are listed. */
export function inOrder<Key extends LineKey>(lines: readonly Key[]): Key[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return lines.toSorted(
    (a, b) =>
      compare(a.period, b.period) ||
      compare(a.resourceType, b.resourceType) ||
      a.rateMicro - b.rateMicro ||
      Number(a.minorPerCredit) - Number(b.minorPerCredit),
  );
}

const FLOORS: Record<string, number> = { cny: 500, usd: 100 };

/** What is less is carried to the next statement: never under what Stripe charges at all. */
export function floorOf(currency: string): number {
  const known = FLOORS[currency];
  if (known !== undefined) return known;
  let least = 50;
  while (chargedOf({ amountMinor: least, currency }) === 0) least *= 2;
  return least * 2;
}

/** What may be used and not paid, by how many statements were paid: ten floors, forty, a hundred. */
export function exposureOf(currency: string, paidStatements: number): number {
  const [first, second, last] = [10, 40, 100] as const;
  const floors = paidStatements === 0 ? first : paidStatements === 1 ? second : last;
  return floorOf(currency) * floors;
}

/** Whether so much that no statement has yet makes one due in the middle of a month. */
export function isOverThreshold(unbilledMinor: number, exposureMinor: number): boolean {
  return unbilledMinor >= Math.floor(exposureMinor / 2);
}

/** What becomes of a statement when it is closed: a small one is carried, or written off at an end. */
export function stateAtClosing(
  { amountMinor, currency }: Money,
  { isEnd }: { isEnd: boolean },
): 'closed' | 'carried' | 'written_off' {
  if (amountMinor >= floorOf(currency)) return 'closed';
  return isEnd ? 'written_off' : 'carried';
}

/** States in which nothing more is expected of Stripe. */
export const isSettled = (state: StatementState) =>
  !['closed', 'invoicing', 'open', 'failed'].includes(state);
