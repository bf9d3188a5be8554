import type { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { BillingError } from '../../../domain/errors.ts';

/** Counts kept in the database, for all processes together, by the machine's clock. */
export class RateLimit {
  private readonly limiter: RateLimiterPostgres;

  constructor(pool: Pool, options: { name: string; points: number; seconds: number }) {
    this.limiter = new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      // A periodic task forgets what is over.
      clearExpiredByTimeout: false,
      keyPrefix: options.name,
      points: options.points,
      // Who is over the limit is known here and asks the database no more.
      inMemoryBlockOnConsumed: options.points + 1,
      duration: options.seconds,
    });
  }

  /** Counts one; throws what `refuse` makes when there were as many as may be. */
  async count(key: string, refuse: (retryAfterSeconds: number) => BillingError): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw refuse(refused.msBeforeNext / 1000);
    }
  }

  /** Counts one that nothing refuses. */
  async note(key: string): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (over) {
      if (!(over instanceof RateLimiterRes)) throw over;
    }
  }

  /** Takes one back. */
  async forgive(key: string): Promise<void> {
    await this.limiter.reward(key, 1);
  }
}
