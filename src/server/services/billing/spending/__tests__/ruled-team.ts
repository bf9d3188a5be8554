import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPaidPlan } from '../../../../../../tests/support/metering.ts';
import type { TestDatabase } from '../../../../../../tests/support/test-database.ts';
import { inTransaction } from '../../../../../db/client.ts';
import { findSpendingRule } from '../../../../../db/repositories/billing/spending.repository.ts';
import {
  NO_RULE,
  ruleAt,
  type SpendingRule,
} from '../../../../../domain/billing/spending/rules.ts';
import { BillingError } from '../../../../../domain/errors.ts';
import type { UserId } from '../../../../../domain/ids.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { usageService, type HandClock } from '../../../usage/__tests__/service.ts';
import { beginElsewhere } from '../../purchases/__tests__/begin-elsewhere.ts';
import { readTaken } from '../../purchases/overage-taken.ts';
import { assertCapAllowed } from '../caps.ts';
import { keepRule } from '../set-rule.ts';

const ZONE = 'Asia/Shanghai';
/** A picture costs two credits beyond the quota, 24 fen. */
const IN_CNY = { currency: 'cny', minorPerCredit: '12' };
export const IN_USD = { currency: 'usd', minorPerCredit: '1.8' };

/** A team on Pro of whose pictures none is left; its days are those of Shanghai. */
export async function ruledTeam(
  database: TestDatabase,
  clock: HandClock,
  startsAt = '2026-05-10T12:00:00Z',
) {
  clock.set(startsAt);
  const { db, pool } = database;
  const tenantId = await meteredTenant(pool);
  await putOnPaidPlan(database, tenantId, 'pro');
  const { rows } = await pool.query<{ id: UserId }>(
    `update users set locale = 'zh-CN' where tenant_id = $1 returning id`,
    [tenantId],
  );
  const usage = usageService(database, clock);
  const { credits } = usage;
  const deps = { db, credits };
  const who = { tenantId, userId: rows[0]!.id, role: 'owner' as const };
  const images = { tenantId, resourceType: 'images' as const };
  const usedUp = new Set<string>();
  const useUp = async () => {
    const period = periodOf(clock.now());
    if (!usedUp.has(period)) await usage.trackUsage({ ...images, amount: 500 });
    usedUp.add(period);
  };
  await useUp();
  const spend = async (month: string): Promise<number> => {
    const found = await pool.query<{ sum: string | null }>(
      `select sum(amount_minor) as sum from credit_purchases
       where tenant_id = $1 and state not in ('expired', 'failed')
         and $2 between to_char(created_at at time zone '${ZONE}', 'YYYY-MM')
           and to_char(coalesce(paid_at, $3) at time zone '${ZONE}', 'YYYY-MM')`,
      [tenantId, month, clock.now()],
    );
    return Number(found.rows[0]!.sum ?? 0);
  };
  return {
    ...{ tenantId, credits, images, usage },
    /** Whether it was allowed. */
    agree: (capMinor: number, consent = IN_CNY) =>
      isAllowed(
        credits.setLimits(who, { enabled: true, capMinor, consent }, (tx, cap) =>
          assertCapAllowed(deps, tx, tenantId, cap, clock.now()),
        ),
      ),
    end: () => credits.setLimits(who, { enabled: false }),
    payIn: (currency: string) => putOnPaidPlan(database, tenantId, 'pro', { currency }),
    rule: (wanted: SpendingRule) =>
      inTransaction(db, (tx) => keepRule(deps, tx, who, wanted, clock.now())),
    /** A purchase that is under way elsewhere; `undefined` when it is refused. */
    buy: (amountMinor: number) => beginElsewhere(deps, { tenantId, amountMinor }, clock.now()),
    /** A picture beyond the quota; whether there was anything for it. */
    draw: async () => {
      await useUp();
      return usage.trackUsage({ ...images, amount: 1 }).then(
        () => true,
        () => false,
      );
    },
    overage: async () => (await credits.readLimits(tenantId)).overage,
    /** What a month has on packs and on overage. */
    spentOf: async (month: string) => {
      const [taken, packs] = await Promise.all([
        readTaken(deps, { tenantId, currency: 'cny', month }, clock.now()),
        spend(month),
      ]);
      return packs + taken.monthMinor;
    },
    maximum: async () =>
      ruleAt(await findSpendingRule(db, tenantId), clock.now()).monthMaxMinor ?? Infinity,
    notices: () =>
      inEveryBucket(
        pool,
        `select cap_minor::int as cap, reason from u00.overage_notices
         where tenant_id = $1 and percent = 0 order by ref`,
        [tenantId],
      ),
    audited: async () =>
      (
        await pool.query(
          `select before, after from audit_log
           where tenant_id = $1 and action = 'overage.bound' order by created_at, id`,
          [tenantId],
        )
      ).rows,
  };
}

export const own = (month: number | null, single: number | null = null, currency = 'cny') => ({
  ...NO_RULE,
  ...{ preset: 'own' as const, currency, singleMaxMinor: single, monthMaxMinor: month },
});

async function isAllowed(change: Promise<unknown>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (error instanceof BillingError && error.code === 'spending_rule') return false;
    throw error;
  }
}
