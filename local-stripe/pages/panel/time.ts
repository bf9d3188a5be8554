import { addMonths } from '../../billing/calendar.ts';
import { ControlError } from '../../control/errors.ts';
import { turnClock } from '../../control/clock.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import { callApi } from '../../portal/api.ts';
import type { FormValues } from '../card-form.ts';
import { periodEnd } from './subscriptions.ts';

const seconds: Record<string, number> = { hour: 3600, day: 86_400, week: 7 * 86_400 };

/** Where a button of the clock leads: a step from now, a second, or a typed moment in UTC. */
export function readMoment(now: number, values: FormValues): number {
  const { step, to, moment } = values;
  if (step === 'month') return addMonths(now, 1);
  if (step !== undefined && seconds[step] !== undefined) return now + seconds[step];
  if (to !== undefined) return Math.max(Number(to), now);
  const typed = Date.parse(`${moment ?? ''}Z`) / 1000;
  if (Number.isNaN(typed)) throw new ControlError(400, 'invalid_body', 'moment: not a time.');
  return typed;
}

/** Moves the clock that rules a subscription to the end of its period. */
export async function turnToPeriodEnd(local: LocalStripe, id: string): Promise<void> {
  const { kernel } = local;
  const subscription = kernel.store.find('subscription', id);
  if (subscription === undefined) {
    throw new ControlError(404, 'resource_missing', `No such subscription: '${id}'`);
  }
  const to = periodEnd(subscription);
  const customer = kernel.store.get('customer', idOf(subscription.customer));
  const clock = idOrNull(customer.test_clock);
  if (clock === null) {
    await turnClock(local, { to: Math.max(to, kernel.now()) });
    return;
  }
  kernel.run((ctx) =>
    callApi(kernel, ctx, 'POST /v1/test_helpers/test_clocks/:id/advance', clock, {
      frozen_time: to,
    }),
  );
  await local.settled();
}
