import { inTransaction } from '../../../db/client.ts';
import { raiseAlert, resolveAlert } from '../../../db/repositories/operations/alert.repository.ts';
import { findCheckoutTrace } from '../../../db/repositories/billing/checkout-session.repository.ts';
import {
  findEvent,
  insertEvent,
  listUnfinishedEvents,
  markEventDead,
  markEventFailed,
  prunePayloads,
  listReplayableEvents,
  reviveEvents,
  takeOverdueEvents,
} from '../../../db/repositories/billing/stripe-event.repository.ts';
import { keptSince } from '../../../domain/accounts/retention.ts';
import type { NewStripeEventRow } from '../../../db/schema/index.ts';
import { STRIPE_API_VERSION } from '../../config/stripe.config.ts';
import { errorText } from '../../log/error-text.ts';
import type { Jobs } from '../../jobs.ts';
import { isStripeUnavailable } from '../stripe/client/errors.ts';
import { DeliveryNotes } from '../operations/delivery-notes.ts';
import type { DeliveryOutcome, InboxMetrics } from './metrics.ts';
import { toEventRow, type ParsedEvent } from './stripe-event/event-row.ts';
import { processEvent, type Done } from './stripe-event/process.ts';
import { alertOtherEnvironment } from './sync/other-environment.ts';
import type { SyncDeps } from './sync/sync-deps.ts';

export const STRIPE_EVENT_QUEUE = 'stripe-event';

/** Unfinished for so long, an event's job is lost or waits for a Stripe that is away. */
const OVERDUE_MS = 5 * 60_000;

type TracedEvent = Pick<NewStripeEventRow, 'id' | 'type' | 'stripeCustomerId' | 'stripeCreatedAt'>;

interface EventDeps extends SyncDeps {
  jobs: Jobs;
  metrics?: InboxMetrics;
}

/**
 * The inbox: an event is stored and answered, then worked on from there. Nothing is done in
 * reaction to a delivery itself, and nothing is believed of it but that it is worth a look.
 */
export class StripeEventService {
  readonly #deps: EventDeps;
  readonly #deliveries: DeliveryNotes;

  constructor(deps: EventDeps) {
    this.#deps = deps;
    this.#deliveries = new DeliveryNotes(deps);
  }

  /** Registers the worker; before the jobs start. */
  registerWorker(): void {
    this.#deps.jobs.work<{ eventId: string }>(
      STRIPE_EVENT_QUEUE,
      ({ eventId }) => this.process(eventId),
      {
        concurrency: 4,
        retryLimit: 8,
        retryDelaySeconds: 2,
        onDead: (data, error) => this.giveUp((data as { eventId: string }).eventId, error),
      },
    );
  }

  /**
   * Stores an event and sends its job in the same transaction, so that neither is there without
   * the other. False when it was stored before.
   */
  async receive(event: ParsedEvent): Promise<boolean> {
    const { db, jobs, clock } = this.#deps;
    const row = toEventRow(event, clock.now());
    return this.#traced('event received', row, () =>
      inTransaction(db, async (tx) => {
        if (!(await insertEvent(tx, row))) return false;
        await jobs.send(STRIPE_EVENT_QUEUE, { eventId: row.id }, { tx });
        return true;
      }),
    );
  }

  /** As a part of the trace of the click that the event goes back to, where one is known. */
  async #traced<T>(name: string, event: TracedEvent, work: () => Promise<T>): Promise<T> {
    const { db, trace } = this.#deps;
    if (!trace.on) return work();
    const { id, type, stripeCustomerId: customer, stripeCreatedAt: at } = event;
    const parent = customer ? await findCheckoutTrace(db, customer, at) : undefined;
    const attributes = { 'stripe.event_id': id, 'stripe.event_type': type };
    return trace.span(name, { parent, attributes }, work);
  }

  /**
   * Counts a delivery, and notes for `doctor` one that was taken, or refused for its signature.
   * `made` is when Stripe made the event.
   */
  async noteDelivery(outcome: DeliveryOutcome, made?: Date): Promise<void> {
    const { metrics, clock } = this.#deps;
    metrics?.deliveries.inc({ outcome });
    if (outcome === 'accepted' && made) {
      const seconds = (clock.now().getTime() - made.getTime()) / 1000;
      metrics?.deliverySeconds.observe(Math.max(0, seconds));
    }
    if (outcome === 'accepted' || outcome === 'repeated') await this.#deliveries.note('accepted');
    if (outcome === 'bad_signature') await this.#deliveries.note('refused');
  }

  /** Counts a refusal of what does not even look like a delivery of Stripe's. */
  noteStranger(): void {
    this.#deps.metrics?.deliveries.inc({ outcome: 'bad_signature' });
  }

  /** An event of the other mode came: a live one in test mode, or the other way round. */
  refuse(eventId: string): Promise<void> {
    const { db, clock } = this.#deps;
    return alertOtherEnvironment(db, { subjectId: eventId, what: 'An event', now: clock.now() });
  }

  /** An endpoint sends another API version than ours: its events are of use as hints alone. */
  alertApiVersion(apiVersion: string | null): Promise<void> {
    const { db, clock } = this.#deps;
    return raiseAlert(db, {
      tenantId: null,
      kind: 'webhook_version',
      subjectId: apiVersion ?? 'none',
      message: `An event came in the API version ${apiVersion ?? '(none)'} instead of ${STRIPE_API_VERSION}: npm run stripe:setup replaces its endpoint.`,
      details: { wanted: STRIPE_API_VERSION },
      now: clock.now(),
    });
  }

  async process(eventId: string): Promise<void> {
    const { metrics } = this.#deps;
    try {
      for (const { state, receivedAt, ...event } of await this.#processTraced(eventId)) {
        this.#deps.log.info({ ...event, outcome: state }, 'event handled');
        metrics?.handled.inc({ outcome: state });
        const milliseconds = this.#deps.clock.now().getTime() - receivedAt.getTime();
        metrics?.handlingSeconds.observe(Math.max(0, milliseconds / 1000));
      }
    } catch (error) {
      metrics?.handled.inc({ outcome: 'failed' });
      await markEventFailed(this.#deps.db, eventId, errorText(error));
      throw error;
    }
  }

  async #processTraced(eventId: string): Promise<Done[]> {
    const event = this.#deps.trace.on ? await findEvent(this.#deps.db, eventId) : undefined;
    const work = () => processEvent(this.#deps, eventId);
    return event ? this.#traced('event handled', event, work) : work();
  }

  /**
   * After its last try: marks the event dead and raises an alert, until somebody replays it. An absent
   * Stripe is nobody's poison: those events stay in the inbox for the sweep.
   */
  async giveUp(eventId: string, error: string): Promise<void> {
    const { db, clock, log } = this.#deps;
    const again = await processEvent(this.#deps, eventId).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (again === undefined || isStripeUnavailable(again)) return;
    log.error({ eventId, error }, 'event given up');
    this.#deps.metrics?.handled.inc({ outcome: 'dead' });
    await inTransaction(db, async (tx) => {
      await markEventDead(tx, eventId, error);
      await raiseAlert(tx, {
        tenantId: null,
        kind: 'event_dead',
        subjectId: eventId,
        message: `The event could not be handled (${error}); npm run events:replay tries again.`,
        details: { error },
        now: clock.now(),
      });
    });
  }

  /** Sends jobs for events that nobody finished; answers how many. */
  async sweep(): Promise<number> {
    const { db, clock, jobs } = this.#deps;
    const now = clock.now();
    const before = new Date(now.getTime() - OVERDUE_MS);
    const overdue = await takeOverdueEvents(db, { before, now, limit: 1_000 });
    for (const eventId of overdue) await jobs.send(STRIPE_EVENT_QUEUE, { eventId });
    return overdue.length;
  }

  /** Works on every waiting event here and now; answers how many were handled. */
  async drain(): Promise<number> {
    const { db, clock } = this.#deps;
    const until = new Date(clock.now().getTime() + 1);
    const waiting = await listUnfinishedEvents(db, until, 10_000);
    let handled = 0;
    for (const id of waiting) {
      const ok = await this.process(id).then(
        () => true,
        () => false,
      );
      if (ok) handled += 1;
    }
    return handled;
  }

  /** What `replay` would work on; an event that is not here has an error already. */
  async listReplayable(ids?: readonly string[]): Promise<{ id: string; error: string | null }[]> {
    const found = (await listReplayableEvents(this.#deps.db, ids)).map(({ id }) => id);
    return [...found.map((id) => ({ id, error: null })), ...unknownAmong(ids, found)];
  }

  /** Works on dead events again, or on the ones named; answers what became of each. */
  async replay(ids?: readonly string[]): Promise<{ id: string; error: string | null }[]> {
    const revived = await reviveEvents(this.#deps.db, ids);
    const outcomes: { id: string; error: string | null }[] = unknownAmong(ids, revived);
    for (const id of revived) {
      const error = await this.process(id).then(
        () => null,
        (reason: unknown) => errorText(reason),
      );
      if (error) await markEventDead(this.#deps.db, id, error);
      else await resolveAlert(this.#deps.db, 'event_dead', id, this.#deps.clock.now());
      outcomes.push({ id, error });
    }
    return outcomes;
  }

  /** Empties the bodies of finished events after 90 days. */
  prune(): Promise<number> {
    return prunePayloads(this.#deps.db, keptSince('eventPayloads', this.#deps.clock.now()));
  }
}

/** Of the events that were named those that are not here, each with a sentence that says so. */
function unknownAmong(named: readonly string[] = [], found: readonly string[]) {
  const unknown = [...new Set(named)].filter((id) => !found.includes(id));
  return unknown.map((id) => ({ id, error: `There is no event ${id} here.` }));
}
