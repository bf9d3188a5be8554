import { randomUUID } from 'node:crypto';
import { setTimeout as inTime } from 'node:timers/promises';
import { caller, type Answer } from '../support/http.ts';

/** The answer to an event, as a service of the platform has it. */
interface Recorded {
  status: string;
  used: number;
  limit: number | null;
  remaining: number | null;
  charged?: object;
}

export interface KeyedLoadOptions {
  /** Of every process of the app. */
  urls: string[];
  ingestToken: string;
  tenantIds: string[];
}

interface Sent {
  tenantId: string;
  amount: number;
  /** What it was answered first, once it was. */
  answer?: Recorded;
}

const LANES = 12;
const AGAIN_AFTER_MS = 50;

/**
 * Events and holds of some tenants, each with a key, told to any process of the app, and told again with the same
 * key while the answer is 503. Knows what was answered, and how long that took.
 */
export class KeyedLoad {
  /** By idempotency key, of events and of settled holds. */
  readonly sent = new Map<string, Sent>();
  /** Answers that nobody should see. */
  readonly failures: string[] = [];
  /** Answers of 503 with a time to come again. */
  refused = 0;
  answered = 0;
  longestMs = 0;
  #at = 0;
  #resting = false;
  #lanes: Promise<void>[] = [];
  readonly #options: KeyedLoadOptions;

  constructor(options: KeyedLoadOptions) {
    this.#options = options;
  }

  /** Each process has heard of each tenant; then on and on. */
  async start(): Promise<void> {
    for (const url of this.#options.urls) {
      for (const tenantId of this.#options.tenantIds) await this.#report(url, tenantId);
    }
    this.#lanes = Array.from({ length: LANES }, () => this.#repeat());
  }

  async rest(): Promise<void> {
    this.#resting = true;
    await Promise.all(this.#lanes);
  }

  /** Every key once more; answers those that were answered otherwise than at first. */
  async repeatAll(): Promise<string[]> {
    const different: string[] = [];
    for (const [idempotencyKey, { tenantId, amount, answer }] of this.sent) {
      const again = await this.#tell(this.#url(), { tenantId, amount, idempotencyKey });
      const { charged: _charged, ...first } = answer!;
      const same = { ...first, status: 'duplicate' };
      if (JSON.stringify(again) !== JSON.stringify(same)) {
        different.push(`${JSON.stringify(answer)} ${JSON.stringify(again)}`);
      }
    }
    return different;
  }

  async #repeat(): Promise<void> {
    while (!this.#resting) {
      const { tenantIds } = this.#options;
      const tenantId = tenantIds[(this.#at += 1) % tenantIds.length]!;
      const act = this.#at % 4 === 0 ? this.#hold(tenantId) : this.#report(this.#url(), tenantId);
      await act.catch((error: unknown) => this.failures.push(String(error)));
    }
  }

  async #report(url: string, tenantId: string): Promise<void> {
    const idempotencyKey = randomUUID();
    const sent: Sent = { tenantId, amount: 1 + (this.#at % 3) };
    this.sent.set(idempotencyKey, sent);
    const answer = await this.#tell(url, { tenantId, amount: sent.amount, idempotencyKey });
    if (!['recorded', 'duplicate'].includes(answer?.status ?? '')) {
      this.failures.push(`an event: ${JSON.stringify(answer)}`);
    }
    if (answer) sent.answer = answer;
  }

  async #tell(url: string, event: object): Promise<Recorded | undefined> {
    const events = [{ ...event, resourceType: 'messages' }];
    const { body } = await this.#post<{ results?: Recorded[] }>(url, '/api/usage/events', {
      events,
    });
    return body.results?.[0];
  }

  /** Settled for one unit, or given back by itself: its time is short. */
  async #hold(tenantId: string): Promise<void> {
    const idempotencyKey = randomUUID();
    const hold = { tenantId, resourceType: 'images', amount: 2, ttlSeconds: 3_600, idempotencyKey };
    const held = await this.#post<{ reservationId: string }>(
      this.#url(),
      '/api/usage/reservations',
      hold,
    );
    const { reservationId } = held.body;
    const path = `/api/usage/reservations/${reservationId}/settle`;
    const settled = held.status === 201 ? await this.#post(this.#url(), path, { amount: 1 }) : held;
    if (settled.status !== 200) {
      this.failures.push(`a hold: ${settled.status} ${JSON.stringify(settled.body)}`);
    }
  }

  #url(): string {
    const { urls } = this.#options;
    return urls[(this.#at += 1) % urls.length]!;
  }

  /** Until it is answered; what is away says when to come again. */
  async #post<T>(url: string, path: string, body: object): Promise<Answer<T>> {
    for (;;) {
      const begun = performance.now();
      const answer = await caller(url, this.#options.ingestToken).post<T>(path, body);
      this.longestMs = Math.max(this.longestMs, performance.now() - begun);
      if (answer.status !== 503) {
        this.answered += 1;
        return answer;
      }
      this.refused += 1;
      if (!(Number(answer.headers.get('retry-after')) > 0)) {
        this.failures.push('a refusal does not say when to come again');
      }
      await inTime(AGAIN_AFTER_MS);
    }
  }
}
