import type { EventType } from './vocabulary.ts';
import type { Receivers } from './ports.ts';
import type { DeliveryRow, EventBody } from './rows.ts';
import type { Context, Resource, SelfCheck } from './types.ts';

export const apiVersion = '2026-10-28.endive';
const retentionSeconds = 30 * 86_400;
const threes = /^(payment_intent|charge|refund)\./;

/** What recording an event needs of the kernel. */
export interface Recorder {
  readonly check: SelfCheck | null;
  readonly endpoints: Receivers;
  resourceOf(object: string): Resource | undefined;
}

/**
 * Records the event with the object as it is now, and one pending delivery for each endpoint that
 * wants it. Objects in the store are frozen, so holding one is a snapshot.
 */
export function recordEvent(
  kernel: Recorder,
  ctx: Context,
  type: EventType,
  object: object,
  previousAttributes?: Record<string, unknown>,
): void {
  const kind = (object as { object?: string }).object ?? '';
  const present = kernel.resourceOf(kind)?.present as
    ((ctx: Context, object: object) => object) | undefined;
  const id = ctx.newId('evt');
  const body: EventBody = {
    id: threes.test(type) ? id.replace('evt_1', 'evt_3') : id,
    object: 'event',
    api_version: apiVersion,
    created: ctx.now,
    data: {
      object: present === undefined ? object : present(ctx, object),
      ...(previousAttributes === undefined ? {} : { previous_attributes: previousAttributes }),
    },
    livemode: false,
    pending_webhooks: 0,
    request: {
      id: ctx.request?.id ?? null,
      idempotency_key: ctx.request?.idempotencyKey ?? null,
    },
    type,
  };
  kernel.check?.event(body);
  ctx.store.put('_event', { id: body.id, recordedAt: ctx.globalNow, body });
  for (const receiver of kernel.endpoints.all(ctx.store)) {
    if (receiver.wants(type)) addDelivery(ctx, body, receiver.id);
  }
}

/** A further delivery of an event to an endpoint, due at once. */
export function addDelivery(ctx: Context, event: EventBody, endpoint: string): DeliveryRow {
  return ctx.store.put('_delivery', {
    id: ctx.newId('whd'),
    event: event.id,
    eventType: event.type,
    objectId: (event.data.object as { id?: string }).id ?? '',
    endpoint,
    status: 'pending',
    createdAt: ctx.globalNow,
    nextAttemptAt: ctx.globalNow,
    attempts: [],
  });
}

/**
 * Events reach back 30 days, as at Stripe: done before any other work, so that none sees an older
 * one. Oldest first, so this looks at one row as a rule.
 */
export function forgetOldEvents(ctx: Context): void {
  for (const row of ctx.store.oldestFirst('_event')) {
    if (row.recordedAt >= ctx.globalNow - retentionSeconds) return;
    for (const delivery of ctx.store.by('_delivery', 'event', row.id)) {
      ctx.store.remove('_delivery', delivery.id);
    }
    ctx.store.remove('_event', row.id);
  }
}
