import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { listEventSummaries } from './meter-event-summaries.ts';

type Meter = Stripe.Billing.Meter;

export const meters = resource({
  kind: 'billing.meter',
  path: '/v1/billing/meters',
  noun: 'meter',
  indexes: { event_name: ({ event_name }) => event_name },
  list: { status: (meter, status: string) => meter.status === status },
  create: createMeter,
  update: (ctx, before, { display_name: name }: Stripe.Billing.MeterUpdateParams) =>
    name === undefined || name === before.display_name
      ? before
      : changeMeter(ctx, before, { display_name: name }, 'billing.meter.updated'),
  actions: [
    { name: 'deactivate', handle: deactivateMeter },
    { name: 'reactivate', handle: reactivateMeter },
    { name: 'event_summaries', method: 'GET', handle: listEventSummaries },
  ],
});

/** The active meter that takes events of this name. */
export function findActiveMeter(ctx: Context, eventName: string): Meter | undefined {
  return ctx.store
    .by('billing.meter', 'event_name', eventName)
    .find(({ status }) => status === 'active');
}

function createMeter(ctx: Context, params: Stripe.Billing.MeterCreateParams): Meter {
  assertFreeName(ctx, params.event_name);
  const meter: Meter = {
    id: ctx.newId('mtr'),
    object: 'billing.meter',
    created: ctx.now,
    customer_mapping: {
      event_payload_key: params.customer_mapping?.event_payload_key ?? 'stripe_customer_id',
      type: 'by_id',
    },
    default_aggregation: { formula: params.default_aggregation.formula },
    display_name: params.display_name,
    event_name: params.event_name,
    event_time_window: params.event_time_window ?? null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: ctx.now,
    value_settings: { event_payload_key: params.value_settings?.event_payload_key ?? 'value' },
  };
  ctx.store.put('billing.meter', meter);
  ctx.emit('billing.meter.created', meter);
  return meter;
}

function deactivateMeter(ctx: Context, meter: Meter): Meter {
  if (meter.status === 'inactive') throw invalidRequest('This meter is already deactivated.', 'id');
  return changeMeter(
    ctx,
    meter,
    { status: 'inactive', status_transitions: { deactivated_at: ctx.now } },
    'billing.meter.deactivated',
  );
}

function reactivateMeter(ctx: Context, meter: Meter): Meter {
  if (meter.status === 'active') throw invalidRequest('This meter is already active.', 'id');
  assertFreeName(ctx, meter.event_name);
  return changeMeter(
    ctx,
    meter,
    { status: 'active', status_transitions: { deactivated_at: null } },
    'billing.meter.reactivated',
  );
}

function changeMeter(
  ctx: Context,
  before: Meter,
  patch: Partial<Meter>,
  event: Stripe.Event.Type,
): Meter {
  return ctx.update('billing.meter', before, { ...patch, updated: ctx.now }, event);
}

function assertFreeName(ctx: Context, eventName: string): void {
  const other = findActiveMeter(ctx, eventName);
  if (!other) return;
  throw invalidRequest(
    `There is already an active meter (${other.id}) for the event name \`${eventName}\`.`,
    'event_name',
    'resource_already_exists',
  );
}
