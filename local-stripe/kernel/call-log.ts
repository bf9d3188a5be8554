import type { FailureRule } from './rows.ts';

/** One request to the API. `at` is in unix seconds, on the local Stripe's clock. */
export interface Call {
  /** Counts from 1, also across a reset. */
  number: number;
  at: number;
  requestId: string;
  method: string;
  /** As it was sent, without the query. */
  path: string;
  /** The endpoint it was for, such as `POST /v1/subscriptions/:id`; null when there is none. */
  endpoint: string | null;
  /** The customer whom it was about, where it names one or something of theirs. */
  customer: string | null;
  idempotencyKey: string | null;
  /** What was answered; null before that, and for ever when nothing was. */
  status: number | null;
  /** The answer was the saved one of an earlier request with this idempotency key. */
  isReplayed: boolean;
  /** The failure that was asked for and struck here. */
  fault: Pick<FailureRule, 'status' | 'when'> | null;
}

const keptCalls = 20_000;

/** The latest requests to the API, in memory only: a look at who called what, and what came of it. */
export class CallLog {
  #calls: Call[] = [];
  #last = 0;

  /** Notes a request as it comes in. The caller fills in what becomes of it. */
  add(call: Omit<Call, 'number' | 'status' | 'isReplayed' | 'fault'>): Call {
    this.#last += 1;
    const noted: Call = {
      number: this.#last,
      ...call,
      status: null,
      isReplayed: false,
      fault: null,
    };
    this.#calls.push(noted);
    if (this.#calls.length > 2 * keptCalls) this.#calls = this.#calls.slice(-keptCalls);
    return noted;
  }

  /** The number of the newest request, 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Those numbered above `number`, oldest first. */
  since(number: number, limit: number): Call[] {
    const first = this.#calls[0]?.number ?? 1;
    const from = Math.max(0, number + 1 - first);
    return this.#calls.slice(from, from + limit);
  }

  clear(): void {
    this.#calls = [];
  }
}
