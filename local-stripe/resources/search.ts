import { invalidRequest } from '../kernel/errors.ts';
import type { Route } from '../kernel/types.ts';

/**
 * Search is refused in words. Stripe's is eventually consistent, so what it finds just after a
 * write cannot be relied on; one that answers at once would teach the opposite.
 */
export function searchRoute(noun: string, path: string): Route {
  return {
    method: 'GET',
    path: `${path}/search`,
    handle() {
      throw invalidRequest(
        `The local Stripe does not search: a ${noun} is found at Stripe up to a minute after it was ` +
          'written, so nothing that must be right can be built on it. List with a filter, or keep the id.',
        'query',
      );
    },
  };
}
