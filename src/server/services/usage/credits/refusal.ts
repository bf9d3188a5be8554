import { listMembers } from '../../../../db/repositories/accounts/membership.repository.ts';
import type { DbOrTx } from '../../../../db/client.ts';
import type { LimitContact } from '../../../../domain/billing/usage/member-limits.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodEnd } from '../../../../domain/period.ts';
import type { AdmissionOutcome } from '../../../../db/repositories/usage/admission/admit.ts';
import { quotaExceeded, retryAfter, type Refusal } from './quota-exceeded.ts';

/** Why a call was not admitted: by the member's own limit, or by the tenant's. */
export function refusalOf(
  deps: { db: DbOrTx } & Parameters<typeof quotaExceeded>[0],
  refusal: Refusal & { outcome: AdmissionOutcome },
): Promise<BillingError> {
  return refusal.outcome === 'member_limit'
    ? memberLimitMet(deps, refusal)
    : quotaExceeded(deps, refusal);
}

/**
 * 429 `member_limit`: the member has used what the team lets them use in a month. Its counters are the
 * member's, and `ask` names who can raise it, owners first. The `reason` is `in_progress` when only the
 * member's own answers under way are in the way.
 */
export async function memberLimitMet(
  { db, clock }: { db: DbOrTx; clock: Clock },
  { tenantId, period, resourceType, used, held, limit, waits }: Refusal,
): Promise<BillingError> {
  const ask = await whomToAsk(db, tenantId);
  const names = ask.map(({ name }) => name).join(', ');
  const message = waits
    ? 'Your own limit is held by work in progress; try again in a few seconds.'
    : `You have used what your team lets you use this month. Ask ${names || 'an owner of it'} for more.`;
  return new BillingError('member_limit', message, {
    ...retryAfter(clock, period, waits),
    data: {
      resource: resourceType,
      ...{ limit, used, held },
      reason: waits ? 'in_progress' : 'member_limit',
      resetsAt: periodEnd(period).toISOString(),
      ask,
      // What the team could buy is not what is in the way.
      ...{ plans: [], packs: [] },
    },
  });
}

async function whomToAsk(db: DbOrTx, tenantId: string): Promise<LimitContact[]> {
  const members = await listMembers(db, tenantId);
  return (['owner', 'admin'] as const).flatMap((role) =>
    members
      .filter((member) => member.role === role)
      .map(({ displayName, email }) => ({ name: displayName, email, role })),
  );
}
