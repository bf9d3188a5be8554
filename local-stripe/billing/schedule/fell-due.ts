import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { nextCycleAt } from '../subscription/cycle-schedule.ts';
import { hasEnded } from '../subscription/end.ts';
import { renewSubscription } from '../subscription/renew.ts';

import { changeMidway, endOfPhases, phaseAt } from './phase.ts';
import { startScheduled } from './start.ts';

/** A phase begins, or the last one ends, at a time of its own. */
export function phaseFellDue(ctx: Context, id: string): void {
  const schedule = ctx.store.find('subscription_schedule', id);
  if (schedule === undefined) return;
  if (schedule.status === 'not_started') {
    startScheduled(ctx, schedule);
    return;
  }
  const subscriptionId = idOrNull(schedule.subscription);
  if (schedule.status !== 'active' || subscriptionId === null) return;
  const subscription = ctx.store.get('subscription', subscriptionId);
  if (hasEnded(subscription)) return;
  if (nextCycleAt(subscription) <= ctx.now && subscription.status !== 'paused') {
    renewSubscription(ctx, subscription.id);
    return;
  }
  const phase = phaseAt(schedule, ctx.now);
  if (phase === null) endOfPhases(ctx, schedule, subscription);
  else if (schedule.current_phase?.start_date !== phase.start_date)
    changeMidway(ctx, schedule, phase);
}

export function scheduleExpiring(ctx: Context, id: string): void {
  const schedule = ctx.store.find('subscription_schedule', id);
  if (schedule?.status === 'active') ctx.emit('subscription_schedule.expiring', schedule);
}
