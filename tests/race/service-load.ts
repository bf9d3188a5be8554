import { setTimeout as inTime } from 'node:timers/promises';
import { RESOURCE_TYPES, type ResourceType } from '../../src/domain/quota.ts';
import { parseReservationId } from '../../src/server/services/usage/calls/reservation-id.ts';
import { caller, type Answer } from '../support/http.ts';

/** What became of something that was sent: nobody knows, until it is answered. */
export interface Sent {
  tenantId: string;
  amount: number;
  outcome: 'unknown' | 'recorded' | 'refused';
}

export interface ServiceLoadOptions {
  /** Of every process of the app; each call goes to any. */
  urls: string[];
  ingestToken: string;
  tenantIds: string[];
  /** Below its argument, from 0. */
  random: (below: number) => number;
}

interface UsageEvent {
  tenantId: string;
  resourceType: ResourceType;
  amount: number;
  idempotencyKey: string;
}

/** Requests under way at once. */
const LANES = 16;
/** Events of one request: some services tell of each, some of a minute's. */
const BATCHES = [1, 20, 200, 600, 1_000] as const;
const HOLDS = 20;
/** Holds that nobody settles are over after it. */
export const HOLD_SECONDS = 2;
const AMOUNTS: Record<ResourceType, readonly number[]> = {
  llm_tokens: [1, 40, 900, 4_000],
  messages: [1, 2, 5],
  images: [1, 1, 3],
  api_calls: [1, 10],
};
/** Of so many that are not answered one is given up; the others are sent again with the same key. */
const GIVEN_UP_ONE_IN = 40;
const AGAIN_AFTER_MS = 200;

/**
 * What the services of the platform tell metering over HTTP, whatever is killed meanwhile: events with keys,
 * and holds that are settled for less and for more, given back or left. It lives on when the app and the
 * database die, and remembers what it sent and what it was answered.
 */
export class ServiceLoad {
  /** By idempotency key. */
  readonly events = new Map<string, Sent>();
  /** By the reservation's id. */
  readonly settlements = new Map<string, Sent>();
  /** Answers that no service should see. */
  readonly failures: string[] = [];
  /** Calls that were answered. */
  answered = 0;
  isResting = false;
  #keys = 0;
  readonly #options: ServiceLoadOptions;

  constructor(options: ServiceLoadOptions) {
    this.#options = options;
  }

  /** Calls until it is to rest; first everybody's whole quota but a little, so that something else pays. */
  async run(quotas: Omit<UsageEvent, 'idempotencyKey'>[]): Promise<void> {
    await this.#report(quotas.map((quota) => ({ ...quota, idempotencyKey: this.#key() })));
    await Promise.all(Array.from({ length: LANES }, () => this.#callInTurn()));
  }

  /** Lets what is under way be answered, and nothing new begin. */
  rest(): void {
    this.isResting = true;
  }

  async #callInTurn(): Promise<void> {
    const { random } = this.#options;
    while (!this.isResting) {
      if (random(3) > 0) await this.#report(this.#batch());
      else await Promise.all(Array.from({ length: HOLDS }, () => this.#hold()));
    }
  }

  #batch(): UsageEvent[] {
    const events = Array.from({ length: this.#pick(BATCHES) }, () => this.#event());
    // Some services send an event twice in one request.
    return events.length > 1 && this.#options.random(4) === 0
      ? [...events.slice(1), events[1]!]
      : events;
  }

  async #report(events: UsageEvent[]): Promise<void> {
    for (const { tenantId, amount, idempotencyKey } of events) {
      this.events.set(idempotencyKey, { tenantId, amount, outcome: 'unknown' });
    }
    const told = await this.#send<{ results: { status: string; error?: string }[] }>(
      '/api/usage/events',
      { events },
    );
    told?.body.results.forEach(({ status, error }, at) => {
      const sent = this.events.get(events[at]!.idempotencyKey)!;
      if (status === 'recorded' || status === 'duplicate') sent.outcome = 'recorded';
      else if (status !== 'rejected') this.failures.push(`an event is ${status}: ${error}`);
      else if (sent.outcome === 'recorded') this.failures.push('an event is refused after all');
      // Where it was sent before, that may be under way yet.
      else if (told.isFirst) sent.outcome = 'refused';
      this.answered += 1;
    });
  }

  async #hold(): Promise<void> {
    const { random } = this.#options;
    const { tenantId, amount, ...event } = this.#event();
    const hold = { ...event, tenantId, amount, ttlSeconds: HOLD_SECONDS };
    const held = await this.#send<{ reservationId: string }>('/api/usage/reservations', hold);
    if (held === undefined) return;
    this.answered += 1;
    // Refused, or left: it expires.
    if (held.status !== 201 || random(8) === 0) return;
    const { reservationId } = held.body;
    const path = `/api/usage/reservations/${reservationId}`;
    if (random(8) === 0) {
      if (await this.#send(path)) this.answered += 1;
      return;
    }
    const sent: Sent = { tenantId, amount: random(2 * amount), outcome: 'unknown' };
    this.settlements.set(parseReservationId(reservationId).id, sent);
    const settled = await this.#send(`${path}/settle`, { amount: sent.amount });
    if (settled === undefined) return;
    this.answered += 1;
    if (settled.status === 200) sent.outcome = 'recorded';
    else this.failures.push(`a settlement: ${settled.status} ${JSON.stringify(settled.body)}`);
  }

  /** Posts `body`, or deletes without one; undefined when it was given up without an answer. */
  async #send<T>(
    path: string,
    body?: object,
  ): Promise<(Answer<T> & { isFirst: boolean }) | undefined> {
    const { urls, ingestToken, random } = this.#options;
    for (let isFirst = true; ; isFirst = false) {
      const service = caller(this.#pick(urls), ingestToken);
      // The process is gone, or goes.
      const asked = body === undefined ? service.delete<T>(path) : service.post<T>(path, body);
      const answer = await asked.catch(() => undefined);
      if (answer && answer.status !== 503) {
        if (answer.status >= 500) this.failures.push(`${answer.status} of ${path}`);
        return { ...answer, isFirst };
      }
      if (random(GIVEN_UP_ONE_IN) === 0) return undefined;
      await inTime(AGAIN_AFTER_MS);
    }
  }

  #event(): UsageEvent {
    const resourceType = this.#pick(RESOURCE_TYPES);
    return {
      tenantId: this.#pick(this.#options.tenantIds),
      resourceType,
      amount: this.#pick(AMOUNTS[resourceType]),
      idempotencyKey: this.#key(),
    };
  }

  #key(): string {
    return `call-${(this.#keys += 1)}`;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#options.random(values.length)]!;
  }
}
