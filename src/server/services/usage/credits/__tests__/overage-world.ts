import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPaidPlan } from '../../../../../../tests/support/metering.ts';
import type { TestDatabase } from '../../../../../../tests/support/test-database.ts';
import type { OverageLapse, OveragePrice } from '../../../../../domain/billing/overage.ts';
import type { UserId } from '../../../../../domain/ids.ts';
import { usageService, type HandClock } from '../../__tests__/service.ts';

/** What Pro costs beyond the credits; a picture is two credits, so 24 fen. */
export const PRO: OveragePrice = { currency: 'cny', minorPerCredit: '12' };
export const TEAM: OveragePrice = { currency: 'cny', minorPerCredit: '11' };
const LATER = '2027-01-01T00:00:00Z';
const USER = '00000000-0000-4000-8000-000000000001' as UserId;
export const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;

/** A tenant on Pro of whose 500 pictures none is left; it may use and be billed for `capMinor` more. */
export async function overageWorld(
  database: TestDatabase,
  clock: HandClock,
  capMinor: number | null,
) {
  clock.set('2026-05-10T12:00:00Z');
  const { pool } = database;
  const tenantId = await meteredTenant(pool);
  await putOnPaidPlan(database, tenantId, 'pro');
  const usage = usageService(database, clock);
  const images = { tenantId, resourceType: 'images' as const };
  await usage.trackUsage({ ...images, amount: 500 });
  const who = { tenantId, userId: USER, role: 'owner' as const, requestId: 'r' };
  const agree = (cap: number, consent: OveragePrice = PRO) =>
    usage.credits.setLimits(who, { enabled: true, capMinor: cap, consent });
  if (capMinor !== null) await agree(capMinor);
  const say = async (what: string, ...values: unknown[]) => {
    const args = values.map((_, n) => `, $${n + 2}`).join('');
    const done = await inEveryBucket<{ done: boolean }>(
      pool,
      `select u00.credit_overage_${what}($1${args}) as done`,
      [tenantId, ...values],
    );
    return done.some((one) => one.done);
  };
  return {
    ...{ tenantId, usage, images, who, agree, say },
    end: () => usage.credits.setLimits(who, { enabled: false }),
    give: (originRef: string, count: number) =>
      usage.credits.grant({
        ...{ tenantId, origin: 'goodwill' as const, originRef, ...by },
        ...{ amountMicro: count * 1_000_000, expiresAt: new Date(LATER) },
      }),
    draw: (amount = 1, more = {}) => usage.trackUsage({ ...images, amount, ...more }),
    hold: (amount: number) => usage.reserve({ ...images, amount, ttlSeconds: 60 }),
    overage: async () => (await usage.credits.readLimits(tenantId)).overage,
    /** Kind, credits and units of each draw, in order. */
    taken: async () =>
      (await usage.credits.readHistory(tenantId)).movements
        .filter(({ kind }) => kind !== 'granted')
        .map(({ kind, micro, units }) => [kind, micro / 1e6, units])
        .toReversed(),
    notices: () =>
      inEveryBucket(
        pool,
        `select percent, cap_minor::int as cap, reason, mail_due as mails from u00.overage_notices
         where tenant_id = $1 order by made_at, cap_minor, percent`,
        [tenantId],
      ),
  };
}

/** A call that is refused: its reason and the cap. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  const refused = await call.then(
    () => undefined,
    (error: { data?: { reason: string; cap: unknown } }) => error.data,
  );
  return refused && [refused.reason, refused.cap];
}

/** The cap as a refusal has it. */
export const cap = (capMinor: number, usedMinor: number, lapsed: OverageLapse | null = null) => ({
  ...{ capMinor, usedMinor, currency: 'cny', lapsed },
});
