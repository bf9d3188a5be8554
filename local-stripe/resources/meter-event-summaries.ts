import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { randomText } from '../kernel/ids.ts';
import { listPage } from '../kernel/list.ts';
import type { Context } from '../kernel/types.ts';
import { aggregateUsage, usageEvents } from '../billing/meter-usage.ts';

type Meter = Stripe.Billing.Meter;
type Params = Stripe.Billing.MeterListEventSummariesParams;

const minute = 60;
const windowSeconds: Record<string, number> = { hour: 3600, day: 86_400 };

/**
 * The usage of a customer from `start_time` to before `end_time`: one summary, or one for each hour
 * or day in which there was any, newest first.
 */
export function listEventSummaries(ctx: Context, meter: Meter, params: Params): object {
  const { customer, start_time: start, end_time: end } = params;
  if (!ctx.store.find('customer', customer)) throw noSuch('customer', customer, 'customer');
  const step = windowSeconds[params.value_grouping_window ?? ''] ?? null;
  assertAligned(start, 'start_time', step ?? minute);
  assertAligned(end, 'end_time', step ?? minute);
  if (end <= start) throw invalidRequest('`end_time` must be after `start_time`.', 'end_time');
  const starts = step === null ? [start] : startsWithUsage(ctx, meter, params, step);
  const summaries = starts.map((from) =>
    summaryOf(ctx, meter, customer, from, step === null ? end : from + step),
  );
  const url = `/v1/billing/meters/${meter.id}/event_summaries`;
  return listPage(params as never, url, 'meter event summary', summaries);
}

function startsWithUsage(ctx: Context, meter: Meter, params: Params, step: number): number[] {
  const { customer, start_time: start, end_time: end } = params;
  const starts = usageEvents(ctx, meter.id, customer, start, end).map(
    ({ timestamp }) => Math.floor(timestamp / step) * step,
  );
  return [...new Set(starts)].sort((a, b) => b - a);
}

function summaryOf(
  ctx: Context,
  meter: Meter,
  customer: string,
  start: number,
  end: number,
): Stripe.Billing.MeterEventSummary {
  return {
    // The same summary has the same id however often it is asked for, so that lists can be paged.
    id: `mtrusg_test_${randomText(`${meter.id}:${customer}:${start}:${end}`, 24)}`,
    object: 'billing.meter_event_summary',
    aggregated_value: aggregateUsage(ctx, meter.id, customer, start, end),
    end_time: end,
    livemode: false,
    meter: meter.id,
    start_time: start,
  };
}

function assertAligned(time: number, param: string, seconds: number): void {
  if (time % seconds === 0) return;
  const unit = seconds === minute ? 'minute' : seconds === 3600 ? 'hour' : 'day';
  throw invalidRequest(`\`${param}\` must be aligned with ${unit} boundaries.`, param);
}
