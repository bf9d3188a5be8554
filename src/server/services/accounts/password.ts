import { hash, verify } from '@node-rs/argon2';

/** argon2id with OWASP's first recommended parameters: about 20 ms and 19 MiB a hash. */
export const ARGON2_PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The hash of a random password that nobody has, made with the parameters above. */
export const DECOY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$rjCO+hhYN39hiPVN3nNfEA$BXcfCL8XG959J/8+km9uzFWpCgvutf67mBDr9QajPic';

/** One hash; whoever may be one of a crowd waits for a turn first (`fair-queue.ts`). */
export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2_PARAMETERS);
}

/**
 * True when `password` is the one of `passwordHash`. Without a hash (no such user) it does the same
 * work against the decoy and answers false, so that the time taken does not tell.
 */
export async function verifyPassword(
  passwordHash: string | undefined,
  password: string,
): Promise<boolean> {
  const matches = await verify(passwordHash ?? DECOY_HASH, password);
  return passwordHash !== undefined && matches;
}
