import type { Tx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import {
  findUnsettledIntent,
  keepIntent,
  listTenantsWithIntents,
} from '../../../../db/repositories/billing/billing-intent.repository.ts';
import { tryLockTenantBilling } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findTenantByCustomer,
  findTenantById,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { BillingIntent, Tenant } from '../../../../db/schema/index.ts';
import { nextStep } from '../../../../domain/billing/converge.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import { bringForward, takeBack } from './converge.ts';
import { eraseTenant } from './erase-tenant.ts';
import { keepWaiting, settleAndNotify } from './outcome.ts';
import { taskOf, isOneWay, messageOf } from './carry-out.ts';
import { syncCustomer } from '../sync/sync-customer.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { readStripeState } from './stripe-state.ts';

/** So long after it was sent, a charge that is not to be seen will not happen any more. */
const IN_FLIGHT_MS = 2 * 60_000;
const TENANTS_MAX = 500;

/**
 * Finishes or undoes interrupted intents, but for tenants that somebody is changing right now.
 * Answers how many tenants it looked at. One that fails does not stop the others.
 */
export async function settleIntents(billing: SyncDeps, signal?: AbortSignal): Promise<number> {
  const tenants = await listTenantsWithIntents(billing.db, TENANTS_MAX);
  for (const tenantId of tenants) {
    if (signal?.aborted) break;
    await settleTenant(billing, tenantId).catch((err: unknown) => {
      billing.log.warn({ err, tenantId }, 'an intent was put off');
    });
  }
  return tenants.length;
}

/** The same for the tenant of a customer of whom something was heard: a payment, say. */
export async function settleCustomer(deps: SyncDeps, customerId: string): Promise<void> {
  const tenant = await findTenantByCustomer(deps.db, customerId);
  if (tenant && (await findUnsettledIntent(deps.db, tenant.id))) {
    await settleTenant(deps, tenant.id);
  }
}

/** The same for one tenant; nothing when somebody changes it right now. */
export async function settleTenant(billing: SyncDeps, tenantId: string): Promise<void> {
  const customerId = await billing.held.run(async (tx) => {
    if (!(await tryLockTenantBilling(tx, tenantId))) return null;
    const intent = await findUnsettledIntent(billing.db, tenantId);
    const tenant = await findTenantById(tx, tenantId);
    if (!intent || !tenant) return null;
    return (await settleLocked(billing, tx, tenant, intent)) ? tenant.stripeCustomerId : null;
  });
  if (!customerId) return;
  await syncCustomer(billing, customerId, { actor: { kind: 'system', task: 'settle-intents' } });
}

/** Inside the tenant's lock. True when it is settled. */
export async function settleLocked(
  billing: SyncDeps,
  tx: Tx,
  tenant: Tenant,
  intent: BillingIntent,
): Promise<boolean> {
  const { db, clock } = billing;
  const task = taskOf(intent);
  try {
    const stripeState = await readStripeState(billing, tenant);
    const step = nextStep(intent.goal, stripeState.facts);
    if (typeof step !== 'string' && step.call === 'apply_change') {
      return await withoutPayment(billing, tenant, intent);
    }
    const end = await bringForward(billing, tenant, task, stripeState);
    if (end === 'waiting') {
      await keepWaiting(billing, tenant, intent);
      return false;
    }
    if (intent.goal.kind === 'delete') await eraseTenant(tx, tenant, intent, clock.now());
    else await settleAndNotify(billing, tenant, intent, { state: 'done' });
    return true;
  } catch (error) {
    if (isStripeUnavailable(error)) {
      const kept = { state: intent.state === 'waiting' ? 'waiting' : 'open' } as const;
      await keepIntent(db, intent.id, { ...kept, error: messageOf(error), now: clock.now() });
      throw error;
    }
    return giveBack(billing, tenant, intent, error);
  }
}

/**
 * The change was not paid: a charge is made only while the customer asks for it, so it is off, as
 * soon as it can no longer be under way.
 */
async function withoutPayment(
  billing: SyncDeps,
  tenant: Tenant,
  intent: BillingIntent,
): Promise<boolean> {
  const now = billing.clock.now();
  const recent = now.getTime() - intent.updatedAt.getTime() < IN_FLIGHT_MS;
  if (intent.state === 'open' && recent) return false;
  await takeBack(billing, tenant, taskOf(intent));
  await settleAndNotify(billing, tenant, intent, { state: 'taken_back' });
  return true;
}

/** Undoes a change that Stripe refuses; where that is refused as well, raises an alert: it is stuck. */
async function giveBack(
  billing: SyncDeps,
  tenant: Tenant,
  intent: BillingIntent,
  error: unknown,
): Promise<boolean> {
  const { db, clock, log } = billing;
  try {
    if (isOneWay(intent.goal)) throw error;
    await takeBack(billing, tenant, taskOf(intent));
    const given = { state: 'taken_back', error: messageOf(error) } as const;
    await settleAndNotify(billing, tenant, intent, given);
  } catch (second) {
    if (isStripeUnavailable(second)) throw second;
    log.error({ err: second, tenantId: tenant.id, goal: intent.goal.kind }, 'an intent is stuck');
    const now = clock.now();
    await settleAndNotify(billing, tenant, intent, { state: 'stuck', error: messageOf(second) });
    await raiseAlert(db, {
      tenantId: tenant.id,
      kind: 'intent_stuck',
      subjectId: intent.id,
      message:
        'What a customer asked for could be brought neither to its end nor back; look at Stripe.',
      details: { goal: intent.goal, error: messageOf(second) },
      now,
    });
  }
  return true;
}
