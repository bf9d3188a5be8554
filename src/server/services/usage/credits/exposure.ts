import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { trustOverage } from '../../../../db/repositories/usage/credits/overage.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import { repeated } from '../../../../db/repeated.ts';
import { refusing, type ActRefusal } from '../../../../domain/accounts/operator-act.ts';
import { CAP_MINOR_MAX, type OverageView } from '../../../../domain/billing/overage.ts';
import { floorOf } from '../../../../domain/billing/statement.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { formatMoney } from '../../../../domain/money.ts';
import type { Actor } from '../../../../domain/ids.ts';
import type { CreditDeps } from './credit-deps.ts';
import { orDatabaseUnavailable } from './or-database-unavailable.ts';
import { overageView, readOverageNow } from './overage-view.ts';

/** What an operator decides. */
export interface ExposureRequest {
  tenantId: string;
  /** Minor units; null: by how many bills were paid. */
  exposureMinor: number | null;
  actor: Actor;
  reason: string;
}

/**
 * Sets how much of overage a tenant may have used and not yet paid, from the next call on. Its cap stays.
 * 400 for an amount that cannot be, or that is too little to be ever billed, 404 `not_found` for who never agreed to overage.
 */
export async function setExposure(
  deps: CreditDeps,
  { tenantId, exposureMinor, actor, reason }: ExposureRequest,
): Promise<OverageView> {
  const before = await foreseeExposure(deps, tenantId, exposureMinor);
  const isSet = await orDatabaseUnavailable(
    repeated(() =>
      deps.db.transaction(async (tx) => {
        const place = await placeCredits(tx, deps.buckets, tenantId);
        if (!(await trustOverage(place, tenantId, exposureMinor))) return false;
        await insertAuditEntry(tx, {
          ...{ tenantId, actor, now: deps.clock.now() },
          action: 'overage.trusted',
          before: { exposureMinor: before.exposureMinor, currency: before.currency },
          after: { exposureMinor, currency: before.currency, reason },
        });
        return true;
      }),
    ),
  );
  if (!isSet) throw neverAgreed();
  deps.live.changed(tenantId);
  return overageView(await readOverageNow(deps, tenantId));
}

/** What `setExposure` would change. Changes nothing; errors are its own. */
export async function foreseeExposure(
  deps: CreditDeps,
  tenantId: string,
  exposureMinor: number | null,
): Promise<OverageView> {
  assertExposure(exposureMinor);
  const before = overageView(await readOverageNow(deps, tenantId));
  const { currency } = before;
  if (currency === null) throw neverAgreed();
  // Half of it closes a statement. One below the floor is carried, and overage would rest without a bill to pay.
  const leastMinor = 2 * floorOf(currency);
  if (exposureMinor === null || exposureMinor === 0 || exposureMinor >= leastMinor) return before;
  throw invalid(
    `Less than ${formatMoney({ amountMinor: leastMinor, currency }, 'en')} may not be unpaid: it could never be billed. Say 0 for none.`,
    'exposure_too_little',
  );
}

function assertExposure(minor: number | null): void {
  if (minor === null) return;
  if (Number.isInteger(minor) && minor >= 0 && minor <= CAP_MINOR_MAX) return;
  throw invalid(
    `What may be unpaid is a whole amount in the smallest unit of the currency, from 0 to ${CAP_MINOR_MAX.toLocaleString('en')}.`,
  );
}

const neverAgreed = () =>
  new BillingError(
    'not_found',
    'The tenant has never agreed to overage; nothing was set.',
    refusing('overage_never_agreed'),
  );
const invalid = (sentence: string, refusal?: ActRefusal) =>
  new BillingError('invalid_request', sentence, refusal && refusing(refusal));
