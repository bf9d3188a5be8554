import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';

/** Three years in each unit: the longest interval Stripe takes. */
const intervalCountMax: Record<string, number> = { day: 1095, week: 156, month: 36, year: 3 };

/** How often and by what measure a price recurs. Metered usage needs a meter. */
export function recurringOf(
  ctx: Context,
  given: Stripe.PriceCreateParams.Recurring,
): Stripe.Price.Recurring {
  const count = given.interval_count ?? 1;
  const max = intervalCountMax[given.interval] ?? 0;
  if (count > max) {
    throw invalidRequest(
      `The maximum billing interval is three years: up to ${max} ${given.interval}s.`,
      'recurring[interval_count]',
    );
  }
  const usageType = given.usage_type ?? 'licensed';
  if (usageType === 'metered' && given.meter === undefined) throw missingParam('recurring[meter]');
  if (usageType === 'licensed' && given.meter !== undefined) {
    throw invalidRequest('A meter goes with `usage_type` `metered` only.', 'recurring[meter]');
  }
  return {
    interval: given.interval,
    interval_count: count,
    meter: given.meter === undefined ? null : activeMeter(ctx, given.meter),
    trial_period_days: given.trial_period_days ?? null,
    usage_type: usageType,
  };
}

function activeMeter(ctx: Context, id: string): string {
  const meter = ctx.store.find('billing.meter', id);
  if (!meter) throw noSuch('meter', id, 'recurring[meter]');
  if (meter.status !== 'active') {
    throw invalidRequest(`The meter ${id} is inactive.`, 'recurring[meter]');
  }
  return id;
}
