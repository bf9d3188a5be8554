import type pg from 'pg';

/** What the statements of metering need of a connection or a pool. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/** Leaves every column as PostgreSQL's text: ours are arrays, parsed faster by hand. */
export const AS_TEXT = { getTypeParser: () => (value: string) => value };

/**
 * The pool for the hot path: a server that has not answered after `milliseconds` counts as away, its
 * connection is closed, and nobody knows whether what was asked is recorded.
 */
export function withQueryTimeout(pool: pg.Pool, milliseconds: number): Queryable {
  return {
    query<Row extends pg.QueryResultRow>(config: pg.QueryConfig) {
      const timed = { ...config, query_timeout: milliseconds };
      return pool.query<Row>(timed);
    },
  };
}
