import { bigint, index, integer, pgTable, text } from 'drizzle-orm/pg-core';

/**
 * Counts of what may be done so often in a time, shared by all processes. The columns are those of
 * `rate-limiter-flexible`, which writes them.
 */
export const rateLimits = pgTable(
  'rate_limits',
  {
    key: text().primaryKey(),
    points: integer().notNull().default(0),
    /** Milliseconds since 1970 by the machine's clock, when the count begins anew. */
    expire: bigint({ mode: 'number' }),
  },
  (t) => [index('rate_limits_expire_idx').on(t.expire)],
);
