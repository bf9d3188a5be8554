import type { LocalStripe } from '../kernel/local-stripe.ts';
import type { Call } from '../kernel/call-log.ts';
import { ControlError } from './errors.ts';

export interface RequestFilter {
  since: number;
  limit: number;
}

/** Requests to the API with a number above `since`, oldest first, and the newest one's number. */
export function listRequests(
  { kernel: { calls } }: LocalStripe,
  { since, limit }: RequestFilter,
): { requests: Call[]; last: number } {
  return { requests: calls.since(since, limit), last: calls.last };
}

/** Reads the query of `GET /_control/requests`; what is no such number is a 400. */
export function readRequestFilter(query: Record<string, string>): RequestFilter {
  const read = (name: string, fallback: number, min: number, max: number): number => {
    const value = query[name] === undefined ? fallback : Number(query[name]);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new ControlError(400, 'invalid_query', `${name}: a number from ${min} to ${max}.`, name);
  };
  return {
    since: read('since', 0, 0, Number.MAX_SAFE_INTEGER),
    limit: read('limit', 1000, 1, 10_000),
  };
}
