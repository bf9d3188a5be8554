import type { OverageNow } from '../../../../db/repositories/usage/credits/overage.ts';
import { minorOf, type OverageView } from '../../../../domain/billing/overage.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { periodOf } from '../../../../domain/period.ts';
import type { UsageRouter } from '../routing/router.ts';

/** As the tenant's bucket has it; `undefined` while that knows nothing of the tenant. */
export function readOverageNow(
  { router, clock }: { router: UsageRouter; clock: Clock },
  tenantId: string,
) {
  const now = clock.now();
  return router.read(
    tenantId,
    (bucket) => bucket.readOverage(tenantId, periodOf(now), now),
    (overage) => overage === undefined,
  );
}

/** What is shown of it. */
export function overageView(found: OverageNow | undefined): OverageView {
  const { offer, account } = found ?? { offer: null };
  const { currency, minorPerCredit, suspended } = offer ?? {};
  return {
    price: currency && minorPerCredit ? { currency, minorPerCredit } : null,
    paused: suspended ?? null,
    enabled: account?.enabled ?? false,
    capMinor: account?.capMinor ?? null,
    currency: account?.currency ?? null,
    lapsed: account?.lapsed ?? null,
    suspended: account?.suspended ?? null,
    usedMinor: account?.usedMinor ?? 0,
    unpaidMinor: account ? minorOf(account.unpaid, account) : 0,
    exposureMinor: account?.exposureMinor ?? null,
  };
}
