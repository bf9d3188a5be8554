import type Stripe from 'stripe';
import { StripeError } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { idsOf } from '../tax/rates.ts';
import { prepareSubscription } from '../subscription/create.ts';
import { startBilling } from '../subscription/start.ts';
import { phaseAt, scheduleNextPhase } from './phase.ts';

type Schedule = Stripe.SubscriptionSchedule;

/** The first phase begins: the subscription comes into being. */
export function startScheduled(ctx: Context, schedule: Schedule): Schedule {
  const phase = phaseAt(schedule, ctx.now);
  if (phase === null) return schedule;
  const { default_settings: settings } = schedule;
  const planned = idOrNull(phase.default_payment_method ?? settings.default_payment_method);
  // A card that was taken away since is as good as none.
  const card = ctx.store.find('payment_method', planned ?? '');
  const method = idOrNull(card?.customer) === idOf(schedule.customer) ? planned : null;
  const collection = phase.collection_method ?? settings.collection_method;
  const { subscription } = prepareSubscription(
    ctx,
    {
      customer: idOf(schedule.customer),
      currency: phase.currency,
      items: phase.items.map((item) => ({
        price: idOf(item.price),
        ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
        metadata: item.metadata ?? {},
        tax_rates: idsOf(item.tax_rates),
      })),
      default_tax_rates: idsOf(phase.default_tax_rates),
      automatic_tax: {
        enabled: (phase.automatic_tax ?? settings.automatic_tax)?.enabled ?? false,
      },
      billing_mode: { type: schedule.billing_mode.type },
      metadata: phase.metadata ?? {},
      ...(method === null ? {} : { default_payment_method: method }),
      ...(collection === null ? {} : { collection_method: collection }),
      ...(collection === 'send_invoice'
        ? { days_until_due: settings.invoice_settings.days_until_due ?? 30 }
        : {}),
      ...(phase.trial_end !== null && phase.trial_end > ctx.now
        ? { trial_end: phase.trial_end }
        : {}),
    },
    { schedule: schedule.id },
  );
  const { start_date, end_date } = phase;
  const started = ctx.update('subscription_schedule', schedule, {
    status: 'active',
    current_phase: { start_date, end_date },
    subscription: subscription.id,
  });
  scheduleNextPhase(ctx, started);
  ctx.emit('subscription_schedule.updated', started, {
    status: schedule.status,
    subscription: null,
    current_phase: null,
  });
  begin(ctx, subscription);
  return ctx.store.get('subscription_schedule', schedule.id);
}

/** Without a card there is nobody to tell: the first invoice waits for its payment. */
function begin(ctx: Context, subscription: Stripe.Subscription): void {
  try {
    ctx.attempt(() => startBilling(ctx, subscription, { behavior: 'allow_incomplete' }));
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    startBilling(ctx, subscription, { behavior: 'default_incomplete' });
  }
}
