import type { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { BillingError } from '../../../domain/errors.ts';

/** Counts kept in the database, for all processes together, by the machine's clock. */
export class RateLimit {
  private readonly limiter: RateLimiterPostgres;
  private readonly points: number;

  constructor(pool: Pool, options: { name: string; points: number; seconds: number }) {
    this.points = options.points;
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

  /**
   * Counts one, or as many as it weighs; throws what `refuse` makes when there were as many as may be.
   * What is heavy is taken as soon as anything may be: the others have as much less.
   */
  async count(
    key: string,
    refuse: (retryAfterSeconds: number) => BillingError,
    weight = 1,
  ): Promise<void> {
    try {
      await this.limiter.consume(key, weight);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const before = refused.consumedPoints - weight;
      // Who is refused from memory is told no number.
      if (refused.consumedPoints > 0 && before < this.points) return;
      throw refuse(refused.msBeforeNext / 1000);
    }
  }

  /** Takes one back. */
  async forgive(key: string): Promise<void> {
    await this.limiter.reward(key, 1);
  }
}
