import { inTransaction, type Tx } from '../../../db/client.ts';
import { lockTenantBilling } from '../../../db/repositories/lock.repository.ts';
import { findTenant } from '../../../db/repositories/tenant.repository.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import type { UsageStats } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Actor, Role, TenantId, UserId } from '../../../domain/ids.ts';
import { isRefused, isStripeUnavailable } from '../stripe/errors.ts';
import { syncCustomer, type SyncDeps } from './sync-customer.ts';

/** What the verbs of a subscription work with. */
export interface Billing extends SyncDeps {
  usage: { getUsageStats(tenantId: TenantId): Promise<UsageStats> };
  /** Without a trailing slash: the only base of the addresses handed to Stripe. */
  appUrl: string;
  trialDays: number;
}

/** A person who asks, as authenticated: never an id from a body. */
export interface Asker {
  tenantId: TenantId;
  userId: UserId;
  role: Role;
  requestId?: string;
}

export function actorOf({ userId, role }: Asker): Actor {
  return { kind: 'user', userId, role };
}

/** The tenant; 404 `tenant_not_found` for deleted ones. */
export async function getTenant(db: Parameters<typeof findTenant>[0], id: string): Promise<Tenant> {
  const tenant = await findTenant(db, id);
  if (tenant) return tenant;
  throw new BillingError('tenant_not_found', 'This team no longer exists.');
}

/**
 * Runs one change of the tenant's billing at a time: Stripe is asked inside, so it decides on what
 * is so now, and a double click does nothing twice. 503 `busy` when the change before takes long;
 * 409 `state_changed` when Stripe finds that the change no longer fits.
 */
export async function changeBilling<T>(
  billing: Billing,
  asker: Asker,
  change: (tx: Tx, tenant: Tenant) => Promise<T>,
): Promise<T> {
  try {
    return await billing.turns.run(asker.tenantId, () =>
      inTransaction(billing.lockDb, async (tx) => {
        await lockTenantBilling(tx, asker.tenantId);
        return change(tx, await getTenant(tx, asker.tenantId));
      }),
    );
  } catch (error) {
    if (isLockTimeout(error)) {
      throw new BillingError('busy', 'Another change of this subscription is under way.', {
        retryAfterSeconds: 3,
        cause: error,
      });
    }
    if (!isRefused(error)) throw error;
    billing.log.warn({ err: error, tenantId: asker.tenantId }, 'Stripe refused a change');
    await syncAfterChange(billing, asker);
    throw new BillingError(
      'state_changed',
      'The subscription has changed in the meantime; look at it again and repeat if you still want to.',
      { cause: error },
    );
  }
}

/** PostgreSQL's `lock_not_available`, wherever the ORM wrapped it. */
function isLockTimeout(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ((error as { code?: unknown }).code === '55P03') return true;
  }
  return false;
}

/**
 * Reads back what a change of ours did. The change is made at Stripe already, so a Stripe that went
 * away meanwhile is no failure: the webhook or the reconciler brings it.
 */
export async function syncAfterChange(billing: Billing, asker: Asker): Promise<void> {
  const { stripeCustomerId } = await getTenant(billing.db, asker.tenantId);
  if (!stripeCustomerId) return;
  try {
    const { requestId } = asker;
    await syncCustomer(billing, stripeCustomerId, {
      actor: actorOf(asker),
      ...(requestId === undefined ? {} : { requestId }),
    });
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    billing.log.warn({ err: error, tenantId: asker.tenantId }, 'sync after a change put off');
  }
}
