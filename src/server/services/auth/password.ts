import { hash, verify } from '@node-rs/argon2';
import { BillingError } from '../../../domain/errors.ts';

/** argon2id with OWASP's first recommended parameters: about 20 ms and 19 MiB a hash. */
export const ARGON2_PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The hash of a random password that nobody has, made with the parameters above. */
export const DECOY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$rjCO+hhYN39hiPVN3nNfEA$BXcfCL8XG959J/8+km9uzFWpCgvutf67mBDr9QajPic';

/** One hash, without waiting for a turn. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2_PARAMETERS);
}

/**
 * Hashes under way at once. They share Node's four worker threads with DNS, files and the crypto
 * of database connections: a crowd of sign-ups that took all four would keep those waiting until
 * they time out.
 */
const AT_ONCE = 2;

/** How many may wait: some ten seconds' worth. */
const WAITING_MAX = 500;

/** Makes and checks password hashes, a few at a time. 503 `busy` when too many wait already. */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  hash(password: string): Promise<string> {
    return this.inTurn(() => hashPassword(password));
  }

  /**
   * True when `password` is the one of `passwordHash`. Without a hash (no such user) it does the
   * same work against the decoy and answers false, so that the time taken does not tell.
   */
  async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    const matches = await this.inTurn(() => verify(passwordHash ?? DECOY_HASH, password));
    return passwordHash !== undefined && matches;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) await this.turn();
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so nobody can slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private turn(): Promise<void> {
    if (this.waiting.length >= WAITING_MAX) {
      throw new BillingError('busy', 'Too many people are signing in; try again in a moment.', {
        retryAfterSeconds: 10,
      });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
