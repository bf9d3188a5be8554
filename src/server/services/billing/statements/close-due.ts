import {
  findLastStatement,
  listClosings,
  type Closing,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Unbilled } from '../../../../db/repositories/usage/credits/unbilled.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { lastClosableMonth, MONTH_IS_OVER_MS } from '../../../../domain/billing/usage/closing.ts';
import { periodEnd, periodOf, type Period } from '../../../../domain/period.ts';
import { closeRuns, type Due } from './close.ts';
import type { ClosingDeps } from './statement-deps.ts';

/**
 * Closes every statement that is due: at half of what may be unpaid, when a subscription has ended,
 * and of a month that is over, when no work of it is open. Answers how many. One tenant that fails
 * does not stop the others.
 */
export async function closeDue(deps: ClosingDeps, signal?: AbortSignal): Promise<number> {
  const { router, clock, log } = deps;
  const found = await router.inEach(
    (bucket) => bucket.listUnbilled(),
    (node, err) => log.warn({ err, node }, 'statements of a bucket wait'),
  );
  const unbilled = found.flat();
  const month = lastClosableMonth(clock.now());
  const since = new Date(periodEnd(month).getTime() + MONTH_IS_OVER_MS);
  const ids = unbilled.map(({ tenantId }) => tenantId);
  const closings = await listClosings(deps.db, ids);
  let count = 0;
  for (const one of unbilled) {
    if (signal?.aborted) break;
    try {
      const closing = closings.get(one.tenantId);
      const isClosed = closing !== undefined && closing.closedAt >= since;
      for (const due of await listDue(deps, one, { month: isClosed ? null : month, closing })) {
        const closed = await closeRuns(deps, one.tenantId, due);
        count += closed.length;
        if (closed.length > 0) break;
      }
    } catch (err) {
      log.error({ err, tenantId: one.tenantId }, 'a statement could not be closed');
    }
  }
  return count;
}

/**
 * What may be closed, the first of which there is something; `month` when the tenant has had no statement
 * since it could be closed. That month, and those before, may have been billed to their end already: what
 * there is then is of this month, and the debt still grows.
 */
async function listDue(
  deps: ClosingDeps,
  { tenantId, micro, isOverThreshold, firstPeriod }: Unbilled,
  { month, closing }: { month: Period | null; closing: Closing | undefined },
): Promise<Due[]> {
  const end = await endOf(deps, tenantId);
  if (end) {
    const last = await findLastStatement(deps.db, tenantId);
    const isFirst = !last || last.closedAt < end.at;
    const waits = await isWorking(deps, tenantId, periodOf(deps.clock.now()));
    // What is too little may be enough with what is settled yet.
    if (isFirst) return [waits ? { kind: 'final', isAhead: true } : { kind: 'final' }];
    return waits ? [] : [{ kind: 'late' }];
  }
  // Nothing but what is carried: it waits for more, however many months.
  if (micro === (closing?.carriedMicro ?? 0)) return [];
  const due: Due[] = isOverThreshold ? [{ kind: 'threshold' }] : [];
  if (month === null || firstPeriod === null || firstPeriod > month) return due;
  if (await isWorking(deps, tenantId, month)) return due;
  return [{ kind: 'month', period: month }, ...due];
}

/** When nothing carries overage any more: the team was deleted, or has no subscription. */
async function endOf({ db }: ClosingDeps, tenantId: string): Promise<{ at: Date } | undefined> {
  const tenant = await findTenantById(db, tenantId);
  if (!tenant) return undefined;
  if (tenant.plan !== 'free' && !tenant.deletedAt) return undefined;
  const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
  if (rows.some((row) => isLive(row.stripeStatus)) && !tenant.deletedAt) return undefined;
  const ends = [tenant.deletedAt, ...rows.map((row) => row.endedAt)].flatMap((at) => at ?? []);
  return { at: new Date(Math.max(0, ...ends.map((at) => at.getTime()))) };
}

function isWorking({ router }: ClosingDeps, tenantId: string, period: Period): Promise<boolean> {
  return router.read(
    tenantId,
    (bucket) => bucket.hasOpenHold(tenantId, period),
    (has) => !has,
  );
}
