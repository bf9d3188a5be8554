import type { Stripe } from 'stripe';
import { APP_MARK } from './customers.ts';
import type { CallTimeouts } from './client/client.ts';
import { isRefused } from './client/errors.ts';
import { toUnixSeconds } from './snapshots/schemas.ts';
import type { SchedulePhaseSnapshot } from './snapshots/schedule-phase.ts';
import { readSchedule, type ScheduleSnapshot } from './snapshots/subscription-snapshot.ts';

/** Puts the subscription under a schedule that changes nothing yet: its one phase is the period. */
export async function attachSchedule(
  stripe: Stripe,
  subscriptionId: string,
  timeouts: CallTimeouts,
): Promise<void> {
  const made = await stripe.subscriptionSchedules.create(
    { from_subscription: subscriptionId },
    timeouts,
  );
  readSchedule(made);
}

export interface PlannedChange {
  schedule: ScheduleSnapshot;
  /** The price that the plan has now; every other item goes on as it is. */
  currentPriceId: string;
  priceId: string;
  at: Date;
  interval: 'month' | 'year';
  /** A new interval begins where its phase does, not at the old anchor. */
  changesInterval: boolean;
}

/**
 * Keeps everything as it is to the end of the period and changes the plan's price then, whatever
 * the schedule had in mind before: an end, or another change. One call.
 */
export async function planChange(
  stripe: Stripe,
  { schedule, currentPriceId, priceId, at, interval, changesInterval }: PlannedChange,
  timeouts: CallTimeouts,
): Promise<void> {
  const current = currentPhase(schedule);
  const items = current.keeps.items.map((item) =>
    item.price === currentPriceId ? { ...item, price: priceId } : item,
  );
  await stripe.subscriptionSchedules.update(
    schedule.id,
    {
      end_behavior: 'release',
      proration_behavior: 'none',
      metadata: { app: APP_MARK },
      phases: [
        untilThen(current, at),
        {
          ...current.keeps,
          items,
          duration: { interval, interval_count: 1 },
          proration_behavior: 'none',
          ...(changesInterval ? { billing_cycle_anchor: 'phase_start' as const } : {}),
        },
      ],
    },
    timeouts,
  );
}

/** Ends the subscription at `at`, whatever the schedule had in mind before. One call. */
export async function endSchedule(
  stripe: Stripe,
  { schedule, at }: { schedule: ScheduleSnapshot; at: Date },
  timeouts: CallTimeouts,
): Promise<void> {
  await stripe.subscriptionSchedules.update(
    schedule.id,
    {
      end_behavior: 'cancel',
      proration_behavior: 'none',
      metadata: { app: APP_MARK },
      phases: [untilThen(currentPhase(schedule), at)],
    },
    timeouts,
  );
}

/** Lets the subscription go on without the schedule. One that is over already is fine. */
export async function releaseSchedule(
  stripe: Stripe,
  { id, keepEnd }: { id: string; keepEnd: boolean },
  timeouts: CallTimeouts,
): Promise<void> {
  try {
    const kept = keepEnd ? { preserve_cancel_date: true } : {};
    await stripe.subscriptionSchedules.release(id, kept, timeouts);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { status } = readSchedule(await stripe.subscriptionSchedules.retrieve(id, {}, timeouts));
    if (status === 'active' || status === 'not_started') throw error;
  }
}

/** The phase that runs, up to `at`. Stripe refuses to move its start, which need not be the period's. */
function untilThen(phase: SchedulePhaseSnapshot, at: Date) {
  return {
    ...phase.keeps,
    start_date: toUnixSeconds(phase.startsAt),
    end_date: toUnixSeconds(at),
    proration_behavior: 'none' as const,
    ...(phase.trialEnd ? { trial_end: toUnixSeconds(phase.trialEnd) } : {}),
  };
}

function currentPhase({ phases, currentPhase: current }: ScheduleSnapshot): SchedulePhaseSnapshot {
  const found =
    phases.find((one) => one.startsAt.getTime() === current?.startsAt.getTime()) ?? phases[0];
  if (!found) throw new Error('Stripe answered a schedule without phases.');
  return found;
}
