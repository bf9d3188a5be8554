import type { Tx } from '../../../../db/client.ts';
import { tryLockCustomer } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findTenantByCustomer,
  findTenantById,
  setCustomer,
  writeCredits,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import { resumeAutoTopUp } from '../../../../db/repositories/billing/top-up.repository.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { SYNC_TIMEOUTS } from '../../stripe/client/client.ts';
import {
  APP_MARK,
  isOfOther,
  savedMethodOf,
  type CustomerBilling,
} from '../../stripe/customers.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import { orderRemedies } from './order-remedies.ts';
import { wakePurchases, wakeRemedies, wakeStatements } from './queues.ts';
import { judgeTrials } from './trial-history.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { alertOtherEnvironment } from './other-environment.ts';
import { applyEntitlement } from './entitlement.ts';
import { readAmountsDue } from './read-amounts-due.ts';
import { recordRecurring } from './record-recurring.ts';
import type { SyncDeps, SyncOptions } from './sync-deps.ts';
import { alertUnknownTenant, resolveUnknownTenant } from './unknown-tenant.ts';
import { writeReturnedCharges } from './write-charges.ts';
import { paymentMethodOf, writeSubscriptions } from './write-subscriptions.ts';
import { writeInvoices } from './write-invoices.ts';

/**
 * `synced`: our rows are what Stripe said. `fresh`: they were read late enough already. `busy`:
 * another sync is under way. `foreign`: not a customer of ours. `missing`: Stripe has no such customer.
 */
export type SyncOutcome = 'synced' | 'fresh' | 'busy' | 'foreign' | 'missing';

/** Brings our rows of a customer to what Stripe says now; waits for a sync of it that is under way. */
export function syncCustomer(
  deps: SyncDeps,
  customerId: string,
  options: SyncOptions,
): Promise<SyncOutcome> {
  return withCustomer(deps, customerId, async (tx) => {
    const { outcome } = await syncLocked(deps, tx, customerId, options);
    return outcome;
  });
}

/** The same on behalf of a reader: not when it was done after `since`, nor while another is under way. */
export async function refreshCustomer(
  deps: SyncDeps,
  customerId: string,
  since: Date,
  options: SyncOptions,
): Promise<SyncOutcome> {
  if (deps.queue.isBusy(customerId)) return 'busy';
  return deps.held.run(async (tx) => {
    if (!(await tryLockCustomer(tx, customerId))) return 'busy';
    const tenant = await findTenantByCustomer(tx, customerId);
    if (tenant?.syncedAt && tenant.syncedAt > since) return 'fresh';
    return (await syncLocked(deps, tx, customerId, options)).outcome;
  });
}

export type SyncResult =
  | { outcome: 'foreign' | 'missing' }
  | { outcome: 'synced'; tenant: Tenant; rows: Subscription[]; invoices: InvoiceSnapshot[] };

/**
 * The sync itself, inside a transaction that holds the customer's lock: that is taken before Stripe
 * is asked, so that an older answer is never written over a newer one. This and `expireGrace` are
 * the only writers of subscription rows and of the tenant's plan, whoever asks.
 */
export function syncLocked(
  deps: SyncDeps,
  tx: Tx,
  customerId: string,
  options: SyncOptions,
): Promise<SyncResult> {
  const attributes = { 'stripe.customer_id': customerId };
  return deps.trace.span('customer synced', { attributes }, async (span) => {
    const result = await syncWithin(deps, tx, customerId, options);
    if (result.outcome === 'synced') span.set({ 'squaretable.tenant_id': result.tenant.id });
    span.set({ 'squaretable.outcome': result.outcome });
    return result;
  });
}

async function syncWithin(
  deps: SyncDeps,
  tx: Tx,
  customerId: string,
  options: SyncOptions,
): Promise<SyncResult> {
  // The reading counts from before it began: what happens at Stripe meanwhile may be missing.
  const now = deps.clock.now();
  const known = await findTenantByCustomer(tx, customerId);
  const billing = await deps.stripe.findBilling(customerId, options.timeouts ?? SYNC_TIMEOUTS);
  if (!billing) {
    if (known) deps.log.error({ customerId, tenantId: known.id }, 'Stripe lost a customer');
    return { outcome: known ? 'missing' : 'foreign' };
  }
  if (isOther(deps, billing)) {
    await alertOtherEnvironment(tx, { subjectId: customerId, what: 'A customer', now });
    return { outcome: 'foreign' };
  }
  const tenant = known ?? (await adopt(tx, billing, now));
  if (!tenant) {
    await alertUnknownTenant(tx, billing, now);
    return { outcome: 'foreign' };
  }
  if (!known) await resolveUnknownTenant(tx, customerId, now);
  const timeouts = options.timeouts ?? SYNC_TIMEOUTS;
  const amounts = await readAmountsDue(deps, billing, timeouts);
  const rows = await writeSubscriptions(deps, tx, tenant, billing, amounts, options, now);
  await recordRecurring(deps, tx, { tenant, billing, now });
  const credits = billing.customer.deleted ? [] : billing.customer.credits;
  await writeCredits(tx, tenant.id, { credits, now });
  const scope = options.invoices;
  const invoices = await writeInvoices(deps, tx, { tenant, billing, rows, scope, now });
  if (scope === 'newest') {
    await writeReturnedCharges(deps, tx, { tenantId: tenant.id, customerId, now });
    await wakePurchases(deps.jobs, tx, { tenantId: tenant.id, now });
    await wakeStatements(deps.jobs, tx, { tenantId: tenant.id, now });
  }
  await judgeTrials(tx, {
    tenant,
    subscriptions: billing.subscriptions,
    customerPaymentMethod: paymentMethodOf(billing),
    now,
  });
  const methodId = savedMethodOf(billing);
  if (methodId !== null) await resumeAutoTopUp(tx, tenant.id, { methodId, now });
  await orderRemedies(tx, { tenant, rows, invoices, policies: deps.policies, now });
  await wakeRemedies(deps.jobs, tx, tenant.id, now);
  const trialStart = billing.subscriptions.flatMap((one) => one.trialStart ?? [])[0] ?? null;
  await applyEntitlement(deps, tx, { tenant, rows, trialStart, syncedAt: now, ...options });
  return { outcome: 'synced', tenant, rows, invoices };
}

function isOther({ stripe }: SyncDeps, { customer }: CustomerBilling): boolean {
  return !customer.deleted && isOfOther(customer.metadata, stripe.environment);
}

/** A customer that carries our mark, of a tenant that has none yet: as after a restored backup. */
async function adopt(
  tx: Tx,
  { customer }: CustomerBilling,
  now: Date,
): Promise<Tenant | undefined> {
  if (customer.deleted || customer.metadata.app !== APP_MARK) return undefined;
  const { tenantId } = customer.metadata;
  if (!isUuid(tenantId)) return undefined;
  const values = { tenantId, customerId: customer.id, previous: null, now };
  return (await setCustomer(tx, values)) ? findTenantById(tx, tenantId) : undefined;
}
