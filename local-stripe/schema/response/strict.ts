import type { SelfCheck } from '../../kernel/types.ts';
import { checkEvent, checkResponse } from './check.ts';

/**
 * Throws when an answer or an event leaves the SDK's types: an answer becomes a 500 that says
 * where, an event undoes what caused it.
 */
export const strictSelfCheck: SelfCheck = {
  response: (endpoint, body) => assertNone(checkResponse(endpoint, body)),
  event: (body) => assertNone(checkEvent(body)),
};

function assertNone(violations: string[]): void {
  if (violations.length === 0) return;
  throw new Error(`not what the SDK declares: ${violations.slice(0, 5).join('; ')}`);
}
