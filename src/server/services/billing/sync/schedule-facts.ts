import type { ScheduleFacts } from '../../../../domain/billing/converge.ts';
import { APP_MARK } from '../../stripe/customers.ts';
import type { SchedulePhaseSnapshot } from '../../stripe/snapshots/schedule-phase.ts';
import type {
  ScheduleSnapshot,
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../../stripe/snapshots/subscription-snapshot.ts';
import type { PriceKnowledge } from './read-prices.ts';

/** What a schedule that still rules the subscription will change; `null` without one. */
export function scheduleFacts(
  { schedule, scheduleId }: SubscriptionSnapshot,
  item: SubscriptionItemSnapshot,
  { plans }: PriceKnowledge,
): ScheduleFacts | null {
  if (!schedule) {
    // Stripe named it and did not show it: not ours to touch.
    return scheduleId ? { id: scheduleId, madeBy: 'staff', changes: null, endsAt: null } : null;
  }
  if (schedule.status !== 'active' && schedule.status !== 'not_started') return null;
  const [current, next] = phasesAhead(schedule, item);
  const priceId = next?.priceIds.find((id) => plans.has(id));
  return {
    id: schedule.id,
    madeBy: isCustomers(schedule, current, next, plans) ? 'customer' : 'staff',
    changes: next && priceId && priceId !== item.price.id ? { priceId, at: next.startsAt } : null,
    endsAt: schedule.endBehavior === 'cancel' ? (schedule.phases.at(-1)?.endsAt ?? null) : null,
  };
}

function phasesAhead(
  { currentPhase, phases }: ScheduleSnapshot,
  item: SubscriptionItemSnapshot,
): [SchedulePhaseSnapshot | undefined, SchedulePhaseSnapshot | undefined] {
  const from = currentPhase?.endsAt ?? item.currentPeriodEnd;
  const current = phases.find((one) => one.startsAt.getTime() === currentPhase?.startsAt.getTime());
  return [current, phases.find((one) => one.startsAt >= from)];
}

/**
 * Ours by the mark that we write on it. The portal writes none and cannot be told to: its schedule is
 * known by being unmarked and by changing nothing but the plan's price. Whatever else a schedule
 * brings (a discount, a trial, other quantities, another item) was arranged by staff.
 */
function isCustomers(
  { metadata, endBehavior, phases }: ScheduleSnapshot,
  current: SchedulePhaseSnapshot | undefined,
  next: SchedulePhaseSnapshot | undefined,
  plans: PriceKnowledge['plans'],
): boolean {
  if (metadata.app === APP_MARK) return true;
  if (Object.keys(metadata).length > 0 || endBehavior !== 'release') return false;
  if (!next) return true;
  return phases.length <= 2 && current !== undefined && differsByPlan(current, next, plans);
}

/** From one price of ours to another, in the same number, with the same add-ons and no new discount. */
function differsByPlan(
  current: SchedulePhaseSnapshot,
  next: SchedulePhaseSnapshot,
  plans: PriceKnowledge['plans'],
): boolean {
  const [before, after] = [shapeOf(current, plans), shapeOf(next, plans)];
  return (
    before.plans === 1 &&
    before.items === after.items &&
    after.discounts.every((one) => before.discounts.includes(one)) &&
    !next.trialEnd
  );
}

/** What a phase has, but for which of our prices. */
function shapeOf({ keeps }: SchedulePhaseSnapshot, plans: PriceKnowledge['plans']) {
  const items = keeps.items.map(({ price, quantity = 1 }) => ({
    price: plans.has(price) ? 'plan' : price,
    quantity,
  }));
  const discounts = [keeps, ...keeps.items].flatMap((one) => one.discounts ?? []);
  return {
    plans: items.filter(({ price }) => price === 'plan').length,
    items: items
      .map(({ price, quantity }) => `${price} x ${quantity}`)
      .sort()
      .join(),
    discounts: discounts.map((one) => Object.values(one).join()),
  };
}
