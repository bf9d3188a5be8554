import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { attemptInvoice } from '../invoice/pay.ts';
import { voidInvoice } from '../invoice/void.ts';
import { setCardFailing } from '../payment/behavior.ts';
import { createRefund } from '../payment/refund.ts';
import { createSchedule } from '../schedule/create.ts';
import { updateSchedule } from '../schedule/update.ts';
import { cancelSubscription } from '../subscription/cancel.ts';
import { createSubscription } from '../subscription/create.ts';
import { pauseSubscription, resumeSubscription } from '../subscription/pause.ts';
import { updateSubscription } from '../subscription/update.ts';
import { plans, prorations } from './actions.ts';
import type { Action } from './actions.ts';

/** Who is there, and what is sold. */
export interface Fixtures {
  prices: Record<(typeof plans)[number], string>;
  customers: { id: string; card: string }[];
}

/** Does what the action says, as the API would. Throws its refusals. */
export function perform(ctx: Context, action: Action, cast: Fixtures): void {
  const { id: customer, card } = cast.customers[action.who]!;
  const latest = ctx.store.by('subscription', 'customer', customer).at(-1);
  const priceOf = (n: number) => cast.prices[plans[n]!];
  if (action.do === 'fail') {
    const decline = {
      code: 'card_declined',
      declineCode: 'generic_decline',
      message: 'No.',
    } as const;
    setCardFailing(ctx, card, action.fails ? decline : null);
    return;
  }
  if (action.do === 'subscribe') {
    createSubscription(ctx, {
      customer,
      items: [{ price: priceOf(action.plan) }],
      ...(action.trialDays > 0 ? { trial_period_days: action.trialDays } : {}),
      ...(action.classic ? { billing_mode: { type: 'classic' } } : {}),
    });
    return;
  }
  if (latest !== undefined) actOn(ctx, action, latest, priceOf);
}

function actOn(
  ctx: Context,
  action: Exclude<Action, { do: 'fail' | 'subscribe' }>,
  latest: Stripe.Subscription,
  priceOf: (n: number) => string,
): void {
  const item = latest.items.data[0]!.id;
  const open = ctx.store
    .by('invoice', 'subscription', latest.id)
    .findLast((one) => one.status === 'open');
  switch (action.do) {
    case 'change':
      updateSubscription(ctx, latest, {
        items: [{ id: item, price: priceOf(action.plan) }],
        proration_behavior: prorations[action.proration]!,
        ...(action.anchorNow ? { billing_cycle_anchor: { type: 'now' } } : {}),
        ...(action.pending ? { payment_behavior: 'pending_if_incomplete' } : {}),
      });
      break;
    case 'quantity':
      updateSubscription(ctx, latest, {
        items: [{ id: item, quantity: action.quantity }],
        proration_behavior: prorations[action.proration]!,
      });
      break;
    case 'cancel':
      if (action.atEnd) updateSubscription(ctx, latest, { cancel_at_period_end: true });
      else
        cancelSubscription(ctx, latest, { prorate: action.prorate, invoice_now: action.prorate });
      break;
    case 'uncancel':
      updateSubscription(ctx, latest, { cancel_at_period_end: false });
      break;
    case 'pause':
      pauseSubscription(ctx, latest, {});
      break;
    case 'resume':
      resumeSubscription(ctx, latest, {});
      break;
    case 'endTrial':
      updateSubscription(ctx, latest, { trial_end: 'now' });
      break;
    case 'pay':
      if (open !== undefined) attemptInvoice(ctx, open, { isAutomatic: false });
      break;
    case 'void':
      if (open !== undefined) voidInvoice(ctx, open);
      break;
    case 'refund': {
      const charge = ctx.store
        .by('charge', 'customer', String(latest.customer))
        .findLast((one) => one.paid);
      if (charge !== undefined) createRefund(ctx, { charge: charge.id });
      break;
    }
    case 'downgrade': {
      const schedule = createSchedule(ctx, { from_subscription: latest.id });
      const [phase] = schedule.phases;
      updateSchedule(ctx, schedule, {
        end_behavior: 'release',
        phases: [
          {
            items: [
              { price: String(phase!.items[0]!.price), quantity: phase!.items[0]!.quantity ?? 1 },
            ],
            start_date: phase!.start_date,
            end_date: phase!.end_date,
          },
          { items: [{ price: priceOf(action.plan) }], duration: { interval: 'month' } },
        ],
      });
      break;
    }
    case 'reschedule': {
      const schedule = ctx.store
        .by('subscription_schedule', 'customer', String(latest.customer))
        .at(-1);
      if (schedule === undefined) return;
      updateSchedule(ctx, schedule, {
        phases: [
          {
            items: [{ price: priceOf(action.plan) }],
            start_date: schedule.phases[0]!.start_date,
            ...(action.trialDays > 0 ? { trial_end: ctx.now + action.trialDays * 86_400 } : {}),
            duration: { interval: 'year' },
          },
        ],
        proration_behavior: prorations[action.proration]!,
      });
    }
  }
}
