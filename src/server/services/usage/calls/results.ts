import type { Admission, Drawn } from '../../../../db/repositories/usage/admission/admit.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Limit } from '../../../../domain/quota.ts';

/** What a metered call is answered: the counters right after it. */
export interface Recorded {
  status: 'recorded' | 'duplicate';
  used: number;
  limit: Limit;
  /** `null` without a limit; never negative. */
  remaining: number | null;
}

/** What a call took beyond the quota. */
export interface Charge {
  credits: number;
  /** In the order of drawing; none where the quota paid all of it. */
  from: ('credits' | 'overage')[];
}

/** The sources that paid. What none of them could pay is in neither. */
export function chargeOf({ credits, overage }: Drawn): Charge {
  const from: Charge['from'] = [];
  if (credits > 0) from.push('credits');
  if (overage > 0) from.push('overage');
  return { credits: (credits + overage) / MICRO_PER_CREDIT, from };
}

export function keyConflict(key: string | null): BillingError {
  return new BillingError(
    'idempotency_conflict',
    `The idempotency key "${key}" was used with another body before: use a new key for new usage.`,
    { data: { idempotencyKey: key } },
  );
}

/** `undefined` for what was not recorded: a rejection or a key's other body. */
export function recordedOf(admission: Admission): Recorded | undefined {
  const { outcome, used, limit, remaining } = admission;
  if (outcome === 'accepted') return { status: 'recorded', used, limit, remaining };
  if (outcome === 'repeat_of_accepted') return { status: 'duplicate', used, limit, remaining };
  return undefined;
}
