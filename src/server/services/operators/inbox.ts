import type { Db } from '../../../db/client.ts';
import { findEvent } from '../../../db/repositories/billing/stripe-event.repository.ts';
import { findTenantByCustomer } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import {
  findOpenAlert,
  listAlerts,
  resolveAlertById,
} from '../../../db/repositories/operators/alerts.repository.ts';
import {
  listEvents,
  type ListedEvent,
} from '../../../db/repositories/operators/events.repository.ts';
import type {
  AlertsPage,
  EventDetail,
  EventsPage,
  EventState,
  EventView,
  Replayed,
} from '../../../domain/accounts/operator-inbox.ts';
import type { AlertView } from '../../../domain/accounts/operator-tenant.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { StripeEventService } from '../billing/stripe-event.service.ts';
import { noCursor, uuidCursor } from './cursors.ts';
import type { OperatorLog } from './log.ts';
import type { OperatorIdentity } from './operator-identity.ts';
import { alertOf, iso } from './tenants.ts';

export interface InboxDeps {
  db: Db;
  clock: Clock;
  log: OperatorLog;
  stripeEvents: Pick<StripeEventService, 'listReplayable' | 'replay'>;
}

/** Which operator asks for something to be done, and why; with `dryRun` nothing is. */
export interface OperatorRequest {
  operator: OperatorIdentity;
  reason: string;
  dryRun: boolean;
}

/** What came from Stripe, and what waits for an operator. */
export class OperatorInbox {
  readonly #deps: InboxDeps;

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  async listEvents(
    state: EventState | undefined,
    cursor: string | undefined,
    limit: number,
  ): Promise<EventsPage> {
    if (cursor !== undefined && !/^\w{3,100}$/.test(cursor)) throw noCursor();
    const wanted = { state, after: cursor, limit: limit + 1 };
    const rows = await listEvents(this.#deps.db, wanted);
    const page = rows.slice(0, limit);
    return {
      events: page.map(eventOf),
      nextCursor: rows.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** 404 `not_found`. */
  async readEvent(id: string): Promise<EventDetail> {
    const { db } = this.#deps;
    const row = await findEvent(db, id);
    if (!row) throw new BillingError('not_found', `There is no event ${id} here.`);
    const { payload, apiVersion, ...event } = row;
    const customer = event.stripeCustomerId;
    const tenantId = customer ? ((await findTenantByCustomer(db, customer))?.id ?? null) : null;
    return { ...eventOf({ ...event, apiVersion, tenantId }), apiVersion, payload };
  }

  /** Works on events again: on those named, or on all that were given up. */
  replay(asked: OperatorRequest, ids: readonly string[] | undefined): Promise<Replayed> {
    const { log, stripeEvents } = this.#deps;
    const { operator, reason, dryRun } = asked;
    const subjectId = ids?.join(' ').slice(0, 300) ?? 'dead';
    const name = dryRun ? 'replay.previewed' : 'replay';
    return log.carryOut(operator, { name, reason, subjectId }, async () => {
      if (!dryRun) return { done: true, events: await stripeEvents.replay(ids) };
      return { done: false, events: await stripeEvents.listReplayable(ids) };
    });
  }

  async listAlerts(
    isOpen: boolean,
    cursor: string | undefined,
    limit: number,
  ): Promise<AlertsPage> {
    const after = cursor === undefined ? undefined : uuidCursor(cursor);
    const rows = await listAlerts(this.#deps.db, { isOpen, after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return {
      alerts: page.map(alertOf),
      nextCursor: rows.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** Closes an alert by hand: what it told of may raise it again. 409 `state_changed`. */
  resolve(asked: OperatorRequest, id: string): Promise<AlertView> {
    return resolveByHand(this.#deps, asked, id);
  }
}

/** The same for the command. */
export function resolveByHand(
  { db, clock, log }: Pick<InboxDeps, 'db' | 'clock' | 'log'>,
  { operator, reason }: Pick<OperatorRequest, 'operator' | 'reason'>,
  id: string,
): Promise<AlertView> {
  return log.carryOut(operator, { name: 'alert_resolved', reason, subjectId: id }, async () => {
    const row = await resolveAlertById(db, id, clock.now());
    return alertOf(row ?? noOpenAlert());
  });
}

/** What closing it would close; for the command's `--dry-run`. 409 `state_changed`. */
export async function previewResolve(db: Db, id: string): Promise<AlertView> {
  return alertOf((await findOpenAlert(db, id)) ?? noOpenAlert());
}

function noOpenAlert(): never {
  throw new BillingError('state_changed', 'There is no open alert of this id.');
}

function eventOf(row: ListedEvent): EventView {
  const { id, type, state, objectId, stripeCustomerId, tenantId, attempts, lastError } = row;
  return {
    ...{ id, type, state, objectId, stripeCustomerId, tenantId, attempts, lastError },
    receivedAt: row.receivedAt.toISOString(),
    processedAt: iso(row.processedAt),
  };
}
