import type { Tx } from '../../../../db/client.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import type { CustomerBilling } from '../../stripe/customers.ts';
import type { PaymentMethodSnapshot } from '../../stripe/snapshots/schemas.ts';
import { raiseFindings } from './findings.ts';
import { mapSubscription } from './map-subscription.ts';
import type { AmountsDue } from './read-amounts-due.ts';
import { readPrices } from './read-prices.ts';
import type { SyncDeps, SyncOptions } from './sync-deps.ts';
import { notifyOfPartLimits, notifyOfTransition } from './notifications.ts';
import { transitionsOf } from './transitions.ts';

/** What the customer pays with where a subscription names nothing of its own. */
export function paymentMethodOf({ customer }: CustomerBilling): PaymentMethodSnapshot | null {
  return customer.deleted ? null : customer.paymentMethod;
}

/** Writes every subscription of the customer; answers all rows of the tenant. */
export async function writeSubscriptions(
  deps: Pick<SyncDeps, 'catalogue' | 'plans' | 'graceDays'>,
  tx: Tx,
  tenant: Tenant,
  billing: CustomerBilling,
  amounts: AmountsDue,
  options: SyncOptions,
  now: Date,
): Promise<Subscription[]> {
  const repository = new SubscriptionRepository(tx);
  const before = await repository.findByTenantId(tenant.id);
  const { plans } = await readPrices(deps.catalogue, billing.subscriptions);
  const customerPaymentMethod = paymentMethodOf(billing);
  const rows = new Map(before.map((row) => [row.stripeSubscriptionId, row]));

  for (const snapshot of billing.subscriptions) {
    const previous = rows.get(snapshot.id);
    const { graceDays } = deps;
    const context = { plans, customerPaymentMethod, graceDays, now, ...amounts };
    const { values, findings } = mapSubscription(snapshot, previous, context);
    const row = previous
      ? await repository.update(previous.id, values)
      : await repository.create({ ...values, tenantId: tenant.id, createdAt: now });
    rows.set(snapshot.id, row);
    await raiseFindings(tx, tenant.id, snapshot.id, findings, now);
    await record(tx, tenant, previous, row, snapshot.cancellationReason, options, now);
    if (!tenant.deletedAt) await notifyOfPartLimits(deps.plans, tx, tenant, previous, row, now);
  }
  if (billing.customer.deleted) {
    for (const row of before.filter((one) => one.stripeCustomerId === billing.customer.id)) {
      if (row.status === 'canceled') continue;
      const ended = {
        status: 'canceled',
        stripeStatus: 'canceled',
        endedAt: now,
        syncedAt: now,
      } as const;
      const after = await repository.updateStatus(row.id, ended);
      rows.set(row.stripeSubscriptionId, after);
      await record(tx, tenant, row, after, null, options, now);
    }
  }
  return [...rows.values()];
}

async function record(
  tx: Tx,
  tenant: Tenant,
  before: Subscription | undefined,
  after: Subscription,
  reason: string | null,
  options: SyncOptions,
  now: Date,
): Promise<void> {
  for (const transition of transitionsOf(before, after)) {
    await insertAuditEntry(tx, {
      tenantId: tenant.id,
      actor: options.actor,
      subjectId: after.stripeSubscriptionId,
      cause: reason,
      requestId: options.requestId ?? null,
      now,
      ...transition,
    });
    if (!tenant.deletedAt)
      await notifyOfTransition(tx, tenant, transition.action, after, reason, now);
  }
}
