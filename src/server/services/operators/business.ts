import type { Database, Db } from '../../../db/client.ts';
import {
  countSubscriptions,
  countTrials,
  sumFailed,
  sumUsage,
} from '../../../db/repositories/operators/business.repository.ts';
import { listBusiness } from '../../../db/repositories/operators/business-lists.repository.ts';
import {
  foldBusinessChanges,
  listMonthSums,
  type MonthSum,
} from '../../../db/repositories/operators/business-months.repository.ts';
import {
  listOutstanding,
  sumOutstanding,
} from '../../../db/repositories/operators/outstanding-credits.repository.ts';
import type {
  BusinessList,
  BusinessRow,
  BusinessRows,
  BusinessScreen,
  BusinessSum,
  CurrencyFigures,
  MonthFigures,
} from '../../../domain/accounts/operator-business.ts';
import { MICRO_PER_CREDIT } from '../../../domain/billing/credits.ts';
import type { Clock } from '../../../domain/clock.ts';
import { decimalAmount } from '../../../domain/money.ts';
import { periodEnd, periodOf, periodStart, type Period } from '../../../domain/period.ts';
import { MOVEMENTS } from '../../../domain/prices.ts';
import { csvLine } from '../operations/csv.ts';
import { placeCursor, placeOf, uuidCursor } from './cursors.ts';

export interface BusinessDeps {
  db: Db;
  buckets: Database['buckets'];
  clock: Clock;
}

export interface ListInput {
  list: BusinessList;
  month: Period | undefined;
  cursor: string | undefined;
  limit: number;
}

/** Rows that a file is written of at a time. */
const AT_ONCE = 500;

/** The installation's business: each number is the sum of the list behind it. */
export class OperatorBusiness {
  readonly #deps: BusinessDeps;

  constructor(deps: BusinessDeps) {
    this.#deps = deps;
  }

  /** The last `count` calendar months, the present one included. */
  async read(count: number): Promise<BusinessScreen> {
    const { db, buckets, clock } = this.#deps;
    const now = clock.now();
    const months = lastMonths(periodOf(now), count);
    const from = periodStart(months[0]!);
    const [sums, usage, failed, subscriptions, trials, creditsMicro] = await Promise.all([
      listMonthSums(db),
      sumUsage(db, from),
      sumFailed(db),
      countSubscriptions(db),
      countTrials(db),
      sumOutstanding(buckets, now),
    ]);
    const all = [...sums, ...failed].map(({ currency }) => currency);
    const currencies = [...new Set(all)].toSorted().map((currency): CurrencyFigures => {
      const isOf = (one: { currency: string }) => one.currency === currency;
      const figures = figuresOf(months, sums.filter(isOf), usage.filter(isOf));
      const open = failed.find(isOf);
      return {
        ...{ currency, mrrMinor: figures.at(-1)!.mrrMinor, months: figures },
        failed: { count: open?.count ?? 0, amountMinor: open?.minor ?? 0 },
      };
    });
    return { currencies, subscriptions, trials, creditsMicro };
  }

  /** What is behind a number, of one month where one is named. 400 for a cursor that is none. */
  async list({ list, month, cursor, limit }: ListInput): Promise<BusinessRows> {
    if (list === 'credits') return this.#credits(cursor, limit);
    const span = month ? { from: periodStart(month), to: periodEnd(month) } : undefined;
    const before = cursor === undefined ? undefined : placeOf(cursor);
    const rows = await listBusiness(this.#deps.db, { list, span, before, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return {
      rows: page.map(({ micros: _place, at, ...row }) => ({ ...row, at: at.toISOString() })),
      nextCursor: rows.length > limit ? placeCursor(page.at(-1)!) : null,
    };
  }

  /** All of a list as CSV with a header, read as it is sent. */
  async *csv(list: BusinessList, month: Period | undefined): AsyncGenerator<string> {
    yield 'at,tenant_id,tenant,what,amount,currency\n';
    for (let cursor: string | undefined, isMore = true; isMore;) {
      const page = await this.list({ list, month, cursor, limit: AT_ONCE });
      for (const row of page.rows) yield lineOf(row);
      isMore = page.nextCursor !== null;
      cursor = page.nextCursor ?? undefined;
    }
  }

  /** Puts together what moved the months since the last time. */
  fold(): Promise<void> {
    return foldBusinessChanges(this.#deps.db);
  }

  async #credits(cursor: string | undefined, limit: number): Promise<BusinessRows> {
    const now = this.#deps.clock.now();
    const after = cursor === undefined ? undefined : uuidCursor(cursor);
    const found = await listOutstanding(this.#deps, { after, limit: limit + 1, now });
    const rows = found.slice(0, limit).map(({ tenantId, tenant, micro }): BusinessRow => ({
      ...{ key: tenantId, tenantId, tenant, at: now.toISOString() },
      ...{ what: 'credits', amount: micro, currency: null },
    }));
    return { rows, nextCursor: found.length > limit ? rows.at(-1)!.key : null };
  }
}

/** Money in its currency, credits in whole ones: what a spreadsheet can add up. */
function lineOf({ at, tenantId, tenant, what, amount, currency }: BusinessRow): string {
  const start = [at, tenantId, tenant, what];
  if (amount === null) return csvLine([...start, null, null]);
  if (currency === null) return csvLine([...start, amount / MICRO_PER_CREDIT, 'credits']);
  return csvLine([...start, decimalAmount({ amountMinor: amount, currency }), currency]);
}

function lastMonths(last: Period, count: number): Period[] {
  const months: Period[] = [last];
  while (months.length < count) {
    months.unshift(periodOf(new Date(periodStart(months[0]!).getTime() - 1)));
  }
  return months;
}

/** Of one currency: the months that are asked for, those without anything too. */
function figuresOf(
  months: Period[],
  sums: MonthSum[],
  usage: { month: string; minor: number }[],
): MonthFigures[] {
  const none = { minor: 0, count: 0 };
  return months.map((month): MonthFigures => {
    const of = (name: BusinessSum) =>
      sums.find((one) => one.month === month && one.name === name) ?? none;
    const isMovement = ({ name }: MonthSum) => (MOVEMENTS as readonly string[]).includes(name);
    const [paidMinor, refundedMinor] = [of('paid').minor, of('refunded').minor];
    return {
      month,
      ...{ newMinor: of('new').minor, reactivationMinor: of('reactivation').minor },
      ...{ expansionMinor: of('expansion').minor, contractionMinor: of('contraction').minor },
      churnMinor: of('churn').minor,
      mrrMinor: sums
        .filter((one) => isMovement(one) && one.month <= month)
        .reduce((sum, { minor }) => sum + minor, 0),
      ...{ paidMinor, refundedMinor, netMinor: paidMinor - refundedMinor },
      taxMinor: of('tax').minor,
      usageMinor: usage.find((one) => one.month === month)?.minor ?? 0,
      ...{ recovered: of('recovered').count, recoveredMinor: of('recovered').minor },
    };
  });
}
