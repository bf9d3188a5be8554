import type { Kinds } from '../kernel/kinds.ts';
import type { Context } from '../kernel/types.ts';

type MeterEvent = Kinds['billing.meter_event'];

const windowSeconds = { hour: 3600, day: 86_400 };

/** The events of a customer at a meter with a timestamp in `[start, end)`, as they came. */
export function usageEvents(
  ctx: Context,
  meter: string,
  customer: string,
  start: number,
  end: number,
): MeterEvent[] {
  return ctx.store
    .by('billing.meter_event', 'usage', `${meter} ${customer}`)
    .filter(({ timestamp }) => timestamp >= start && timestamp < end);
}

/** What those events amount to by the meter's formula: their sum, their number, or the last one. */
export function aggregateUsage(
  ctx: Context,
  meterId: string,
  customer: string,
  start: number,
  end: number,
): number {
  const meter = ctx.store.get('billing.meter', meterId);
  const events = withoutReplaced(
    usageEvents(ctx, meterId, customer, start, end),
    meter.event_time_window,
  );
  switch (meter.default_aggregation.formula) {
    case 'count':
      return events.length;
    case 'last':
      return events.reduce<MeterEvent | null>(later, null)?.value ?? 0;
    default:
      return rounded(events.reduce((sum, { value }) => sum + value, 0));
  }
}

/** Of events with one timestamp the one that came last counts as later. */
function later(last: MeterEvent | null, event: MeterEvent): MeterEvent {
  return last === null || event.timestamp >= last.timestamp ? event : last;
}

/** A meter whose events come added up already, by hour or day, keeps the last one of each window. */
function withoutReplaced(events: MeterEvent[], window: string | null): MeterEvent[] {
  if (window !== 'hour' && window !== 'day') return events;
  const lastOf = new Map<number, MeterEvent>();
  for (const event of events) {
    const slot = Math.floor(event.timestamp / windowSeconds[window]);
    lastOf.set(slot, later(lastOf.get(slot) ?? null, event));
  }
  return [...lastOf.values()];
}

/** Sums of decimals with twelve places, without what binary fractions add. */
function rounded(value: number): number {
  return Number(value.toFixed(12));
}
