import { z } from 'zod';
import { BillingError } from '../../../../domain/errors.ts';
import { periodOf } from '../../../../domain/period.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isKey } from './validation.ts';

/** How far from the present work may have started: a month's late reports, and clocks that differ. */
const DAYS_BACK_MAX = 35;
const MINUTES_AHEAD_MAX = 5;

const written = z.iso.datetime({ offset: true });

/** A sentence about what is wrong with `occurredAt`, or `undefined`. */
export function problemWithInstant(occurredAt: unknown, now: Date): string | undefined {
  if (occurredAt === undefined) return undefined;
  if (!written.safeParse(occurredAt).success) {
    return 'occurredAt must be an instant in ISO 8601 with its offset, such as 2026-11-30T23:59:00Z.';
  }
  const aheadMs = Date.parse(occurredAt as string) - now.getTime();
  if (aheadMs < -DAYS_BACK_MAX * 86_400_000) {
    return `occurredAt lies more than ${DAYS_BACK_MAX} days back.`;
  }
  if (aheadMs > MINUTES_AHEAD_MAX * 60_000) {
    return `occurredAt lies more than ${MINUTES_AHEAD_MAX} minutes ahead.`;
  }
  return undefined;
}

/** Finds when a tenant's key was used first, in whichever bucket it is. */
interface Keys {
  read<T>(
    tenantId: string,
    ask: (bucket: {
      findKeyTime(tenantId: string, key: string): Promise<Date | undefined>;
    }) => Promise<T>,
    isEmpty: (answer: T) => boolean,
  ): Promise<T>;
}

interface DatedCall {
  tenantId?: unknown;
  idempotencyKey?: unknown;
  occurredAt?: unknown;
}

/**
 * Throws 400 `invalid_request` for an instant that cannot be. One that could be when the call's key was used
 * first is let through: that call is answered as then, for ever, and takes nothing.
 */
export async function assertInstant(
  { router }: { router: Keys },
  { tenantId, idempotencyKey, occurredAt }: DatedCall,
  problem: string,
): Promise<void> {
  if (isUuid(tenantId) && isKey(idempotencyKey)) {
    const id = tenantId.toLowerCase();
    const usedAt = await router.read(
      id,
      (bucket) => bucket.findKeyTime(id, idempotencyKey),
      (found) => found === undefined,
    );
    if (usedAt !== undefined && problemWithInstant(occurredAt, usedAt) === undefined) return;
  }
  throw new BillingError('invalid_request', problem);
}

/**
 * When the work of a checked call started; `undefined` when nobody said. A clock that runs ahead
 * opens no month before it has begun: such work started now.
 */
export function startOf(occurredAt: string | undefined, now: Date): Date | undefined {
  if (occurredAt === undefined) return undefined;
  const instant = new Date(occurredAt);
  return periodOf(instant) > periodOf(now) ? now : instant;
}
