import { isIdempotencyConflict } from './errors.ts';

/** A creation at Stripe that must take effect once, though what is asked may differ when it is repeated. */
export interface Creation<T> {
  idempotencyKey: string;
  create: (options: { idempotencyKey: string }) => Promise<T>;
  /** What an earlier request under this key has made, by what its metadata say. */
  find: () => Promise<T | undefined>;
}

/**
 * Runs a creation under its key. A conflict (400 `idempotency_error`: the same key, other parameters) says
 * that an earlier request reached Stripe and that its outcome is settled, for while one is still at work
 * Stripe answers 409 `idempotency_key_in_use`, which is thrown as any outage is and tried again later. So
 * what that request made is looked for, and only where there is nothing, because it failed, a fresh key is
 * used.
 */
export async function createOnce<T>({ idempotencyKey, create, find }: Creation<T>): Promise<T> {
  try {
    return await create({ idempotencyKey });
  } catch (error) {
    if (!isIdempotencyConflict(error)) throw error;
    const made = await find();
    return made ?? create({ idempotencyKey: `${idempotencyKey}:${crypto.randomUUID()}` });
  }
}
