import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { nextStep } from '../../../../domain/billing/converge.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Goal } from '../../../../domain/billing/intent.ts';
import { changeBilling, type BillingDeps } from './change-billing.ts';
import type { Requester } from '../requester.ts';
import { carryOutIntent } from '../intents/carry-out.ts';
import { assertMayAlter, flagsOf } from './change-guards.ts';
import {
  readStripeState,
  type LiveSubscription,
  type StripeState,
} from '../intents/stripe-state.ts';

/**
 * Cancels every subscription of the tenant: at the end of what is paid, or now when asked so. One
 * that is not paid up (past due, unpaid, paused) ends now, and its unpaid invoices are voided, so
 * that nobody is charged after "you cancelled". Leaving outranks everything that was arranged, also
 * by staff, who are told. Cancelling what is cancelled already changes nothing, and succeeds. Answers
 * how many subscriptions end.
 */
export async function cancel(
  billing: BillingDeps,
  requester: Requester,
  options: { immediately: boolean; reason?: string | undefined },
): Promise<number> {
  return changeBilling(billing, requester, async (_tx, tenant) => {
    const stripeState = await readStripeState(billing, tenant);
    if (!stripeState.hasHistory) {
      throw new BillingError(
        'no_subscription',
        'There is no subscription; choose a plan to begin one.',
      );
    }
    const goal: Goal = {
      kind: 'end',
      subscriptions: stripeState.facts.map((one) => one.id),
      when: options.immediately ? 'now' : 'period_end',
      comment: options.reason ?? null,
    };
    if (nextStep(goal, stripeState.facts) === 'done') return stripeState.live.length;
    const arranged = stripeState.live.filter((one) => isStaffs(one) && isReplaced(one, goal.when));
    await carryOutIntent(billing, requester, tenant, stripeState, goal);
    for (const one of arranged) await raiseReplacedAlert(billing, tenant, one);
    return stripeState.live.length;
  });
}

/** Who is sent invoices is still sent them to the end. */
function isStaffs(live: LiveSubscription): boolean {
  return flagsOf(live).some((flag) => flag !== 'sends_invoices');
}

function isReplaced({ endsAt, item }: LiveSubscription, when: 'now' | 'period_end'): boolean {
  return when === 'now' || endsAt === null || endsAt > item.currentPeriodEnd;
}

async function raiseReplacedAlert(
  { db, clock }: BillingDeps,
  tenant: Tenant,
  { facts }: LiveSubscription,
): Promise<void> {
  await raiseAlert(db, {
    tenantId: tenant.id,
    kind: 'arrangement_replaced',
    subjectId: facts.id,
    message:
      'A customer cancelled a subscription that staff had arranged otherwise; it ends now as the customer wants.',
    details: { cancelAt: facts.cancelAt, schedule: facts.schedule },
    now: clock.now(),
  });
}

/**
 * Takes back what is planned: a cancellation, in whichever form Stripe holds it, else a change at
 * the end of the period. 409 `not_resumable` when nothing is planned or it has happened.
 */
export async function resume(billing: BillingDeps, requester: Requester): Promise<void> {
  await changeBilling(billing, requester, async (_tx, tenant) => {
    const stripeState = await readStripeState(billing, tenant);
    const [live] = stripeState.live;
    if (!live) {
      throw new BillingError(
        'not_resumable',
        'The subscription has ended; choose a plan to begin a new one.',
      );
    }
    await renew(billing, requester, tenant, stripeState, live);
  });
}

/** Lets `live` go on as it is: 409 `not_resumable` when it does already. */
export async function renew(
  billing: BillingDeps,
  requester: Requester,
  tenant: Tenant,
  stripeState: StripeState,
  live: LiveSubscription,
): Promise<void> {
  if (live.snapshot.status === 'paused') {
    throw new BillingError(
      'not_resumable',
      'This subscription is paused and charges nothing. Write to our support to have it resumed, or cancel it and choose a plan.',
    );
  }
  assertMayAlter(live, 'resume');
  const goal: Goal = { kind: 'renew', subscriptions: [live.facts.id] };
  if (nextStep(goal, stripeState.facts) === 'done') {
    throw new BillingError(
      'not_resumable',
      'Nothing is planned that could be taken back: the subscription renews.',
    );
  }
  await carryOutIntent(billing, requester, tenant, stripeState, goal);
}
