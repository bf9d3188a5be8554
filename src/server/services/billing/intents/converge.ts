import type { Tenant } from '../../../../db/schema/index.ts';
import { nextStep, stepBack, type Step } from '../../../../domain/billing/converge.ts';
import type { Goal, IntentOrigin } from '../../../../domain/billing/intent.ts';
import { isRefused } from '../../stripe/client/errors.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { readStripeState, type LiveSubscription, type StripeState } from './stripe-state.ts';

/** More than any goal needs: a Stripe that answers and never changes is noticed. */
const STEPS_MAX = 40;

/** What Stripe is asked on behalf of: the key makes a charge happen once however often it is sent. */
export interface IntentTask {
  key: string;
  goal: Goal;
  origin: IntentOrigin;
}

type Known = Pick<Tenant, 'id' | 'stripeCustomerId' | 'plan'>;

/**
 * Brings Stripe to what the customer wants, a call at a time, each decided on Stripe's state at that
 * moment: may be interrupted anywhere and called again. `waiting`: the rest comes after the
 * customer's payment.
 */
export async function bringForward(
  billing: SyncDeps,
  tenant: Known,
  task: IntentTask,
  begun?: StripeState,
): Promise<'done' | 'waiting'> {
  if (task.goal.kind === 'delete') await expireCheckouts(billing, tenant);
  return walk(
    billing,
    tenant,
    task,
    (stripeState) => nextStep(task.goal, stripeState.facts),
    begun,
  );
}

/** Brings Stripe back to how it was before the customer asked. */
export async function takeBack(billing: SyncDeps, tenant: Known, task: IntentTask): Promise<void> {
  await walk(billing, tenant, task, (stripeState) => stepBack(task.origin, stripeState.facts));
}

async function walk<End extends string>(
  billing: SyncDeps,
  tenant: Known,
  task: IntentTask,
  decide: (stripeState: StripeState) => Step | End,
  begun?: StripeState,
): Promise<End> {
  let stripeState = begun ?? (await readStripeState(billing, tenant));
  for (let taken = 0; taken < STEPS_MAX; taken += 1) {
    const step = decide(stripeState);
    if (typeof step === 'string') return step;
    await take(billing, task, step, stripeState);
    stripeState = await readStripeState(billing, tenant);
  }
  throw new Error(`Stripe does not become what ${task.key} wants.`);
}

async function take(
  billing: SyncDeps,
  task: IntentTask,
  step: Step,
  stripeState: StripeState,
): Promise<void> {
  const { stripe } = billing;
  const { subscriptionId } = step;
  switch (step.call) {
    case 'cancel_now':
      return stripe.cancelSubscription(subscriptionId, commentOf(task.goal));
    case 'set_end': {
      const comment = commentOf(task.goal);
      return stripe.setEnd({ subscriptionId, at: step.at, comment });
    }
    case 'void_invoice':
      return stripe.voidInvoice(step.invoiceId);
    case 'attach_schedule':
      return stripe.attachSchedule(subscriptionId);
    case 'release_schedule':
      return stripe.releaseSchedule({ id: step.scheduleId, keepEnd: step.keepEnd });
    default:
      return takeOf(billing, task, step, liveOf(stripeState, subscriptionId));
  }
}

async function takeOf(
  billing: SyncDeps,
  task: IntentTask,
  step: Extract<Step, { call: 'clear_end' | 'end_schedule' | 'plan_change' | 'apply_change' }>,
  live: LiveSubscription,
): Promise<void> {
  const { stripe, catalogue } = billing;
  const { snapshot, item, current } = live;
  const { schedule } = snapshot;
  switch (step.call) {
    case 'clear_end':
      return stripe.clearEnd({
        subscriptionId: live.facts.id,
        withPeriod: snapshot.cancelAtPeriodEnd,
      });
    case 'end_schedule':
      if (!schedule) throw new Error(`Stripe did not show the schedule ${step.scheduleId}.`);
      return stripe.endSchedule({ schedule, at: item.currentPeriodEnd });
    case 'plan_change': {
      if (!schedule) throw new Error(`Stripe did not show the schedule ${step.scheduleId}.`);
      const interval = (await catalogue.findPlanById(step.priceId))?.interval ?? 'month';
      const { priceId } = step;
      const changesInterval = current.interval !== interval;
      const at = item.currentPeriodEnd;
      const change = { schedule, currentPriceId: current.priceId, priceId, at, interval };
      return stripe.planChange({ ...change, changesInterval });
    }
    case 'apply_change':
      return applyChange(billing, task, live);
  }
}

/** Beside a planned change of the customer's where Stripe allows that, else in its place. */
async function applyChange(
  { stripe }: SyncDeps,
  { goal, key }: IntentTask,
  { snapshot, item, facts }: LiveSubscription,
): Promise<void> {
  if (goal.kind !== 'change_now') throw new Error(`${key} changes nothing now.`);
  const { priceId, prorationDate, resetsPeriod } = goal;
  const change = { subscription: snapshot, itemId: item.id, priceId, prorationDate, resetsPeriod };
  try {
    await stripe.updateSubscription(change, `${key}:apply`);
  } catch (error) {
    if (!isRefused(error) || facts.schedule?.madeBy !== 'customer') throw error;
    await stripe.releaseSchedule({ id: facts.schedule.id, keepEnd: true });
    const free = { ...change, subscription: { ...snapshot, scheduleId: null } };
    await stripe.updateSubscription(free, `${key}:apply:released`);
  }
}

function liveOf({ live }: StripeState, subscriptionId: string): LiveSubscription {
  const found = live.find((one) => one.facts.id === subscriptionId);
  if (!found) throw new Error(`The subscription ${subscriptionId} is over.`);
  return found;
}

function commentOf(goal: Goal): string | null {
  return 'comment' in goal ? goal.comment : null;
}

/** Nobody pays for a team that is being deleted. */
async function expireCheckouts({ stripe }: SyncDeps, { stripeCustomerId }: Known): Promise<void> {
  if (!stripeCustomerId) return;
  for (const open of await stripe.listOpenCheckouts(stripeCustomerId)) {
    await stripe.expireCheckout(open.id);
  }
}
