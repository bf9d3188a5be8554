import type { GivenKind } from '../../../../domain/billing/usage/allowance.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { AllowanceService, LimitChange } from '../../usage/quota/allowance.service.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface AllowanceActDeps {
  usage: { allowances: Pick<AllowanceService, 'add' | 'foresee'> };
}

/** `units` are added to the month's quota, with a minus taken off. */
export interface AllowanceInput {
  resourceType: ResourceType;
  units: number;
  kind: GivenKind;
  ref: string;
  period?: Period | undefined;
}

/** Changes one month's quota, once a `ref`. 400 for units that cannot be, and a month that is over. */
export const addAllowance: Act<AllowanceActDeps, AllowanceInput> = async (
  { usage: { allowances } },
  { operator, tenantId, reason, dryRun },
  { resourceType, units, kind, ref, period },
) => {
  const request = {
    ...{ tenantId, resourceType, units, kind, ref, period, reason },
    actor: actorOf(operator),
  };
  const repeatOf = (isRepeated: boolean) => (isRepeated ? [fact.text('repeated', ref)] : []);
  if (dryRun) {
    const { made, change } = await allowances.foresee(request);
    return actResult(
      false,
      ...limitFacts(change, made?.units ?? units),
      ...repeatOf(made !== undefined),
    );
  }
  const { allowance, isNew, change } = await allowances.add(request);
  return actResult(true, ...limitFacts(change, allowance.units), ...repeatOf(!isNew));
};

const limitFacts = ({ period, before, after }: LimitChange, units: number) => [
  fact.text('month', period),
  fact.count('units', units),
  limitFact('limit', before),
  limitFact('limitAfter', after),
];

const limitFact = (name: 'limit' | 'limitAfter', limit: Limit) =>
  limit === null ? fact.text(name, '∞') : fact.count(name, limit);
