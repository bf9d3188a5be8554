import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { schemaOf } from '../../../../../../tests/support/buckets.ts';
import { creditFaults, imbalances } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPaidPlan } from '../../../../../../tests/support/metering.ts';
import { agreeToOverage } from '../../../../../../tests/support/overage.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { bucketSqlOf } from '../../../../../db/buckets.ts';
import { statementsOf } from '../../../../../db/statements.ts';
import { updateStatement } from '../../../../../db/repositories/billing/statements/statement.repository.ts';
import type { StatementState } from '../../../../../domain/billing/statement.ts';
import { BillingError } from '../../../../../domain/errors.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { closeRuns } from '../close.ts';
import { updateCreditAccount } from '../update-credit-account.ts';
import { closingWorld } from './closing-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

/**
 * Pictures that are drawn (less than none: taken back), a plan and its currency with a consent to its price,
 * what becomes of what no statement has, what becomes of the statement so many before the last, and a new month.
 */
type Step =
  | number
  | 'drain'
  | `${'pro' | 'team'} ${'cny' | 'usd'}`
  | `bill ${StatementState}`
  | `${0 | 1} ${StatementState | 'returned' | 'lost'}`
  | '2027-04-05T12:00:00Z';

/** Pro takes 12 fen or 1.8 cents a credit, Team 11 or 1.7; a picture is two credits. */
const HISTORIES: [string, Step[]][] = [
  ['a price that falls', ['pro cny', 50, 'team cny', 3, 'drain']],
  ['a price that rises', ['team cny', 50, 'pro cny', 3, 'drain']],
  ['a price that falls and rises, all used', ['pro cny', 'drain', 'team cny', 'drain', 'pro cny']],
  ['a price that rises when all is used', ['team cny', 'drain', 'pro cny', 'drain']],
  ['an open statement', ['team cny', 50, 'bill open', 'pro cny', 3, 'drain', '0 paid', 'drain']],
  [
    'a month after it',
    ['pro cny', 60, '2027-04-05T12:00:00Z', 'team cny', 9, 'bill open', 'drain'],
  ],
  ['a failed one', ['pro cny', 50, 'bill failed', 'team cny', 'drain', '0 paid', 'drain']],
  ['one nobody can collect', ['pro cny', 50, 'bill uncollectible', 'team cny', 'drain', '0 void']],
  ['a carried one', ['pro cny', 9, 'bill carried', 'team cny', 40, 'bill open', 7, 'drain']],
  ['a carried one alone', ['team cny', 9, 'bill carried', 'pro cny', 'drain']],
  ['a paid one', ['team cny', 50, 'bill open', 60, '0 paid', 'pro cny', 'drain']],
  ['a void one', ['team cny', 50, 'bill void', 'pro cny', 3, 'drain']],
  ['a refunded one', ['pro cny', 50, 'bill paid', 9, '0 returned', 'team cny', 'drain']],
  ['a lost one', ['team cny', 50, 'bill paid', 9, 'pro cny', '0 lost', 'drain', '0 returned']],
  ['two of them', ['pro cny', 50, 'bill open', 'team cny', 50, 'bill open', '1 paid', 'drain']],
  ['what is taken back', ['pro cny', 60, 'bill open', 'team cny', 9, -20, 'drain']],
  ['and taken off', ['pro cny', 60, 'bill paid', 'team cny', -20, 'bill carried', 80, 'bill open']],
  ['parts of a cent', ['pro usd', 47, 'bill open', 'team usd', 53, 'bill open', '1 paid', 'drain']],
  ['a line in parts', ['pro usd', 47, 'bill paid', 47, 'bill open', 'team usd', 'drain']],
  ['another currency', ['pro cny', 100, 'bill open', 'team usd', 'drain', '0 paid', 'drain']],
  ['another, unbilled', ['team usd', 90, 'pro cny', 'drain', 'bill open', '1 paid', 'drain']],
];

test.each(HISTORIES)('12.4 what is unpaid is its money: %s', async (_what, steps) => {
  const world = await unpaidWorld();
  for (const one of steps) {
    await world.play(one);
    const { shown, owed, share, spendable, next } = await world.look();
    expect(shown, String(one)).toBe(Math.max(0, Math.floor(owed + 1e-9)));
    // Within what may be unpaid, but for what it was lowered below; and to the last picture that fits.
    if (one === 'drain') expect(share).toBeLessThanOrEqual(1 + 1e-12);
    if (one === 'drain' && spendable) expect(share + next).toBeGreaterThan(1);
  }
  await world.forgetMoney();
  const { shown, owed } = await world.look();
  // What bills rounded off before is not known to the bucket.
  expect(Math.abs(shown - Math.max(0, owed)), 'as migrated').toBeLessThan(1.000_001);
});

/** Exposure of who has paid no bill; what is owed in one currency counts for as great a part of another's. */
const WORTH: Record<string, number> = { cny: 5_000, usd: 700 };
const OWED = ['billed', 'failed', 'uncollectible', 'lost'];

async function unpaidWorld() {
  const { tenantId, usage, deps, clock, draw, all } = await closingWorld(database);
  const account = { ...deps, buckets: database.buckets };
  const images = { tenantId, resourceType: 'images' as const };
  const schema = await schemaOf(database.pool, tenantId);
  await putOnPaidPlan(database, tenantId, 'team');
  await draw(4_500);

  const bill = async (state: StatementState) => {
    for (const closed of await closeRuns(deps, tenantId, { kind: 'threshold' })) {
      // What comes to too little is carried, whatever is asked for.
      const is =
        closed.state === 'carried' || closed.state === 'written_off' ? closed.state : state;
      await updateCreditAccount(
        account,
        await updateStatement(database.db, closed.id, { state: is }),
      );
    }
  };
  const become = async (before: number, end: string) => {
    const statement = (await all()).filter(({ told }) => told !== null).at(-1 - before)!;
    if (end === 'returned' || end === 'lost') {
      await database.pool.query(`select ${schema}.credit_overage_${end}($1, $2)`, [
        tenantId,
        statement.id,
      ]);
      await updateStatement(database.db, statement.id, { told: end });
      return;
    }
    const values = { state: end as StatementState };
    await updateCreditAccount(account, await updateStatement(database.db, statement.id, values));
  };
  const drain = async () => {
    for (let amount = 1_024; amount >= 1;) {
      const drawn = await draw(amount).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof BillingError) || error.code !== 'quota_exceeded') throw error;
          return false;
        },
      );
      if (!drawn) amount /= 2;
    }
  };

  return {
    /** Leaves the bills as a version before told them, and prices them as the migration does. */
    async forgetMoney(): Promise<void> {
      const client = await database.pool.connect();
      try {
        await client.query(`begin; set local search_path = ${schema}`);
        await client.query('update overage_bills set minor = null, currency = null');
        await client.query('update overage_periods set billed_micro = 0');
        await client.query(statementsOf(bucketSqlOf(70)).at(-1)!);
        await client.query('commit');
      } finally {
        client.release();
      }
    },
    async play(one: Step): Promise<void> {
      if (one === 'drain') return drain();
      if (typeof one === 'number' && one > 0) return void (await draw(one));
      if (typeof one === 'number') {
        return void (await usage.correct({
          ...{ ...images, period: periodOf(clock.now()), amount: one, reason: 'a fault' },
          actor: { kind: 'service', name: 'test' },
        }));
      }
      const [first, second] = one.split(' ') as [string, string];
      if (first === 'bill') return bill(second as StatementState);
      if (first === '0' || first === '1') return become(Number(first), second);
      if (second !== undefined) {
        await putOnPaidPlan(database, tenantId, first as 'pro', { currency: second });
        return agreeToOverage(database, tenantId, { currency: second, at: clock.now() });
      }
      clock.set(one);
      await draw(500);
    },
    async look() {
      const { overage } = await usage.credits.readLimits(tenantId);
      const currency = overage.currency!;
      const statements = (await all()).filter(({ told }) => told !== null);
      const { rows } = await database.pool.query<{ currency: string; money: string }>(
        `select currency, sum(micro * minor_per_credit) / 1000000 as money
         from ${schema}.credit_draws where tenant_id = $1 and kind = 'overage' and seq > $2 group by 1`,
        [tenantId, statements.at(-1)?.seqTo ?? 0],
      );
      const parts = [
        ...rows.map((row) => ({ currency: row.currency, minor: Number(row.money) })),
        ...statements
          .filter(({ told }) => OWED.includes(told!))
          .map((of) => ({ currency: of.currency, minor: of.amountMinor + of.carriedInMinor })),
      ];
      const bound = overage.exposureMinor!;
      const sum = (of: (part: (typeof parts)[number]) => number) =>
        parts.reduce((total, part) => total + of(part), 0);
      const inOwn = WORTH[currency]! / bound;
      return {
        shown: overage.unpaidMinor,
        owed: sum((part) => (part.currency === currency ? part.minor : 0)),
        share: sum((part) => (part.minor / WORTH[part.currency]!) * inOwn),
        spendable: overage.enabled && overage.suspended === null,
        next: (2 * Number(overage.price!.minorPerCredit)) / bound,
      };
    },
  };
}
