import { z } from 'zod';
import type { NewStripeEventRow } from '../../../db/schema/index.ts';
import { idOrNull, metadata, seconds, toDate } from '../stripe/shapes.ts';

const subject = z.looseObject({
  id: z.string().nullish(),
  object: z.string(),
  customer: idOrNull,
  charge: idOrNull,
  payment_intent: idOrNull,
  metadata: metadata.catch({}),
});

const event = z.object({
  id: z.string(),
  object: z.literal('event'),
  type: z.string(),
  created: seconds,
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  data: z.object({ object: subject }),
});

export type EventSubject = z.output<typeof subject>;

/** An event, delivered or fetched, as the inbox keeps it. Throws a ZodError for what is none. */
export function toEventRow(received: unknown, receivedAt: Date): NewStripeEventRow {
  const parsed = event.parse(received);
  const { object } = parsed.data;
  return {
    id: parsed.id,
    type: parsed.type,
    objectId: object.id ?? null,
    stripeCustomerId: object.object === 'customer' ? (object.id ?? null) : object.customer,
    apiVersion: parsed.api_version ?? null,
    livemode: parsed.livemode,
    payload: received,
    stripeCreatedAt: toDate(parsed.created),
    receivedAt,
  };
}

const stored = z.object({ data: z.object({ object: subject }) });

/** What a kept event is about, as it was then. */
export function subjectOf(row: { payload: unknown }): EventSubject {
  return stored.parse(row.payload).data.object;
}
