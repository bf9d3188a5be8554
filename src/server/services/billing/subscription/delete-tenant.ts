import { findUnsettledIntent } from '../../../../db/repositories/billing/billing-intent.repository.ts';
import type { Goal } from '../../../../domain/billing/intent.ts';
import { actorOf, changeBilling, type Asker, type Billing } from './change-billing.ts';
import { eraseTenant } from '../intents/erase-tenant.ts';
import { pursue } from '../intents/carry-out.ts';
import { readTruth } from '../intents/stripe-state.ts';

/**
 * Deletes the tenant: at Stripe first, so that nobody is charged for an account that cannot be
 * entered any more. Every subscription ends, whatever its state, open Checkout sessions can no
 * longer be paid, open invoices are voided. Its people are erased; what tells of money stays. Cut
 * half-way it is carried to its end by the worker.
 */
export async function deleteTenant(billing: Billing, asker: Asker): Promise<void> {
  await changeBilling(billing, asker, async (tx, tenant) => {
    const truth = await readTruth(billing, tenant);
    const goal: Goal = {
      kind: 'delete',
      subscriptions: truth.facts.map((one) => one.id),
      comment: 'The account was deleted.',
    };
    if (truth.customerId) await pursue(billing, asker, tenant, truth, goal);
    const intent = await findUnsettledIntent(billing.db, tenant.id);
    const actor = actorOf(asker);
    const by = { requestId: asker.requestId ?? null, actor, ...(intent ? { id: intent.id } : {}) };
    await eraseTenant(tx, tenant, by, billing.clock.now());
  });
}
