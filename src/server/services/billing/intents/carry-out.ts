import { inTransaction } from '../../../../db/client.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import {
  findUnsettledIntent,
  insertIntent,
  keepIntent,
  settleIntent,
} from '../../../../db/repositories/billing/billing-intent.repository.ts';
import { actorId } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { BillingIntent, Tenant } from '../../../../db/schema/index.ts';
import { arrangementOf, nextStep } from '../../../../domain/billing/converge.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Goal } from '../../../../domain/billing/intent.ts';
import { hasNoAnswer, isStripeUnavailable } from '../../stripe/client/errors.ts';
import { actorOf, type Requester } from '../requester.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { bringForward, takeBack, type IntentTask } from './converge.ts';
import { readStripeState, type StripeState } from './stripe-state.ts';

/**
 * Stores what the customer wants, then brings Stripe to it. Throws only what is true: 503
 * `stripe_unavailable` when nothing was changed, 503 `outcome_unknown` when that cannot be known
 * yet, and what Stripe refused, after everything is as it was.
 */
export async function carryOutIntent(
  billing: SyncDeps,
  requester: Requester,
  tenant: Tenant,
  begun: StripeState,
  goal: Goal,
): Promise<'done' | 'waiting'> {
  const intent =
    (await sameIntent(billing, tenant.id, goal)) ??
    (await store(billing, requester, tenant, begun, goal));
  const task = taskOf(intent);
  try {
    const end = await bringForward(billing, tenant, task, begun);
    await conclude(billing, intent, end);
    return end;
  } catch (error) {
    return afterFailure(billing, tenant, intent, begun, error);
  }
}

export function taskOf({ id, goal, origin }: BillingIntent): IntentTask {
  return { key: `intent:${id}`, goal, origin };
}

/** A repeat of a change whose outcome is not known goes on under the same key: it charges once. */
async function sameIntent(
  billing: SyncDeps,
  tenantId: string,
  goal: Goal,
): Promise<BillingIntent | undefined> {
  if (goal.kind !== 'change_now') return undefined;
  const unsettled = await findUnsettledIntent(billing.db, tenantId);
  const same =
    unsettled?.goal.kind === 'change_now' &&
    unsettled.goal.priceId === goal.priceId &&
    unsettled.state === 'open';
  return same ? unsettled : undefined;
}

async function store(
  { db, clock }: SyncDeps,
  requester: Requester,
  tenant: Tenant,
  begun: StripeState,
  goal: Goal,
): Promise<BillingIntent> {
  const now = clock.now();
  const actor = actorOf(requester);
  const origin = Object.fromEntries(
    begun.live.map(({ facts }) => [facts.id, arrangementOf(facts)] as const),
  );
  return inTransaction(db, async (tx) => {
    await insertAuditEntry(tx, {
      tenantId: tenant.id,
      actor,
      action: AUDIT_ACTION[goal.kind],
      subjectId: goal.subscriptions[0] ?? null,
      before: origin,
      after: goal,
      requestId: requester.requestId ?? null,
      now,
    });
    return insertIntent(tx, {
      tenantId: tenant.id,
      goal,
      origin,
      actorId: actorId(actor),
      requestId: requester.requestId ?? null,
      createdAt: now,
      updatedAt: now,
    });
  });
}

const AUDIT_ACTION = {
  end: 'subscription.cancel_requested',
  renew: 'subscription.resume_requested',
  change_later: 'subscription.change_requested',
  change_now: 'subscription.change_requested',
  delete: 'tenant.deletion_requested',
} as const satisfies Record<Goal['kind'], string>;

/** A deletion is concluded by whoever erases the tenant, in that transaction. */
async function conclude(
  { db, clock }: SyncDeps,
  { id, goal }: BillingIntent,
  end: 'done' | 'waiting' | 'taken_back',
): Promise<void> {
  const now = clock.now();
  if (end === 'waiting') await keepIntent(db, id, { state: 'waiting', now });
  else if (goal.kind !== 'delete' || end !== 'done')
    await settleIntent(db, id, { state: end, now });
}

/**
 * Decides by Stripe's state after a call failed. Goal reached: done. Half done: carried on, else
 * undone, but for a leaving. Nothing changed, and Stripe refused: taken back. Where no answer came or
 * Stripe cannot be read, the intent stays open for the worker: 503 `outcome_unknown`.
 */
async function afterFailure(
  billing: SyncDeps,
  tenant: Tenant,
  intent: BillingIntent,
  begun: StripeState,
  error: unknown,
): Promise<'done' | 'waiting'> {
  billing.log.warn({ err: error, tenantId: tenant.id, goal: intent.goal.kind }, 'a change was cut');
  try {
    const stripeState = await readStripeState(billing, tenant);
    const step = nextStep(intent.goal, stripeState.facts);
    if (typeof step === 'string') {
      await conclude(billing, intent, step);
      return step;
    }
    const untouched = JSON.stringify(stripeState.facts) === JSON.stringify(begun.facts);
    if (untouched && hasNoAnswer(error)) throw error;
    if (!untouched && isStripeUnavailable(error) && step.call !== 'apply_change') {
      const end = await tryForward(billing, tenant, intent);
      if (end) return end;
    }
    if (!untouched && isOneWay(intent.goal)) throw error;
    if (!untouched) await takeBack(billing, tenant, taskOf(intent));
  } catch (second) {
    await keepIntent(billing.db, intent.id, {
      state: 'open',
      error: messageOf(second),
      now: billing.clock.now(),
    });
    throw outcomeUnknown(second);
  }
  await conclude(billing, intent, 'taken_back');
  throw error;
}

async function tryForward(
  billing: SyncDeps,
  tenant: Tenant,
  intent: BillingIntent,
): Promise<'done' | 'waiting' | undefined> {
  try {
    const end = await bringForward(billing, tenant, taskOf(intent));
    await conclude(billing, intent, end);
    return end;
  } catch (error) {
    billing.log.warn({ err: error, tenantId: tenant.id }, 'a change was cut again');
    return undefined;
  }
}

/** Who wants to leave is not brought back: what was dropped for it need not be there any more. */
export function isOneWay({ kind }: Goal): boolean {
  return kind === 'end' || kind === 'delete';
}

function outcomeUnknown(cause: unknown): BillingError {
  return new BillingError(
    'outcome_unknown',
    'The payment service did not say whether the change went through. It is looked up and brought to an end, forwards or back, within a few minutes; nothing is charged twice. Look again then.',
    { retryAfterSeconds: 120, cause },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
