import pg from 'pg';
import { isDatabaseAway } from '../../database-error.ts';

/** What the statements of metering need of a connection or a pool. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/** Leaves every column as PostgreSQL's text: ours are arrays, parsed faster by hand. */
export const AS_TEXT = { getTypeParser: () => (value: string) => value };

/**
 * The pool for the hot path: a server that has not answered after `milliseconds` counts as away, its
 * connection is closed, and nobody knows whether what was asked is recorded.
 *
 * A statement that is refused keeps its connection. The pool's own `query` would close it, and with
 * it the prepared statements, at each batch that is not whole or has a key that answered before.
 */
export function withQueryTimeout(pool: pg.Pool, milliseconds: number): Queryable {
  return {
    async query<Row extends pg.QueryResultRow>(config: pg.QueryConfig) {
      const client = await pool.connect();
      try {
        const timed = { ...config, query_timeout: milliseconds };
        const result = await client.query<Row>(timed);
        client.release();
        return result;
      } catch (error) {
        client.release(isRefusal(error) ? undefined : (error as Error));
        throw error;
      }
    },
  };
}

/** The server said no to the statement, and goes on. */
const isRefusal = (error: unknown) => error instanceof pg.DatabaseError && !isDatabaseAway(error);
