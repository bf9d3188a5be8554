import { z } from 'zod';
import { isStorableJson } from '../../../../domain/storable.ts';
import type { NewStripeEventRow } from '../../../../db/schema/index.ts';
import { idOrNull, metadata, seconds, toDate } from '../../stripe/snapshots/schemas.ts';

const subject = z.looseObject({
  id: z.string().max(255).nullish(),
  object: z.string(),
  customer: idOrNull,
  charge: idOrNull,
  invoice: idOrNull,
  payment_intent: idOrNull,
  metadata: metadata.catch({}),
});

/** Stripe's ids and types are short; what is longer does not fit into an index. */
const short = z.string().min(1).max(255);

/** Stripe's events nest some ten levels deep. */
const DEPTH_MAX = 100;

const storable = z.unknown().refine((value) => isStorableJson(value, DEPTH_MAX), {
  message: 'nests too deep, or has text that cannot be stored',
  abort: true,
});

const schema = z.object({
  id: short,
  object: z.literal('event'),
  type: short,
  created: seconds.min(0).max(253_402_300_799),
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  data: z.object({ object: subject }),
});

const event = storable.pipe(schema);

export type EventSubject = z.output<typeof subject>;

/** An event as far as we read it, and all of it as it came. */
export interface ParsedEvent extends z.output<typeof event> {
  payload: unknown;
}

/** Reads an event, delivered or fetched. Throws a ZodError for what we cannot read or keep. */
export function parseEvent(received: unknown): ParsedEvent {
  return { ...event.parse(received), payload: received };
}

/** The event as the inbox keeps it. */
export function toEventRow(parsed: ParsedEvent, receivedAt: Date): NewStripeEventRow {
  const { object } = parsed.data;
  return {
    id: parsed.id,
    type: parsed.type,
    objectId: object.id ?? null,
    stripeCustomerId: object.object === 'customer' ? (object.id ?? null) : object.customer,
    apiVersion: parsed.api_version ?? null,
    livemode: parsed.livemode,
    payload: parsed.payload,
    stripeCreatedAt: toDate(parsed.created),
    receivedAt,
  };
}

const stored = z.object({ data: z.object({ object: subject }) });

/** What a kept event is about, as it was then. */
export function subjectOf(row: { payload: unknown }): EventSubject {
  return stored.parse(row.payload).data.object;
}
