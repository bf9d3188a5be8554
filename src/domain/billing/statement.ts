import { chargedOf } from '../money.ts';
import type { Period } from '../period.ts';
import type { ResourceType } from '../quota.ts';
import { disputeOutcome } from './dispute.ts';
import { isGivenBack, type PaidAndBack } from './payment-view.ts';

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

/**
 * A statement's state as the credit account has it. Of one that was paid: `paid` while the money is kept,
 * `returned` when all of it went back to the customer or the bank questions it, `lost` when the bank took it
 * back.
 */
export type CreditAccountState =
  'billed' | 'paid' | 'returned' | 'lost' | 'failed' | 'uncollectible' | 'void';

/**
 * The state of a statement as the credit account has it, by the payment of its invoice as it stands now; null
 * for one that is carried, which it does not know. Only `paid` raises how much may be unpaid; `lost` is unpaid
 * again until staff writes it off.
 */
export function creditAccountState(
  statement: {
    state: StatementState;
    writeOffAskedAt: Date | null;
    /** What the account knows of it. */
    told?: CreditAccountState | null;
  },
  payment: (PaidAndBack & { disputeStatus: string | null }) | undefined,
): CreditAccountState | null {
  const { state, writeOffAskedAt, told } = statement;
  if (state === 'carried') return null;
  if (state === 'failed' || state === 'uncollectible') return state;
  if (state === 'void' || state === 'written_off') {
    // What the customer's balance had paid was put back on it.
    return told === 'paid' || told === 'returned' ? 'returned' : 'void';
  }
  if (state !== 'paid') return 'billed';
  const dispute = payment?.disputeStatus ? disputeOutcome(payment.disputeStatus) : null;
  if (dispute === 'lost') return writeOffAskedAt ? 'returned' : 'lost';
  if (dispute === 'open') return 'returned';
  return payment && isGivenBack(payment) ? 'returned' : 'paid';
}

/** What of an account's use beyond quota and credits one statement bills together; it has one currency. */
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

/** What of a line is one model's, weighed by one card; null of what names none. */
export interface LineDetail {
  model: string | null;
  /** The version of the rate card. */
  rateCard: number | null;
  units: number;
  micro: number;
}

/** How a proof is written: 2 has the model and the card of each movement, and each line by them. */
export const PROOF_FORMATS = [1, 2] as const;
export type ProofFormat = (typeof PROOF_FORMATS)[number];

export interface StatementLine extends DrawnSum {
  /** What earlier statements in its currency billed under the same key, whatever became of them. */
  microBefore: number;
  amountMinor: number;
}

/** With its parts by model and card; none of a line from before these were noted. */
export type DetailedLine = StatementLine & { details: LineDetail[] };

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
export function lineOf<Drawn extends DrawnSum>(
  drawn: Drawn,
  microBefore: number,
): Drawn & StatementLine {
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

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Lines in the one order in which they are listed. */
export function inOrder<Key extends LineKey>(lines: readonly Key[]): Key[] {
  return lines.toSorted(
    (a, b) =>
      compare(a.period, b.period) ||
      compare(a.resourceType, b.resourceType) ||
      a.rateMicro - b.rateMicro ||
      Number(a.minorPerCredit) - Number(b.minorPerCredit),
  );
}

/** A line's details in the one order in which they are listed. */
export function detailsInOrder(details: readonly LineDetail[]): LineDetail[] {
  return details.toSorted(
    (a, b) => compare(a.model ?? '', b.model ?? '') || (a.rateCard ?? 0) - (b.rateCard ?? 0),
  );
}

/**
 * Lines as an invoice can hold them. Where Stripe works the tax out it takes no line of less than nothing
 * (`automatic_tax.enabled` of its invoices), so what owes the customer something is one line with as many of
 * the others, from the largest on, as make it more than nothing. All others stay alone.
 */
export function foldCredits<Line extends Pick<StatementLine, 'amountMinor'>>(
  lines: readonly Line[],
): Line[][] {
  const credits = lines.filter(({ amountMinor }) => amountMinor < 0);
  const others = lines.filter(({ amountMinor }) => amountMinor >= 0);
  const parts = [...credits];
  let sum = credits.reduce((all, { amountMinor }) => all + amountMinor, 0);
  for (const line of others.toSorted((a, b) => b.amountMinor - a.amountMinor)) {
    if (credits.length === 0 || sum > 0) break;
    parts.splice(parts.length - credits.length, 0, line);
    sum += line.amountMinor;
  }
  return lines.flatMap((line) => {
    if (line === parts[0]) return [parts];
    return parts.includes(line) ? [] : [[line]];
  });
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

/** A bill of use beyond quota and credits. Amounts of money are in minor units, instants ISO 8601. */
export interface StatementView {
  id: string;
  kind: StatementKind;
  state: StatementState;
  /** The month that it closes, or in which it was closed. */
  period: string;
  currency: string;
  /** Of its own lines. */
  amountMinor: number;
  /** What was too little to be invoiced before, and is collected with it. */
  carriedInMinor: number;
  totalMinor: number;
  /** What of the payment went back. */
  refundedMinor: number;
  /** The movements that it covers. */
  seqFrom: number;
  seqTo: number;
  sha256: string;
  closedAt: string;
  settledAt: string | null;
  invoice: { number: string; url: string | null } | null;
  /** Where it is paid while it can be. */
  payUrl: string | null;
  /** The bank wants the payment confirmed. */
  actionRequired: boolean;
  nextAttemptAt: string | null;
}

/** What of a statement's failed payment is told above every page: what is due, tax and all, and where it is paid. */
export interface UnpaidStatementView extends Pick<
  StatementView,
  'id' | 'period' | 'currency' | 'actionRequired' | 'nextAttemptAt'
> {
  dueMinor: number;
  /** Only for who may pay. */
  payUrl: string | null;
}

export interface StatementDetailView extends StatementView {
  /** Null for the first. */
  previousSha256: string | null;
  lines: DetailedLine[];
}

export interface StatementsView {
  /** Newest first. */
  statements: StatementView[];
}
