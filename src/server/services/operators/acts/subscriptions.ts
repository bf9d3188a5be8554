import type { Db } from '../../../../db/client.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { listMembers } from '../../../../db/repositories/accounts/membership.repository.ts';
import { sumOpenPayments } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import type { ActFact } from '../../../../domain/accounts/operator-act.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { SubscriptionService } from '../../subscription.service.ts';
import { actorOf } from '../operator-identity.ts';
import { onBehalfOf } from '../on-behalf-of.ts';
import { fact, actResult, type Act, type ActOn } from './act.ts';

export interface SubscriptionActDeps {
  db: Db;
  credits: Pick<CreditService, 'read' | 'readLimits'>;
  subscriptions: Pick<
    SubscriptionService,
    'syncTenant' | 'cancelSubscription' | 'deleteTenant' | 'judgeGrace' | 'extendGrace'
  >;
}

/** Brings the tenant to what Stripe says now. 503 when Stripe does not answer. */
export const syncTenant: Act<SubscriptionActDeps, object> = async (
  { db, subscriptions },
  { operator, tenantId, dryRun },
) => {
  const before = await tenantOf(db, tenantId);
  if (dryRun) {
    const { stripeCustomerId, syncedAt } = before;
    return actResult(
      false,
      ...[fact.text('customer', stripeCustomerId), fact.instant('syncedAt', syncedAt)],
      fact.text('plan', before.plan),
    );
  }
  await subscriptions.syncTenant(onBehalfOf(operator, tenantId));
  const after = await tenantOf(db, tenantId);
  return actResult(
    true,
    ...[fact.text('planBefore', before.plan), fact.text('plan', after.plan)],
    fact.instant('syncedAt', after.syncedAt),
  );
};

/**
 * Ends every subscription, at the end of what is paid or now; one that is not paid up ends now. 409
 * `no_subscription` for who never had one.
 */
export const endSubscription: Act<SubscriptionActDeps, { when: 'now' | 'period_end' }> = async (
  { db, subscriptions },
  { operator, tenantId, reason, dryRun },
  { when },
) => {
  if (dryRun) {
    const live = await liveOf(db, tenantId);
    if (live.length === 0) throw noSubscription();
    return actResult(false, fact.count('subscriptions', live.length), ...live.map(endFact(when)));
  }
  const { ended = 0, subscription } = await subscriptions.cancelSubscription(
    onBehalfOf(operator, tenantId),
    { immediately: when === 'now', reason },
  );
  return actResult(
    true,
    ...[fact.count('subscriptions', ended), fact.text('state', subscription.status)],
    ...[fact.text('plan', subscription.plan), fact.instant('endsAt', subscription.cancelAt)],
  );
};

const endFact = (when: 'now' | 'period_end') => (row: Subscription) =>
  when === 'now' || row.status === 'past_due'
    ? fact.word('endsAt', 'now')
    : fact.instant('endsAt', row.currentPeriodEnd);

/** Moves the end of grace to `until`, for the invoice that is unpaid now. Errors are those of `extendGrace`. */
export const extendGrace: Act<SubscriptionActDeps, { until: Date }> = async (
  { db, subscriptions },
  { operator, tenantId, reason, dryRun },
  { until },
) => {
  const wish = { tenantId, until };
  const { requestId } = operator;
  const { row, endsAt } = dryRun
    ? await subscriptions.judgeGrace(wish)
    : await subscriptions.extendGrace({ ...wish, actor: actorOf(operator), reason, requestId });
  const { plan } = await tenantOf(db, tenantId);
  return actResult(
    !dryRun,
    ...[fact.text('subscription', row.stripeSubscriptionId), fact.text('plan', plan)],
    ...[fact.instant('graceEnded', endsAt), fact.instant('graceEnds', until)],
  );
};

/**
 * Deletes the team, at Stripe first and billed to its end. `confirm` must be its exact name. Beforehand it
 * says what becomes of money: what of overage is billed first, which open invoices are voided, which
 * credits are lost.
 */
export const deleteTenant: Act<SubscriptionActDeps, { confirm: string }> = async (
  { db, subscriptions, credits },
  { operator, tenantId, dryRun }: ActOn,
  { confirm },
) => {
  const { name } = await tenantOf(db, tenantId);
  const people = await listMembers(db, tenantId);
  const live = await liveOf(db, tenantId);
  const facts = [
    ...[fact.text('team', name), fact.count('people', people.length)],
    fact.count('subscriptions', live.length),
    ...(await moneyOf({ db, credits }, tenantId)),
  ];
  if (dryRun) return actResult(false, ...facts);
  await subscriptions.deleteTenant(onBehalfOf(operator, tenantId), confirm);
  return actResult(true, ...facts);
};

async function moneyOf(
  { db, credits }: Pick<SubscriptionActDeps, 'db' | 'credits'>,
  tenantId: string,
): Promise<ActFact[]> {
  const { balance } = await credits.read(tenantId);
  const { currency, unpaidMinor: amountMinor } = (await credits.readLimits(tenantId)).overage;
  const open = await sumOpenPayments(db, tenantId);
  return [
    ...(currency === null ? [] : [fact.money('unbilled', { amountMinor, currency })]),
    ...open.map((sum) => fact.money('voided', sum)),
    fact.credits('balance', balance),
  ];
}

async function liveOf(db: Db, tenantId: string): Promise<Subscription[]> {
  const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
  return rows.filter(({ stripeStatus }) => isLive(stripeStatus));
}

async function tenantOf(db: Db, tenantId: string): Promise<Tenant> {
  const tenant = await findTenantById(db, tenantId);
  if (tenant && tenant.deletedAt === null) return tenant;
  throw new BillingError('tenant_not_found', 'This team no longer exists.');
}

const noSubscription = () =>
  new BillingError('no_subscription', 'There is no subscription that goes on.');
