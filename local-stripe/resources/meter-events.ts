import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import type { Kinds } from '../kernel/kinds.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { findActiveMeter } from './meters.ts';

type MeterEvent = Kinds['billing.meter_event'];

const day = 86_400;
const pastMaxSeconds = 35 * day;
const futureMaxSeconds = 300;
const cancelableSeconds = day;

/** Usage as it is reported. At Stripe it is counted a little later; here at once. */
export const meterEvents = resource({
  kind: 'billing.meter_event',
  path: '/v1/billing/meter_events',
  retrieve: false,
  indexes: { usage: ({ meter, customer }) => `${meter} ${customer}` },
  create: createMeterEvent,
  routes: [
    {
      method: 'POST',
      path: '/v1/billing/meter_event_adjustments',
      handle: (ctx, params) => adjustMeterEvent(ctx, params as never),
    },
  ],
  present: (_ctx, { id: _id, meter: _meter, customer: _customer, value: _value, ...event }) =>
    event,
});

function createMeterEvent(ctx: Context, params: Stripe.Billing.MeterEventCreateParams): MeterEvent {
  const meter = findActiveMeter(ctx, params.event_name);
  if (!meter) {
    throw invalidRequest(
      `No active meter found for event name: ${params.event_name}.`,
      'event_name',
      'resource_missing',
    );
  }
  const customer = customerOf(ctx, meter, params.payload);
  const { now } = ctx.onClock(idOrNull(customer.test_clock));
  const timestamp = params.timestamp ?? now;
  if (timestamp < now - pastMaxSeconds || timestamp > now + futureMaxSeconds) {
    throw invalidRequest(
      'The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.',
      'timestamp',
    );
  }
  const identifier = params.identifier ?? ctx.newText(24);
  const id = `${meter.id} ${identifier}`;
  const earlier = ctx.store.find('billing.meter_event', id);
  if (earlier) {
    throw invalidRequest(
      `An event already exists with identifier ${identifier}.`,
      'identifier',
      'duplicate_meter_event',
    );
  }
  return ctx.store.put('billing.meter_event', {
    object: 'billing.meter_event',
    created: now,
    event_name: params.event_name,
    identifier,
    livemode: false,
    payload: params.payload,
    timestamp,
    id,
    meter: meter.id,
    customer: customer.id,
    value: valueOf(meter, params.payload),
  });
}

function customerOf(
  ctx: Context,
  meter: Stripe.Billing.Meter,
  payload: Record<string, string>,
): Stripe.Customer {
  const key = meter.customer_mapping.event_payload_key;
  const param = `payload[${key}]`;
  const id = payload[key];
  if (!id) {
    throw invalidRequest(
      `The payload names no customer: it needs \`${key}\`.`,
      param,
      'parameter_missing',
    );
  }
  const customer = ctx.store.find('customer', id);
  if (!customer) throw invalidRequest(`No such customer: '${id}'`, param, 'resource_missing');
  return customer;
}

function valueOf(meter: Stripe.Billing.Meter, payload: Record<string, string>): number {
  const key = meter.value_settings.event_payload_key;
  const text = payload[key];
  if (!text && meter.default_aggregation.formula === 'count') return 1;
  if (!text) {
    throw invalidRequest(
      `The payload names no value: it needs \`${key}\`.`,
      `payload[${key}]`,
      'parameter_missing',
    );
  }
  if (!/^-?\d{1,15}(\.\d{1,12})?$/.test(text)) {
    throw invalidRequest(`Invalid value: ${text.slice(0, 80)} is no number.`, `payload[${key}]`);
  }
  return Number(text);
}

/** Takes an event back, within a day of its arrival. */
function adjustMeterEvent(
  ctx: Context,
  params: Stripe.Billing.MeterEventAdjustmentCreateParams,
): Stripe.Billing.MeterEventAdjustment {
  const identifier = params.cancel?.identifier;
  if (identifier === undefined) {
    throw invalidRequest(
      'Missing required param: cancel[identifier].',
      'cancel[identifier]',
      'parameter_missing',
    );
  }
  const meter = findActiveMeter(ctx, params.event_name);
  const event = meter && ctx.store.find('billing.meter_event', `${meter.id} ${identifier}`);
  if (!event) {
    throw invalidRequest(
      `No such meter event: '${identifier}'`,
      'cancel[identifier]',
      'resource_missing',
    );
  }
  const customer = ctx.store.find('customer', event.customer);
  const { now } = ctx.onClock(idOrNull(customer?.test_clock));
  if (event.created < now - cancelableSeconds) {
    throw invalidRequest(
      'Only events received within the last 24 hours can be canceled.',
      'cancel[identifier]',
    );
  }
  ctx.store.remove('billing.meter_event', event.id);
  return {
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: params.event_name,
    livemode: false,
    status: 'complete',
    type: 'cancel',
  };
}
