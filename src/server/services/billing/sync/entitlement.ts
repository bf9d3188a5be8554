import type { Tx } from '../../../../db/client.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { findCurrencyOf } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import {
  findTenantByCustomer,
  writeEntitlement,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import type { Actor } from '../../../../domain/ids.ts';
import {
  effectiveSubscription,
  graceEndsAt,
} from '../../../../domain/billing/subscription-access.ts';
import { overagePauseOf } from '../../../../domain/billing/overage.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { notifyOfSeats } from './notify-of-seats.ts';
import type { SyncDeps } from './sync-deps.ts';

/** Writes the plan that the tenant's subscriptions give now, and says so when it changed. */
export async function applyEntitlement(
  deps: Pick<SyncDeps, 'clock' | 'log' | 'trace' | 'graceDays'>,
  tx: Tx,
  values: {
    tenant: Tenant;
    rows: readonly Subscription[];
    trialStart: Date | null;
    syncedAt: Date;
    actor: Actor;
    requestId?: string;
  },
): Promise<void> {
  const { tenant, rows, trialStart, syncedAt, actor, requestId } = values;
  const now = deps.clock.now();
  const { plan, source } = effectiveSubscription(rows, now, deps.graceDays);
  const after = { plan, planVersion: source?.planVersion ?? null };
  const overageCurrency = source ? await findCurrencyOf(tx, source) : null;
  await notifyOfSeats(tx, tenant, { after, now }, () =>
    writeEntitlement(tx, tenant.id, {
      ...after,
      subscriptionId: source?.id ?? null,
      basePlan: source?.raisedFrom ?? null,
      basePlanVersion: source?.raisedFromVersion ?? null,
      shareFrom: source?.raisedAt ?? null,
      shareUntil: source?.raisedUntil ?? null,
      overageCurrency,
      overageSuspended: source ? overagePauseOf(source.status) : null,
      trialUsedAt: tenant.trialUsedAt ?? trialStart,
      ...{ syncedAt, now },
    }),
  );
  if (plan === tenant.plan) return;
  const change = { from: tenant.plan, to: plan };
  const customerId = tenant.stripeCustomerId;
  const cause = { by: actor.kind, ...(actor.kind === 'webhook' ? { eventId: actor.eventId } : {}) };
  deps.log.info(
    { tenantId: tenant.id, customerId, requestId, ...cause, ...change },
    'plan changed',
  );
  const attributes = { 'squaretable.tenant_id': tenant.id, ...change };
  await deps.trace.span('plan changed', { attributes }, () => Promise.resolve());
  await insertAuditEntry(tx, {
    tenantId: tenant.id,
    actor,
    action: 'tenant.plan_changed',
    subjectId: source?.stripeSubscriptionId ?? null,
    before: { plan: tenant.plan },
    after: { plan },
    requestId: requestId ?? null,
    now,
  });
}

/**
 * Takes the plan from tenants whose days of grace are over. Stripe has no event for that instant,
 * and is not needed: our rows decide. Answers how many tenants lost their plan.
 */
export async function expireGrace(deps: SyncDeps): Promise<number> {
  const { db, clock, graceDays } = deps;
  // Past due since `before` or earlier means that the grace has ended by now.
  const now = clock.now();
  const before = graceEndsAt(now, -graceDays);
  const customers = await new SubscriptionRepository(db).listCustomersPastDueSince(before, now);
  for (const customerId of customers) {
    await withCustomer(deps, customerId, async (tx) => {
      const tenant = await findTenantByCustomer(tx, customerId);
      if (!tenant) return;
      const rows = await new SubscriptionRepository(tx).findByTenantId(tenant.id);
      await applyEntitlement(deps, tx, {
        tenant,
        rows,
        trialStart: null,
        syncedAt: tenant.syncedAt ?? clock.now(),
        actor: { kind: 'system', task: 'expire-grace' },
      });
    });
  }
  return customers.length;
}
