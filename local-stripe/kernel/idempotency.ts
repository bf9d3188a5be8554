import { createHash } from 'node:crypto';
import { StripeError, invalidRequest } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { IdempotencyRow } from './rows.ts';

const keptSeconds = 24 * 3600;

/** What makes a repeated request the same request. */
export function fingerprint(method: string, path: string, body: string): string {
  return createHash('sha256').update(`${method} ${path}\n${body}`).digest('hex');
}

/**
 * The saved answer under this key, or null when the request is to be executed.
 * Throws 400 `idempotency_error` when the key was used for something else.
 */
export function findSavedAnswer(kernel: Kernel, key: string, print: string): IdempotencyRow | null {
  if (key.length > 255) {
    throw invalidRequest('Idempotency keys can have up to 255 characters.', 'Idempotency-Key');
  }
  const row = kernel.store.find('_idempotency', key);
  if (row === undefined || row.savedAt < kernel.now() - keptSeconds) return null;
  if (row.fingerprint === print) return row;
  throw new StripeError(400, {
    type: 'idempotency_error',
    message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
  });
}

/** Saves the answer of a request that began to execute, and forgets those a day old. */
export function saveAnswer(kernel: Kernel, row: Omit<IdempotencyRow, 'savedAt'>): void {
  const savedAt = kernel.now();
  for (const old of kernel.store.oldestFirst('_idempotency')) {
    if (old.savedAt >= savedAt - keptSeconds) break;
    kernel.store.remove('_idempotency', old.id);
  }
  kernel.store.put('_idempotency', { ...row, savedAt });
}

/**
 * Refusals before the work began are not saved: the same key may be used again with the
 * parameters put right. Nor are conflicts and rate limits.
 */
export function isSaved(error: StripeError): boolean {
  if (error.status === 409 || error.status === 429 || error.status === 401) return false;
  return !(error.body.code?.startsWith('parameter_') ?? false);
}
