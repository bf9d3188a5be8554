import { findUnsettledIntent } from '../../../../db/repositories/billing/billing-intent.repository.ts';
import type { Goal } from '../../../../domain/billing/intent.ts';
import { actorOf, type Requester } from '../requester.ts';
import { changeBilling, type BillingDeps } from './change-billing.ts';
import { eraseTenant } from '../intents/erase-tenant.ts';
import { carryOutIntent } from '../intents/carry-out.ts';
import { readStripeState } from '../intents/stripe-state.ts';

/**
 * Deletes the tenant: at Stripe first, so that nobody is charged for an account that cannot be
 * entered any more. Every subscription ends, whatever its state, open Checkout sessions can no
 * longer be paid, open invoices are voided. Its people are erased; what tells of money stays. Cut
 * half-way it is carried to its end by the worker.
 */
export async function deleteTenant(billing: BillingDeps, requester: Requester): Promise<void> {
  await changeBilling(billing, requester, async (tx, tenant) => {
    const stripeState = await readStripeState(billing, tenant);
    const goal: Goal = {
      kind: 'delete',
      subscriptions: stripeState.facts.map((one) => one.id),
      comment: 'The account was deleted.',
    };
    if (stripeState.customerId) await carryOutIntent(billing, requester, tenant, stripeState, goal);
    const intent = await findUnsettledIntent(billing.db, tenant.id);
    const actor = actorOf(requester);
    const by = {
      requestId: requester.requestId ?? null,
      actor,
      ...(intent ? { id: intent.id } : {}),
    };
    await eraseTenant(tx, tenant, by, billing.clock.now());
  });
}
