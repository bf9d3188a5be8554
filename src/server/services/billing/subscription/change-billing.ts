import type { Tx } from '../../../../db/client.ts';
import { lockTenantBilling } from '../../../../db/repositories/billing/lock.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { findTenant } from '../../../../db/repositories/accounts/tenant.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import type { UsageStats } from '../../../../domain/api.ts';
import { BillingError, isBusy } from '../../../../domain/errors.ts';
import type { TenantId } from '../../../../domain/ids.ts';
import { READ_TIMEOUTS } from '../../stripe/client/client.ts';
import { isStripeUnavailable, refusalOf } from '../../stripe/client/errors.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import { actorOf, type Requester } from '../requester.ts';
import { syncCustomer } from '../sync/sync-customer.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/** What the verbs of a subscription work with. */
export interface BillingDeps extends SyncDeps {
  usage: {
    getUsageStats(tenantId: TenantId): Promise<UsageStats>;
    credits: Pick<CreditService, 'overageWith'>;
  };
  /** Without a trailing slash: the only base of the addresses handed to Stripe. */
  appUrl: string;
  trialDays: number;
  /** The process waits for such work before it goes, though no request does. */
  drain: { during(work: Promise<unknown>): unknown };
}

/** The tenant; 404 `tenant_not_found` for deleted ones. */
export async function getTenant(db: Parameters<typeof findTenant>[0], id: string): Promise<Tenant> {
  const tenant = await findTenant(db, id);
  if (tenant) return tenant;
  throw new BillingError('tenant_not_found', 'This team no longer exists.');
}

/**
 * Runs one change of the tenant's billing at a time: Stripe is asked inside, so it decides on what
 * is so now, and a double click does nothing twice. 503 `busy` when the change before takes long.
 * Whatever comes of it, our copy is brought up to date after it: also when the change was refused,
 * because then things are not as the page that asked for it shows them.
 */
export async function changeBilling<T>(
  billing: BillingDeps,
  requester: Requester,
  change: (tx: Tx, tenant: Tenant) => Promise<T>,
): Promise<T> {
  try {
    const changeIt = () =>
      billing.held.run(async (tx) => {
        await lockTenantBilling(tx, requester.tenantId, requestTimeLeft());
        return change(tx, await getTenant(tx, requester.tenantId));
      });
    const result = await billing.queue.run(requester.tenantId, changeIt, requestTimeLeft());
    await syncAfterChange(billing, requester);
    return result;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal)
      billing.log.warn({ err: error, tenantId: requester.tenantId }, 'Stripe refused a change');
    if (refusal || isDifferent(error)) await syncAfterChange(billing, requester);
    throw refusal ?? error;
  }
}

/** Runs a call that changes nothing; what Stripe refuses is told in our words, after a look. */
export async function translateRefusals<T>(
  billing: BillingDeps,
  requester: Requester,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    billing.log.warn({ err: error, tenantId: requester.tenantId }, 'Stripe refused a call');
    await syncAfterChange(billing, requester);
    throw refusal;
  }
}

/** Refused by us because of how things are at Stripe, which our copy may not know yet. */
function isDifferent(error: unknown): boolean {
  return error instanceof BillingError && (error.status === 409 || error.status === 402);
}

/**
 * Reads back what a change of ours did. The change is made at Stripe already, so a Stripe that went
 * away meanwhile, or somebody who is at the customer, is no failure: the webhook or the reconciler
 * brings it.
 */
export async function syncAfterChange(billing: BillingDeps, requester: Requester): Promise<void> {
  const tenant = await findTenantById(billing.db, requester.tenantId);
  const stripeCustomerId = tenant?.stripeCustomerId;
  if (!stripeCustomerId) return;
  try {
    const { requestId } = requester;
    await syncCustomer(billing, stripeCustomerId, {
      actor: actorOf(requester),
      timeouts: READ_TIMEOUTS,
      ...(requestId === undefined ? {} : { requestId }),
    });
  } catch (error) {
    if (!isStripeUnavailable(error) && !isBusy(error)) throw error;
    billing.log.warn({ err: error, tenantId: requester.tenantId }, 'sync after a change put off');
  }
}
