import type { Database, Db } from '../../../db/client.ts';
import {
  countSubscriptions,
  countTrials,
  sumFailed,
  sumMovements,
  sumPaid,
  sumRefunded,
} from '../../../db/repositories/operators/business.repository.ts';
import { listBusiness } from '../../../db/repositories/operators/business-lists.repository.ts';
import {
  listOutstanding,
  sumOutstanding,
} from '../../../db/repositories/operators/outstanding-credits.repository.ts';
import type {
  BusinessList,
  BusinessRow,
  BusinessRows,
  BusinessScreen,
  CurrencyFigures,
  MonthFigures,
} from '../../../domain/accounts/operator-business.ts';
import type { Clock } from '../../../domain/clock.ts';
import { periodEnd, periodOf, periodStart, type Period } from '../../../domain/period.ts';
import { csvLine } from '../operations/csv.ts';
import { placeCursor, placeOf, uuidCursor } from './cursors.ts';

export interface BusinessDeps {
  db: Db;
  buckets: Database['buckets'];
  clock: Clock;
}

export interface ListWish {
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
    const movements = await sumMovements(db);
    const paid = await sumPaid(db, from);
    const refunded = await sumRefunded(db, from);
    const failed = await sumFailed(db);
    const all = [...movements, ...paid, ...refunded, ...failed].map(({ currency }) => currency);
    const currencies = [...new Set(all)].toSorted().map((currency): CurrencyFigures => {
      const isOf = (one: { currency: string }) => one.currency === currency;
      const figures = months.map((month) =>
        figuresOf(month, movements.filter(isOf), paid.filter(isOf), refunded.filter(isOf)),
      );
      const open = failed.find(isOf);
      return {
        ...{ currency, mrrMinor: figures.at(-1)!.mrrMinor, months: figures },
        failed: { count: open?.count ?? 0, amountMinor: open?.minor ?? 0 },
      };
    });
    return {
      currencies,
      subscriptions: await countSubscriptions(db),
      trials: await countTrials(db),
      creditsMicro: await sumOutstanding(buckets, now),
    };
  }

  /** What is behind a number, of one month where one is named. 400 for a cursor that is none. */
  async list({ list, month, cursor, limit }: ListWish): Promise<BusinessRows> {
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

const lineOf = ({ at, tenantId, tenant, what, amount, currency }: BusinessRow) =>
  csvLine([at, tenantId, tenant, what, amount, currency]);

function lastMonths(last: Period, count: number): Period[] {
  const months: Period[] = [last];
  while (months.length < count) {
    months.unshift(periodOf(new Date(periodStart(months[0]!).getTime() - 1)));
  }
  return months;
}

function figuresOf(
  month: Period,
  movements: Awaited<ReturnType<typeof sumMovements>>,
  paid: Awaited<ReturnType<typeof sumPaid>>,
  refunds: Awaited<ReturnType<typeof sumRefunded>>,
): MonthFigures {
  const moved = (kind: string) =>
    movements.find((one) => one.month === month && one.kind === kind)?.minor ?? 0;
  const money = paid.find((one) => one.month === month);
  const refundedMinor = refunds.find((one) => one.month === month)?.refunded ?? 0;
  const paidMinor = money?.paid ?? 0;
  return {
    month,
    ...{ newMinor: moved('new'), reactivationMinor: moved('reactivation') },
    ...{ expansionMinor: moved('expansion'), contractionMinor: moved('contraction') },
    churnMinor: moved('churn'),
    mrrMinor: movements
      .filter((one) => one.month <= month)
      .reduce((sum, { minor }) => sum + minor, 0),
    ...{ paidMinor, refundedMinor, netMinor: paidMinor - refundedMinor },
    ...{ taxMinor: money?.tax ?? 0, usageMinor: money?.usage ?? 0 },
    ...{ recovered: money?.recovered ?? 0, recoveredMinor: money?.recoveredMinor ?? 0 },
  };
}
