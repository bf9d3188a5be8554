import type { OverageView } from '../../../../domain/billing/overage.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface OverageDeps {
  credits: Pick<CreditService, 'foreseeExposure' | 'setExposure'>;
}

/**
 * Sets how much of overage may be used and not yet paid, in minor units of its currency; null: by the
 * bills that it paid. 404 `not_found` for who never agreed to overage.
 */
export const trustOverage: Act<OverageDeps, { exposureMinor: number | null }> = async (
  { credits },
  { operator, tenantId, reason, dryRun },
  { exposureMinor },
) => {
  const before = await credits.foreseeExposure(tenantId, exposureMinor);
  if (dryRun) {
    const after =
      exposureMinor === null
        ? fact.word('exposureAfter', 'by its bills')
        : fact.money('exposureAfter', {
            amountMinor: exposureMinor,
            currency: before.currency!,
          });
    return actResult(false, ...shown('exposure', before), after, ...shown('unpaid', before));
  }
  const actor = actorOf(operator);
  const after = await credits.setExposure({ tenantId, exposureMinor, actor, reason });
  return actResult(
    true,
    ...shown('exposure', before),
    ...shown('exposureAfter', after),
    ...shown('unpaid', after),
  );
};

function shown(name: 'exposure' | 'exposureAfter' | 'unpaid', overage: OverageView) {
  const { currency, exposureMinor, unpaidMinor } = overage;
  const amountMinor = name === 'unpaid' ? unpaidMinor : exposureMinor;
  if (currency === null || amountMinor === null) return [];
  return [fact.money(name, { amountMinor, currency })];
}
