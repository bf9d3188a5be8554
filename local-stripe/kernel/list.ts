import { invalidRequest, noSuch } from './errors.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Context, Params } from './types.ts';

export interface ListOf<T> {
  object: 'list';
  url: string;
  has_more: boolean;
  data: T[];
}

/**
 * One page, newest first, of `candidates` (given newest first) that pass `matches`.
 * Reads `limit` (1 to 100, default 10), `starting_after`, `ending_before` and `created`, which some
 * objects call their `date`.
 */
export function listPage<T extends { id: string; created?: number; date?: number }>(
  params: Params,
  url: string,
  noun: string,
  candidates: Iterable<T>,
  matches: (object: T) => boolean = () => true,
): ListOf<T> {
  const limit = pageLimit(params);
  const after = params.starting_after as string | undefined;
  const before = params.ending_before as string | undefined;
  if (after !== undefined && before !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: starting_after, ending_before.',
    );
  }
  const found: T[] = [];
  let started = after === undefined;
  let ended = false;
  for (const object of candidates) {
    if (object.id === after) {
      started = true;
      continue;
    }
    if (object.id === before) {
      ended = true;
      break;
    }
    if (!started || !inRange(object.created ?? object.date, params.created)) continue;
    if (!matches(object)) continue;
    found.push(object);
    if (before === undefined && found.length > limit) break;
  }
  if (!started) throw noSuch(noun, after!, 'starting_after');
  if (before !== undefined && !ended) throw noSuch(noun, before, 'ending_before');
  const data = before === undefined ? found.slice(0, limit) : found.slice(-limit);
  return { object: 'list', url, has_more: found.length > limit, data };
}

/** The candidates of a list: through an index where a parameter names one, else the collection. */
export function candidatesOf<K extends Kind>(
  ctx: Context,
  kind: K,
  params: Params,
  indexed: readonly string[],
): Iterable<Kinds[K]> {
  for (const index of indexed) {
    const key = params[index];
    if (typeof key === 'string' && key !== '') return ctx.store.by(kind, index, key).reverse();
  }
  return ctx.store.newestFirst(kind);
}

function pageLimit(params: Params): number {
  if (params.limit === undefined) return 10;
  const limit = Number(params.limit);
  if (!Number.isInteger(limit)) {
    throw invalidRequest(
      `Invalid integer: ${String(params.limit)}`,
      'limit',
      'parameter_invalid_integer',
    );
  }
  if (limit < 1 || limit > 100) {
    throw invalidRequest('This value must be between 1 and 100 (inclusive).', 'limit');
  }
  return limit;
}

/** Whether a time is in a range: `1700000000` or `{gte, gt, lte, lt}`. What has none is in no range. */
export function inRange(at: number | null | undefined, range: unknown): boolean {
  if (range === undefined) return true;
  if (at === null || at === undefined) return false;
  if (typeof range !== 'object' || range === null) return at === Number(range);
  const { gt, gte, lt, lte } = range as Record<string, number | undefined>;
  return (
    at > (gt ?? -Infinity) &&
    at >= (gte ?? -Infinity) &&
    at < (lt ?? Infinity) &&
    at <= (lte ?? Infinity)
  );
}

/** A list inside an object says how many there are, though the SDK's types do not. */
export function counted<L extends { data: unknown[] }>(
  list: L,
  total_count = list.data.length,
): L & { total_count: number } {
  return { ...list, total_count };
}

/** The whole of a list that lies inside an object. */
export function listInside<T>(url: string, data: T[]): ListOf<T> & { total_count: number } {
  return counted({ object: 'list' as const, data, has_more: false, url });
}
