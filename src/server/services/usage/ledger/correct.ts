import type { Correction } from '../../../../db/repositories/usage/corrections/rows.ts';
import { CorrectionWaits } from '../../../../db/repositories/usage/corrections/elsewhere.ts';
import { violatedConstraint } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid, type Actor } from '../../../../domain/ids.ts';
import { periodOf, periodStart, type Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { MeteringDeps } from '../metering-deps.ts';

export interface ResetRequest {
  tenantId: string;
  resourceType: ResourceType;
  /** The present month unless told. */
  period?: Period;
  actor: Actor;
  /** Why, in a sentence: it stays in the ledger. */
  reason: string;
}

export interface CorrectionRequest extends ResetRequest {
  /** Whole units, not 0; negative takes usage off. */
  amount: number;
}

/** What refuses a counter below 0, or below what of it was paid for beyond the quota. */
const LESS_THAN_NOTHING = new Set(['usage_totals_not_negative', 'usage_totals_beyond']);

/**
 * Corrects a counter by a ledger row of its own; answers `used` after it. 400 for an amount that
 * would leave less than nothing.
 */
export async function correctUsage(
  deps: MeteringDeps,
  request: CorrectionRequest,
): Promise<{ used: number }> {
  const now = deps.clock.now();
  const current = periodOf(now);
  const period = request.period ?? current;
  assertReason(request.reason);
  if (!Number.isSafeInteger(request.amount) || request.amount === 0) {
    throw new BillingError('invalid_request', 'amount must be a whole number other than 0.');
  }
  await assertTenant(deps, request.tenantId);
  // A correction of an earlier month shows on that month's first day.
  const occurredAt = period === current ? now : periodStart(period);
  return { used: await writeCorrection(deps, { ...request, period, occurredAt, now }) };
}

/** Writes it, in whichever bucket, and tells who looks; answers `used` after it. Errors as of `correctUsage`. */
export async function writeCorrection(
  { router, live }: Pick<MeteringDeps, 'router' | 'live'>,
  wanted: Correction,
): Promise<number> {
  const used = await refusingLess(awaited(router.first.correct(wanted)));
  live.changed(wanted.tenantId);
  return used;
}

/** Says in a sentence what the table's check refuses. */
export function refusingLess<T>(correction: Promise<T>): Promise<T> {
  return correction.catch((cause: unknown) => {
    if (!LESS_THAN_NOTHING.has(violatedConstraint(cause) ?? '')) throw cause;
    throw new BillingError('invalid_request', 'The correction would leave less than nothing.', {
      cause,
    });
  });
}

/** Takes a counter to zero; the ledger keeps what was, and what was taken off, by whom and why. */
export async function resetUsage(
  deps: MeteringDeps,
  request: ResetRequest,
): Promise<{ before: number }> {
  assertReason(request.reason);
  await assertTenant(deps, request.tenantId);
  const now = deps.clock.now();
  const period = request.period ?? periodOf(now);
  const before = await awaited(deps.router.first.resetUsage({ ...request, period, now }));
  deps.live.changed(request.tenantId);
  return { before };
}

/** One whose bucket does not answer is made as soon as that does: told so, nobody makes it twice. */
async function awaited<T>(correction: Promise<T>): Promise<T> {
  return correction.catch((cause: unknown) => {
    if (!(cause instanceof CorrectionWaits)) throw cause;
    throw new BillingError(
      'database_unavailable',
      'The server that this tenant’s usage lies on does not answer. The correction is written down and is made as soon as it does: do not repeat it.',
      { cause },
    );
  });
}

/** 404 for a tenant that does not exist. */
export async function assertTenant(
  { entitlements }: Pick<MeteringDeps, 'entitlements'>,
  tenantId: string,
): Promise<void> {
  if (!isUuid(tenantId)) {
    throw new BillingError('tenant_not_found', `There is no tenant "${tenantId}".`);
  }
  await entitlements.getPlan(tenantId);
}

/** 400 for a reason that says nothing. */
export function assertReason(reason: string): void {
  if (reason.trim() !== '') return;
  throw new BillingError('invalid_request', 'A correction needs a reason.');
}
