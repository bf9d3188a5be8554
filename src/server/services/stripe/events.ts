import type { Stripe } from 'stripe';
import { SUBSCRIBED_EVENTS } from './event-types.ts';
import { toUnixSeconds } from './snapshots/schemas.ts';

/** How many types one call may ask for. */
const TYPES_MAX = 20;

/**
 * Events of the types we handle, made at or after `since`, oldest first. Stripe keeps 30 days of
 * them, in the shape of the day they were made.
 */
export async function listEventsSince(stripe: Stripe, since: Date): Promise<Stripe.Event[]> {
  const found: Stripe.Event[] = [];
  for (let from = 0; from < SUBSCRIBED_EVENTS.length; from += TYPES_MAX) {
    const types = SUBSCRIBED_EVENTS.slice(from, from + TYPES_MAX);
    const pages = stripe.events.list({
      types: [...types],
      created: { gte: toUnixSeconds(since) },
      limit: 100,
    });
    for await (const event of pages) found.push(event);
  }
  // Stripe lists the newest first, also of those made within one second, which are many.
  return found.reverse().sort((a, b) => a.created - b.created);
}
