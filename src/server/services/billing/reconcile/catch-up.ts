import { z } from 'zod';
import { findEvent } from '../../../../db/repositories/billing/stripe-event.repository.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import {
  findSetting,
  writeSetting,
} from '../../../../db/repositories/operations/setting.repository.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import { errorText } from '../../../log/error-text.ts';
import type { StripeEventService } from '../stripe-event.service.ts';
import { parseEvent } from '../stripe-event/event-row.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

const CURSOR = 'stripe.events.cursor';
const cursor = z.object({ until: z.iso.datetime() });

/** How far back a first catch-up looks; the sweep covers what lies before. */
const FIRST_REACH_MS = 24 * 3600_000;
/** Stripe lists an event some time after it made it. */
const OVERLAP_MS = 10 * 60_000;

export type CatchUpDeps = Pick<SyncDeps, 'db' | 'clock' | 'log' | 'stripe'> & {
  events: Pick<StripeEventService, 'receive'>;
};

/**
 * Fetches the events since the last time and puts those that never arrived into the inbox, where
 * they are handled as if they had. One that cannot be kept is an alert and stops none behind it.
 * Answers how many were missing.
 */
export async function catchUpEvents(deps: CatchUpDeps): Promise<number> {
  const { db, clock, log } = deps;
  const now = clock.now();
  let missing = 0;
  for (const event of await listNewest(deps)) if (await receive(deps, event)) missing += 1;
  await writeSetting(db, CURSOR, { until: now.toISOString() }, now);
  if (missing > 0) log.info({ missing }, 'events fetched that no webhook had brought yet');
  return missing;
}

/** How many events `catchUpEvents` would fetch; changes nothing. */
export async function countMissingEvents(
  deps: Pick<CatchUpDeps, 'db' | 'clock' | 'stripe'>,
): Promise<number> {
  let missing = 0;
  for (const event of await listNewest(deps)) {
    const { id } = z.looseObject({ id: z.string().catch('') }).parse(event);
    if ((await findEvent(deps.db, id)) === undefined) missing += 1;
  }
  return missing;
}

/** Stripe's events since the last catch-up. */
async function listNewest({
  db,
  clock,
  stripe,
}: Pick<CatchUpDeps, 'db' | 'clock' | 'stripe'>): Promise<unknown[]> {
  const kept = cursor.safeParse(await findSetting(db, CURSOR)).data;
  const from = kept ? Date.parse(kept.until) - OVERLAP_MS : clock.now().getTime() - FIRST_REACH_MS;
  return stripe.listEventsSince(new Date(from));
}

async function receive(deps: CatchUpDeps, event: unknown): Promise<boolean> {
  const { db, clock, log, events } = deps;
  try {
    return await events.receive(parseEvent(event));
  } catch (error) {
    if (isDatabaseAway(error)) throw error;
    const { id } = z.looseObject({ id: z.string().catch('unknown') }).parse(event);
    log.error({ err: error, eventId: id }, 'an event cannot be kept');
    await raiseAlert(db, {
      tenantId: null,
      kind: 'event_malformed',
      subjectId: id,
      message:
        'Stripe lists an event that cannot be read; the sweep reads what it is about all the same.',
      details: { error: errorText(error) },
      now: clock.now(),
    });
    return false;
  }
}
