import { randomUUID } from 'node:crypto';
import type { SessionView } from '../../src/domain/api.ts';
import { RESOURCE_TYPES } from '../../src/domain/quota.ts';
import { caller, type Answer, type Caller } from '../support/http.ts';

/** What a test tells a process's load of. */
export interface LoadOptions {
  url: string;
  ingestToken: string;
  /** Those who are here already. */
  tenantIds: string[];
  /** One of them, signed in. */
  session: SessionView;
}

/** An event as `POST /api/usage/events` takes it. */
export interface UsageEvent {
  tenantId: string;
  resourceType: string;
  amount: number;
  idempotencyKey: string;
  enforce: boolean;
}

/**
 * Everything that reaches metering, over HTTP: events with keys, holds that are settled, given back
 * or left, looks at the usage, and people who are new. Keeps what it was told, until it rests.
 */
export class Load {
  /** Answers of 5xx, and what was not answered at all. */
  readonly failures: string[] = [];
  /** By their keys, events that were recorded. */
  readonly recorded = new Map<string, UsageEvent>();
  /** Settled holds: id → units. */
  readonly settled = new Map<string, number>();
  readonly newcomers: string[] = [];
  readonly #service: Caller;
  readonly #options: LoadOptions;
  readonly #actors: Promise<void>[];
  #resting = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#service = caller(options.url, options.ingestToken);
    const report = () => this.#report();
    const hold = () => this.#hold();
    const goAndCome = async () => {
      for (let n = 0; n < 5; n += 1) await this.#look();
      await this.#signUp();
    };
    const acts = [report, report, hold, hold, goAndCome];
    this.#actors = acts.map((act) => this.#repeat(act));
  }

  async rest(): Promise<void> {
    this.#resting = true;
    await Promise.all(this.#actors);
  }

  async #repeat(act: () => Promise<void>): Promise<void> {
    while (!this.#resting) {
      await act().catch((error: unknown) => {
        const { cause } = error as { cause?: unknown };
        this.failures.push(`${String(error)} ${String(cause ?? '')}`);
      });
    }
  }

  async #report(): Promise<void> {
    const events = Array.from({ length: 5 }, () => this.#event());
    const answer = await this.#answered<{ results: { status: string; error?: string }[] }>(
      this.#service.post('/api/usage/events', { events }),
    );
    answer.body.results.forEach(({ status, error }, n) => {
      const event = events[n]!;
      if (status === 'recorded') this.recorded.set(event.idempotencyKey, event);
      else if (status !== 'rejected') this.failures.push(`${status} ${error ?? ''}`);
    });
  }

  async #hold(): Promise<void> {
    const hold = { ...this.#event(), enforce: undefined, ttlSeconds: 600 };
    const held = await this.#answered<{ reservationId: string }>(
      this.#service.post('/api/usage/reservations', hold),
    );
    if (held.status !== 201) return;
    const { reservationId } = held.body;
    await this.#answered(
      this.#service.post(`/api/usage/reservations/${reservationId}/settle`, { amount: 1 }),
    );
    this.settled.set(reservationId, 1);
  }

  async #look(): Promise<void> {
    const { url, session } = this.#options;
    await this.#answered(caller(url, session.accessToken).get('/api/subscription/usage'));
  }

  /** Somebody new, whose first use opens the month for them. */
  async #signUp(): Promise<void> {
    const tenantId = await signUpAt(this.#options.url);
    this.newcomers.push(tenantId);
    const event = { ...this.#event(), tenantId, resourceType: 'messages' };
    const answer = await this.#answered<{ results: { status: string }[] }>(
      this.#service.post('/api/usage/events', { events: [event] }),
    );
    const { status } = answer.body.results[0]!;
    if (status === 'recorded') this.recorded.set(event.idempotencyKey, event);
    else this.failures.push(`the first event of somebody new: ${status}`);
  }

  #event(): UsageEvent {
    const pick = <T>(values: readonly T[]) => values[Math.floor(Math.random() * values.length)]!;
    return {
      tenantId: pick(this.#options.tenantIds),
      resourceType: pick(RESOURCE_TYPES),
      amount: pick([1, 2, 3]),
      idempotencyKey: randomUUID(),
      enforce: true,
    };
  }

  async #answered<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
    const answer = await asked;
    if (answer.status >= 500) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

/** Registers somebody; answers the tenant's id. */
export async function signUpAt(url: string): Promise<string> {
  const { status, body } = await caller(url).post<SessionView>('/api/auth/register', {
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
  });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.tenant.id;
}
